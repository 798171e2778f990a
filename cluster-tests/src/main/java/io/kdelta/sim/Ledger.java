package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Oracle O1, kept by the clients: what was acknowledged, what was read, what was refused. At the
 * end every acknowledged or read version must be there, everywhere, and nothing of what was
 * refused.
 *
 * <p>Every write carries a marker of its own in its note, so that it is known again whatever id it
 * got, also when its answer never came.
 */
public final class Ledger {
  private final TreeMap<Digest, String> acknowledged = new TreeMap<>();
  private final TreeMap<Digest, String> read = new TreeMap<>();
  private final TreeMap<String, String> refused = new TreeMap<>();
  private final TreeSet<String> unknown = new TreeSet<>();
  private final TreeSet<String> doubled = new TreeSet<>();
  private long writes;

  /** An empty one. */
  public Ledger() {}

  /** A write was answered OK. */
  public void acknowledged(Digest id, String how) {
    acknowledged.put(id, how);
    writes++;
  }

  /** A version was shown to a reader. */
  public void read(Digest id, String how) {
    read.put(id, how);
  }

  /** A write was refused in a way that says nothing was stored. */
  public void refused(String marker, String how) {
    refused.put(marker, how);
  }

  /** A write whose outcome nobody knows. */
  public void unknown(String marker) {
    unknown.add(marker);
  }

  /**
   * A write of unknown outcome was asked for again where the first may be lost, or unknown. When
   * the node has lost the first version and a peer has not, there are two of equal content
   * (data-model.md section 7).
   */
  public void mayBeTwice(String marker) {
    doubled.add(marker);
  }

  /** Writes that were answered OK. */
  public long acknowledgedCount() {
    return writes;
  }

  /** Writes that were refused. */
  public int refusedCount() {
    return refused.size();
  }

  /** Writes of unknown outcome. */
  public int unknownCount() {
    return unknown.size();
  }

  /**
   * Compares the ledger with the versions that {@code who} holds after everything is quiet.
   *
   * @param markers the notes of those versions, each with how often it stands there
   */
  public void audit(String who, RawGraph graph, SortedMap<String, Integer> markers) {
    audit(who, graph, markers, id -> false);
  }

  /**
   * The same where something was destroyed that nobody else held.
   *
   * @param excused what need not be there
   */
  void audit(
      String who, RawGraph graph, SortedMap<String, Integer> markers, Predicate<Digest> excused) {
    List<String> broken = new ArrayList<>();
    acknowledged.forEach((id, how) -> {
      if (!graph.contains(id) && !excused.test(id))
        broken.add("acknowledged and gone: " + id + " " + how);
    });
    if (!broken.isEmpty()) throw new OracleFailure("O1", who + " lost " + first(broken));
    read.forEach((id, how) -> {
      if (!graph.contains(id) && !excused.test(id)) broken.add("read and gone: " + id + " " + how);
    });
    if (!broken.isEmpty()) throw new OracleFailure("O1", who + " lost " + first(broken));
    refused.forEach((marker, how) -> {
      if (markers.containsKey(marker)) broken.add("refused and there: " + marker + " " + how);
    });
    markers.forEach((marker, count) -> {
      if (count > 1 && !doubled.contains(marker)) {
        broken.add("written " + count + " times: " + marker);
      }
    });
    if (!broken.isEmpty()) throw new OracleFailure("ACK-TRUTH", who + ": " + first(broken));
  }

  private static String first(List<String> broken) {
    return broken.size()
        + " of them\n"
        + String.join("\n", broken.subList(0, Math.min(10, broken.size())));
  }
}
