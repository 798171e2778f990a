package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What witnesses were told about keys, kept until the graph is known: no answer may contradict
 * ({@link Saying}) what the same witness was told of the key before it asked. A witness is whoever
 * must never be told less than it knew: a session that carries its token, a client at one node, a
 * node itself. One thread at a time.
 */
public final class Testimony {
  private final String oracle;

  /** Answers by witness and key. */
  private final TreeMap<Of, List<Heard>> answers = new TreeMap<>();

  private record Of(String witness, String path) implements Comparable<Of> {
    @Override
    public int compareTo(Of other) {
      int order = witness.compareTo(other.witness);
      return order != 0 ? order : path.compareTo(other.path);
    }
  }

  /** One answer about one key. */
  private record Heard(String where, long asked, long answered, Saying saying) {}

  /**
   * @param oracle the promise that a contradiction breaks
   */
  public Testimony(String oracle) {
    this.oracle = oracle;
  }

  /**
   * A witness was answered.
   *
   * @param where for the report: who answered
   * @param asked when, on the clock of the witness
   * @param answered when, on the same
   */
  public void heard(String witness, String where, long asked, long answered, Saying saying) {
    answers
        .computeIfAbsent(new Of(witness, saying.path()), of -> new ArrayList<>())
        .add(new Heard(where, asked, answered, saying));
  }

  /**
   * Holds every answer against those before it; answers how many were held.
   *
   * @throws OracleFailure naming the first that contradicts one
   */
  public long check(RawGraph graph) {
    return check(graph, path -> false, id -> false);
  }

  /**
   * The same where versions were destroyed, or somebody has lied about them.
   *
   * @param unknown keys of which the graph may lack versions: what an answer is built on is not
   *     known there
   * @param unnamed versions that no token names, whoever has seen them
   */
  long check(RawGraph graph, Predicate<String> unknown, Predicate<Digest> unnamed) {
    TreeMap<String, Lineage> lineages = new TreeMap<>();
    long looks = 0;
    for (var entry : answers.entrySet()) {
      String path = entry.getKey().path;
      if (unknown.test(path)) continue;
      Lineage lineage = lineages.computeIfAbsent(path, key -> new Lineage(graph.versions(key)));
      hold(entry.getKey(), lineage, entry.getValue(), unnamed);
      looks += entry.getValue().size();
    }
    return looks;
  }

  private void hold(Of of, Lineage lineage, List<Heard> answered, Predicate<Digest> unnamed) {
    List<Heard> inOrder = new ArrayList<>(answered);
    inOrder.sort(Comparator.comparingLong(Heard::answered));
    Lineage.Known known = lineage.nothing();
    for (Heard heard : inOrder) {
      Digest broken = heard.saying.contradicts(lineage, known, heard.asked);
      if (broken != null) {
        throw new OracleFailure(
            oracle, of.witness + " knew " + broken + " of " + of.path + ", then heard " + heard);
      }
      known.add(
          heard.answered, heard.saying.ids().stream().filter(Predicate.not(unnamed)).toList());
    }
  }
}
