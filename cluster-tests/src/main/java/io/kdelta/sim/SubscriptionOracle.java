package io.kdelta.sim;

import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.core.Reply;
import io.kdelta.core.WatchFrom;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * SUB: a watcher that goes on with its token, over restarts and on other nodes, is told every
 * version of its scope at least once, parents before children. At the end, when all nodes hold the
 * same, each watcher goes on to the end of what there is, at the node that it knows and at another
 * one; by then it was told
 *
 * <ul>
 *   <li>from the start: everything of its scope;
 *   <li>with a snapshot: all heads that are no deletes;
 *   <li>in any case everything that is built on a version that it was told, unless a snapshot began
 *       again elsewhere and it was told what supersedes that.
 * </ul>
 */
final class SubscriptionOracle implements Oracle {
  private static final long PATIENCE_NANOS = 100_000_000L;

  private final World world;
  private boolean lies;
  private long looks;

  SubscriptionOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    if (!(ask.request() instanceof Request.Watch watch)) return;
    looks++;
    Watchers.Watcher watcher = world.clients().watchers().of(ask.client(), watch);
    switch (outcome.error()) {
      case KdeltaException.Invalid e -> throw failure(watcher, "its own token is refused: " + e);
      case null, default -> {
        // It asks again, here or elsewhere.
      }
    }
  }

  /**
   * A peer that lies about places in the logs of others can make a node take one version for
   * another, and a watcher that goes on elsewhere pass over the true one, or hear late of one that
   * has no place there (ARCHITECTURE.md).
   */
  @Override
  public void acted(Action action) {
    lies |= action instanceof Action.Lies;
  }

  @Override
  public void quiet(List<Audit> audits) {
    RawGraph graph = audits.getFirst().graph();
    List<SimNode> standing = world.standing();
    for (Watchers.Watcher watcher : world.clients().watchers().all()) {
      if (!watcher.begun()) continue;
      // Each as it was when the clients stopped.
      goOn(watcher, standing.getFirst(), graph);
      if (standing.size() > 1) goOn(watcher, standing.getLast(), graph);
    }
  }

  private void goOn(Watchers.Watcher watcher, SimNode node, RawGraph graph) {
    try {
      hold(watcher, withRest(watcher, node), graph);
    } catch (KdeltaException.Behind lost) {
      // In the middle of a snapshot of what nobody has any more.
      if (world.atlas().losses().isEmpty()) throw failure(watcher, "can not go on: " + lost);
    }
  }

  /** All that a watcher was told, and what that node tells it when it goes on there. */
  private List<Envelope> withRest(Watchers.Watcher watcher, SimNode node) {
    List<Envelope> all = new ArrayList<>(watcher.told());
    var question = watcher.question();
    while (true) {
      Reply.Changes changes = (Reply.Changes) world.asker().ask(node, question, PATIENCE_NANOS);
      all.addAll(changes.versions());
      question = watcher.watch().command(new WatchFrom.Token(changes.token()));
      if (changes.current()) return all;
    }
  }

  private void hold(Watchers.Watcher watcher, List<Envelope> told, RawGraph graph) {
    looks++;
    boolean start = watcher.watch().from() == Request.Watch.From.START;
    TreeSet<Digest> known = new TreeSet<>();
    TreeSet<Digest> first = new TreeSet<>();
    TreeSet<Digest> doubtful = new TreeSet<>();
    for (Envelope one : told) {
      first.add(one.version().id());
      if (lies && isDoubtful(one)) doubtful.add(one.version().id());
    }
    for (Envelope one : told) {
      if (!watcher.watch().holds(Model.path(one))) {
        throw failure(watcher, "out of scope: " + Model.path(one));
      }
      if (world.atlas().mayMiss(Model.path(one))) continue;
      for (Digest parent : one.version().parents()) {
        if (known.contains(parent) || !(start || first.contains(parent))) continue;
        if (doubtful.contains(parent) || doubtful.contains(one.version().id())) continue;
        throw failure(watcher, one.version().id() + " came before its parent " + parent);
      }
      known.add(one.version().id());
    }
    if (lies) return;
    for (String path : graph.keys()) {
      if (!watcher.watch().holds(path) || world.atlas().mayMiss(path)) continue;
      for (RawGraph.Raw version : graph.versions(path)) {
        if (!first.contains(version.id()) && owed(watcher, version, graph, first)) {
          throw failure(watcher, "never told of " + version);
        }
      }
    }
  }

  /**
   * Whether the place of a version was lost to another, or lies in a log of which a place was
   * claimed for another: once nodes know of that, no token names what is in the log, and what a
   * snapshot left out there may be told behind what superseded it.
   */
  private boolean isDoubtful(Envelope one) {
    if (one.dots().isEmpty()) return true;
    NavigableSet<Dot> claimed = world.liar().claimed();
    return one.dots().stream()
        .anyMatch(dot -> claimed.stream().anyMatch(c -> c.incarnation().equals(dot.incarnation())));
  }

  private static boolean owed(
      Watchers.Watcher watcher, RawGraph.Raw version, RawGraph graph, Set<Digest> told) {
    boolean follows = false;
    for (Digest parent : version.parents()) follows |= told.contains(parent);
    // A snapshot that began again elsewhere leaves out what is superseded there.
    boolean snapshot = watcher.watch().from() == Request.Watch.From.SNAPSHOT;
    if (follows && !(snapshot && superseded(version, graph, told))) return true;
    return switch (watcher.watch().from()) {
      case START -> true;
      case SNAPSHOT -> !version.deleted() && graph.heads(version.path()).contains(version);
      case NOW -> false;
    };
  }

  private static boolean superseded(RawGraph.Raw version, RawGraph graph, Set<Digest> told) {
    for (RawGraph.Raw child : graph.versions(version.path())) {
      if (!child.parents().contains(version.id())) continue;
      if (told.contains(child.id()) || superseded(child, graph, told)) return true;
    }
    return false;
  }

  private static OracleFailure failure(Watchers.Watcher watcher, String what) {
    return new OracleFailure("SUB", watcher.name() + ": " + what);
  }
}
