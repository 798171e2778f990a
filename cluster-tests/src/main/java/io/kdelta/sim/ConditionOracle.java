package io.kdelta.sim;

import io.kdelta.core.Reply;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import java.util.TreeMap;

/**
 * A condition held where it was checked (O4): a write that was to happen only where there is no
 * value stands over no value. Its parents are the heads that the node had, so once the graph is
 * known they tell. On two nodes at once a condition may hold twice: that is a branch.
 */
final class ConditionOracle implements Oracle {
  /** Versions that a write can name as parents: with more heads it does not tell all. */
  private static final int PARENTS_MAX = 64;

  private final World world;

  /** What was written under {@code if_absent}, with the node that said so. */
  private final TreeMap<Digest, String> written = new TreeMap<>();

  private long looks;

  ConditionOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    boolean conditional = ask.request() instanceof Request.Put put && put.ifAbsent();
    if (!conditional || !(outcome.reply() instanceof Reply.Written reply)) return;
    looks++;
    for (Reply.Written.Result result : reply.versions()) {
      written.put(result.version().id(), World.name(ask.node()));
    }
  }

  @Override
  public void quiet(List<Audit> audits) {
    RawGraph graph = audits.getFirst().graph();
    for (String path : graph.keys()) {
      TreeMap<Digest, RawGraph.Raw> known = new TreeMap<>();
      for (RawGraph.Raw version : graph.versions(path)) known.put(version.id(), version);
      for (RawGraph.Raw version : known.values()) {
        String node = written.get(version.id());
        if (node == null || version.parents().size() >= PARENTS_MAX) continue;
        for (Digest parent : version.parents()) {
          RawGraph.Raw below = known.get(parent);
          if (below == null || below.deleted()) continue;
          throw new OracleFailure(
              "O4",
              node
                  + " wrote "
                  + version.id()
                  + " to "
                  + path
                  + " if absent, over the value "
                  + parent
                  + " at "
                  + world.nowNanos());
        }
      }
    }
  }
}
