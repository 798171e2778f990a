package io.kdelta.sim;

import io.kdelta.causal.Key;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.document.Moment;
import io.kdelta.error.KdeltaException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Looks at a world for what a scenario expects, at once or within a time. */
final class Expectations {
  private static final long POLL_NANOS = 100_000_000L;

  private final World world;

  Expectations(World world) {
    this.world = world;
  }

  /**
   * Waits until it holds.
   *
   * @throws OracleFailure SCENARIO, with what was seen last, when it does not within that time
   */
  void check(Action.Expect expected) {
    long deadline = world.nowNanos() + expected.withinNanos();
    while (true) {
      String seen = seen(expected.what());
      if (seen.isEmpty()) return;
      if (world.nowNanos() >= deadline) {
        throw new OracleFailure("SCENARIO", ActionWriter.write(expected) + ", but " + seen);
      }
      world.simulator().runUntil(Math.min(deadline, world.nowNanos() + POLL_NANOS));
    }
  }

  /** Empty when it holds. */
  private String seen(Expectation expectation) {
    try {
      return switch (expectation) {
        case Expectation.Heads e -> number("heads", heads(e.node(), e.path()), e.count());
        case Expectation.Value e -> {
          String value = value(e.node(), e.path());
          yield value.equals(e.document()) ? "" : "it is " + value;
        }
        case Expectation.Absent e -> {
          String value = value(e.node(), e.path());
          yield value.isEmpty() ? "" : "it is " + value;
        }
        case Expectation.Conflicts e ->
            number("conflicts", subject(e.node()).conflicts().size(), e.count());
        case Expectation.Versions e -> atLeast(subject(e.node()).counts().versions(), e.count());
        case Expectation.Acknowledged e -> atLeast(world.ledger().acknowledgedCount(), e.count());
        case Expectation.Queued e -> {
          long most = world.network().mostFramesOnWay(e.node());
          yield most < e.bytes() ? "" : "there were " + most + " bytes of frames";
        }
        case Expectation.Roots e -> roots(e);
        case Expectation.Up e -> {
          boolean up = world.nodes().get(e.node()).up();
          yield up == e.up() ? "" : "it is " + (up ? "up" : "down");
        }
        case Expectation.ReadOnly e -> {
          String reason = status(e.node()).readOnly();
          yield reason.isEmpty() != e.readOnly() ? "" : "its reason is '" + reason + "'";
        }
        case Expectation.Recovery e -> recovery(status(e.node()).recovery(), e.text());
        case Expectation.Said e -> {
          List<String> said = world.nodes().get(e.node()).said();
          yield said.stream().anyMatch(text -> text.contains(e.text())) ? "" : "it said " + said;
        }
      };
    } catch (KdeltaException refused) {
      return "the answer was " + refused;
    }
  }

  private static String number(String what, long seen, long expected) {
    return seen == expected ? "" : "there are " + seen + " " + what;
  }

  private static String atLeast(long seen, long expected) {
    return seen >= expected ? "" : "there are " + seen;
  }

  private static String recovery(List<String> notes, String text) {
    if (text.isEmpty()) {
      boolean damaged = notes.stream().anyMatch(note -> note.startsWith("set aside"));
      return damaged ? "it notes " + notes : "";
    }
    return notes.stream().anyMatch(note -> note.contains(text)) ? "" : "it notes " + notes;
  }

  private String roots(Expectation.Roots expected) {
    List<SimNode> nodes = new ArrayList<>();
    for (int index : expected.nodes()) nodes.add(world.nodes().get(index));
    if (nodes.isEmpty()) nodes.addAll(world.standing());
    TreeSet<String> roots = new TreeSet<>();
    for (SimNode node : nodes) {
      if (!node.up()) return World.name(node.index()) + " is down";
      roots.add(subject(node.index()).root().toString());
    }
    return (roots.size() == 1) == expected.equal() ? "" : "the roots are " + roots;
  }

  private CoreSubject subject(int node) {
    SimNode asked = world.nodes().get(node);
    if (!asked.up()) throw new KdeltaException.Unreachable(List.of(World.name(node)));
    return world.subject(asked);
  }

  private Reply.Status status(int node) {
    return (Reply.Status) subject(node).ask().apply(new Command.AdminStatus());
  }

  private int heads(int node, String path) {
    Key key = Request.key(path);
    return subject(node).heads(key.namespace(), key.key()).size();
  }

  /** What a client of the node hears, whoever of them knows it. */
  private Reply answer(CoreSubject asked, Command command) {
    try {
      return asked.ask().apply(command);
    } catch (KdeltaException.Behind behind) {
      if (behind.elsewhere().isEmpty()) throw behind;
      SimNode other = world.at(behind.elsewhere().getFirst()).filter(SimNode::up).orElse(null);
      if (other == null) throw behind;
      return world.subject(other).ask().apply(command);
    }
  }

  /** The document that a read shows; empty for none. */
  private String value(int node, String path) {
    Command get = new Command.Get(Request.key(path), new Moment.Latest());
    try {
      Reply.Value value = (Reply.Value) answer(subject(node), get);
      return new String(value.version().document().toArray(), StandardCharsets.UTF_8);
    } catch (KdeltaException.NotFound absent) {
      return "";
    }
  }
}
