package io.kdelta.process;

import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.ClusterConfig;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.Ledger;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the clients of a cluster of processes asked and were told: the simulator's {@link Ledger}
 * (O1, ACK-TRUTH), how many nodes can have had what was acknowledged (O1 at its level), and what a
 * client knew of a key when a node that had told it answered again (O5). Thread-safe.
 */
final class ClientHistory {
  /** Of a key, a client remembers so many of the versions that a node told it last. */
  private static final int KNOWN_MAX = 4;

  private final int nodes;
  private final Deafness deafness;
  private final Ledger ledger = new Ledger();
  private final TreeMap<String, Integer> outcomes = new TreeMap<>();
  private final TreeMap<Integer, Integer> byNode = new TreeMap<>();
  private final Map<String, ArrayDeque<Digest>> known = new LinkedHashMap<>();
  private final List<Observation> observations = new ArrayList<>();

  /** A client knew these versions of the key when it was answered these heads. */
  private record Observation(String who, String path, List<Digest> known, List<Digest> heads) {}

  ClientHistory(int nodes, Deafness deafness) {
    this.nodes = nodes;
    this.deafness = deafness;
  }

  /**
   * A write was acknowledged.
   *
   * @param node that did it
   * @param askedNanos when it was asked for
   * @throws OracleFailure O1 when fewer nodes can have it than the level names
   */
  synchronized void acknowledged(
      int node, AckLevel level, long askedNanos, List<Digest> ids, String how) {
    int further = level.further(Math.min(ClusterConfig.BACKUPS, nodes - 1));
    int hearing = nodes - 1 - deafness.count(askedNanos, node);
    if (node < nodes && hearing < further) {
      throw new OracleFailure(
          "O1",
          level
              + " acknowledged for "
              + further
              + " further nodes while only "
              + hearing
              + " could receive anything: "
              + how);
    }
    for (Digest id : ids) ledger.acknowledged(id, level + " " + how);
    byNode.merge(node, 1, Integer::sum);
    count("acknowledged " + level);
  }

  /** How many writes that node has acknowledged. */
  synchronized long acknowledgedBy(int node) {
    return byNode.getOrDefault(node, 0);
  }

  synchronized void refused(List<String> markers, String reason, String how) {
    for (String marker : markers) ledger.refused(marker, reason + " " + how);
    count("refused " + reason);
  }

  synchronized void unknown(List<String> markers, String reason) {
    for (String marker : markers) ledger.unknown(marker);
    count("unknown " + reason);
  }

  synchronized void retried(List<String> markers) {
    for (String marker : markers) ledger.mayBeTwice(marker);
    count("retried");
  }

  synchronized void readFailed(String reason) {
    count("read failed " + reason);
  }

  /** A version was shown. */
  synchronized void read(Digest id, String how) {
    ledger.read(id, how);
    count("read");
  }

  /** What {@code session} (a client at a node) knows of the key. */
  synchronized List<Digest> known(String session, String path) {
    ArrayDeque<Digest> told = known.get(session + " " + path);
    return told == null ? List.of() : List.copyOf(told);
  }

  /** {@code session} was told of a version of the key. */
  synchronized void learned(String session, String path, Digest id) {
    ArrayDeque<Digest> told = known.computeIfAbsent(session + " " + path, _ -> new ArrayDeque<>());
    if (told.contains(id)) return;
    told.add(id);
    if (told.size() > KNOWN_MAX) told.removeFirst();
  }

  /** A client that knew these versions was answered all heads of the key. */
  synchronized void observed(String session, String path, List<Digest> before, List<Digest> heads) {
    if (!before.isEmpty()) observations.add(new Observation(session, path, before, heads));
  }

  private void count(String outcome) {
    outcomes.merge(outcome, 1, Integer::sum);
  }

  synchronized long acknowledgedCount() {
    return ledger.acknowledgedCount();
  }

  /** What came of all requests, each kind with how often. */
  synchronized SortedMap<String, Integer> outcomes() {
    return new TreeMap<>(outcomes);
  }

  /** O1 and ACK-TRUTH over what {@code who} holds when all is quiet. */
  synchronized void audit(String who, RawGraph graph, SortedMap<String, Integer> markers) {
    ledger.audit(who, graph, markers);
  }

  /**
   * O5, as far as sessions exist without tokens: a node that told a client of a version never again
   * answers it a state of the key that does not contain it. Answers how many answers were held
   * against it.
   *
   * @param versions all versions of all nodes
   */
  synchronized int sessions(Map<Digest, RawGraph.Raw> versions) {
    for (Observation seen : observations) {
      TreeSet<Digest> reached = new TreeSet<>(seen.heads);
      ArrayDeque<Digest> open = new ArrayDeque<>(seen.heads);
      while (!open.isEmpty()) {
        RawGraph.Raw version = versions.get(open.remove());
        if (version == null) continue;
        for (Digest parent : version.parents()) if (reached.add(parent)) open.add(parent);
      }
      for (Digest id : seen.known) {
        if (!reached.contains(id)) {
          throw new OracleFailure(
              "O5", seen.who + " knew " + id + " of " + seen.path + " and was shown " + seen.heads);
        }
      }
    }
    return observations.size();
  }
}
