package io.kdelta.sim;

import io.kdelta.core.Reply;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * DRAIN: a node that was asked to stop acknowledges no write that comes afterwards, and when it
 * says that others hold everything, the disks of others give back all that it has acknowledged in
 * this life, as they would be if the power failed now.
 */
final class DrainOracle implements Oracle {
  /** What one process has acknowledged. */
  private static final class Life {
    final int number;
    final TreeMap<Digest, String> acknowledged = new TreeMap<>();
    boolean draining;

    Life(int number) {
      this.number = number;
    }
  }

  private final World world;
  private final DurabilityProbe probe;
  private final TreeMap<Integer, Life> lives = new TreeMap<>();

  /** Requests that came behind the word to stop; two equal ones are two. */
  private final List<Action.Ask> late = new ArrayList<>();

  private long looks;

  DrainOracle(World world) {
    this.world = world;
    this.probe = new DurabilityProbe(world.chance("drain probe"), world.setup().storage());
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void acted(Action action) {
    if (action instanceof Action.Drain drain) {
      SimNode node = world.node(drain);
      if (node.up()) life(node).draining = true;
    }
  }

  @Override
  public void asked(Action.Ask ask, SimNode node) {
    if (life(node).draining) late.add(ask);
  }

  @SuppressWarnings("ReferenceEquality") // An equal request that came in time is another one.
  private boolean taken(Action.Ask ask) {
    return late.removeIf(one -> one == ask);
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    if (!taken(ask)) return;
    if (!(outcome.reply() instanceof Reply.Written written)) return;
    throw new OracleFailure(
        "DRAIN",
        World.name(ask.node())
            + " was asked to stop, and took "
            + written.versions().size()
            + " versions that came later");
  }

  @Override
  public void acknowledged(SimNode node, Reply.Written written) {
    for (Reply.Written.Result result : written.versions()) {
      life(node).acknowledged.put(result.version().id(), result.version().key().toString());
    }
  }

  @Override
  public void drained(SimNode node, boolean shipped) {
    if (!shipped || world.nodes().stream().anyMatch(SimNode::struck)) return;
    looks++;
    TreeMap<Digest, String> missing = new TreeMap<>(life(node).acknowledged);
    probe.leaveOnlyOn(node, world.nodes(), missing);
    if (missing.isEmpty()) return;
    throw new OracleFailure(
        "DRAIN",
        World.name(node.index()) + " says that others hold everything; nobody has " + missing);
  }

  private Life life(SimNode node) {
    Life known = lives.get(node.index());
    if (known == null || known.number != node.life()) {
      known = new Life(node.life());
      lives.put(node.index(), known);
    }
    return known;
  }
}
