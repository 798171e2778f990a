package io.kdelta.process;

import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.ClusterConfig;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.IfAbsent;
import io.kdelta.sim.Ledger;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import io.kdelta.sim.Saying;
import io.kdelta.sim.Testimony;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the clients of a cluster of processes asked and were told: the simulator's {@link Ledger}
 * (O1, ACK-TRUTH), how many nodes can have had what was acknowledged (O1 at its level), every
 * answer about a key with what its client and its node knew (O3, O5), and what was written under a
 * condition (O4). Thread-safe.
 */
final class ClientHistory {
  private final int nodes;
  private final Deafness deafness;
  private final Ledger ledger = new Ledger();
  private final TreeMap<String, Integer> outcomes = new TreeMap<>();
  private final TreeMap<Integer, Integer> byNode = new TreeMap<>();

  /** Of every node with its disk: what it has told anybody it does not take back. */
  private final Testimony nodesSaid = new Testimony("O3");

  /** Of every client at one node: without a token the node alone has to remember. */
  private final Testimony clientsHeard = new Testimony("O5");

  /** Of every session that carries its token from node to node. */
  private final Testimony sessionsHeard = new Testimony("O5");

  private final IfAbsent ifAbsent = new IfAbsent();

  /**
   * Answers that were held against the history.
   *
   * @param atNodes against what the node had told the same client, and anybody
   * @param inSessions against what the session had been told anywhere
   * @param conditions writes under a condition that were held against what they stand on
   */
  record Held(long atNodes, long inSessions, int conditions) {}

  ClientHistory(int nodes, Deafness deafness) {
    this.nodes = nodes;
    this.deafness = deafness;
  }

  /**
   * A write was acknowledged.
   *
   * @param node that did it
   * @param askedNanos since when it can have been received elsewhere
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

  /**
   * An answer said something of a key.
   *
   * @param place the node that answered, with its disk
   * @param session whose token the request carried; empty when it carried none
   */
  synchronized void heard(
      String client, String place, String session, long asked, long answered, Saying saying) {
    nodesSaid.heard(place, client, asked, answered, saying);
    clientsHeard.heard(client + " at " + place, place, asked, answered, saying);
    if (!session.isEmpty()) sessionsHeard.heard(session, place, asked, answered, saying);
  }

  /** A node wrote versions where it said that there was no value. */
  synchronized void wroteIfAbsent(List<Digest> ids, String how) {
    for (Digest id : ids) ifAbsent.wrote(id, how);
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
   * O3 and O5 over all answers, and the conditions (O4).
   *
   * @param graph what all nodes hold at the end
   */
  synchronized Held check(RawGraph graph) {
    long inSessions = sessionsHeard.check(graph);
    long atNodes = clientsHeard.check(graph);
    var _ = nodesSaid.check(graph);
    return new Held(atNodes, inSessions, ifAbsent.check(graph));
  }
}
