package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.util.TreeMap;

/**
 * Writes that were to happen only where there is no value, kept until the graph is known (O4): none
 * of them stands over a value. The parents of a version are the heads that the node had, so they
 * tell. On two nodes at once the condition may hold twice: that is a branch. One thread at a time.
 */
public final class IfAbsent {
  /** Versions that a write can name as parents: with more heads it does not tell all. */
  private static final int PARENTS_MAX = 64;

  /** With the node that said so. */
  private final TreeMap<Digest, String> written = new TreeMap<>();

  /** None yet. */
  public IfAbsent() {}

  /** A node said that it wrote the version where there was no value. */
  public void wrote(Digest id, String node) {
    written.put(id, node);
  }

  /**
   * Looks at what all of them stand on; answers how many there are.
   *
   * @throws OracleFailure naming the first that stands over a value
   */
  public int check(RawGraph graph) {
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
                  + parent);
        }
      }
    }
    return written.size();
  }
}
