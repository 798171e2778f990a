package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.Position;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.DotSummary;
import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * Positions as a session carries them, and which of a peer's are worth adopting. Stateless.
 *
 * <p>A session that ended with equal roots proves that everything the peer had at its snapshot is
 * in the set here too; so every position it held then is the place of a version that is held here,
 * and need not be asked for.
 */
final class Adoption {
  /** Ranges told per writer; the later ones are adopted once the first are filled. */
  private static final int RUNS_MAX = 1 << 16;

  private Adoption() {}

  /**
   * The positions of everything in the set now; disputed logs are left out.
   *
   * @param equal logs of which the peer is known to hold the same: these, too
   */
  static DotSummary summary(Replica replica, SortedSet<Incarnation> equal) {
    List<Writer> writers = new ArrayList<>();
    for (Incarnation incarnation : replica.incarnations()) {
      if (equal.contains(incarnation)) continue;
      Optional<Position> position = replica.position(incarnation);
      if (position.isEmpty() || position.get().disputed()) continue;
      List<Run> runs = new ArrayList<>();
      for (Intervals.Range range : inSet(position.get()).ranges()) {
        if (runs.size() == RUNS_MAX) break;
        runs.add(new Run(range.first(), range.last()));
      }
      if (runs.isEmpty()) continue;
      Optional<Digest> chain = replica.chain(incarnation, runs.getLast().last());
      Name name = new Name(incarnation.high(), incarnation.low());
      writers.add(new Writer(name, chain.map(Adoption::prefix).orElse(0), runs));
    }
    return new DotSummary(writers);
  }

  /**
   * What of a peer's positions is not held here. Left out are logs with another chain than here
   * (two histories under one name: streams must not skip a thing of either) and the log that this
   * process writes.
   */
  static SortedMap<Incarnation, Intervals> lacking(Replica replica, DotSummary peer) {
    SortedMap<Incarnation, Intervals> lacking = new TreeMap<>();
    for (Writer writer : peer.writers()) {
      Name name = writer.incarnation();
      Incarnation incarnation = new Incarnation(name.high(), name.low());
      if (replica.own().filter(incarnation::equals).isPresent()) continue;
      Optional<Position> position = replica.position(incarnation);
      if (position.isPresent() && position.get().disputed()) continue;
      Optional<Digest> chain = replica.chain(incarnation, writer.runs().getLast().last());
      boolean known = writer.chainPrefix() != 0 && chain.isPresent();
      if (known && prefix(chain.get()) != writer.chainPrefix()) continue;
      Intervals news = told(writer).minus(position.map(Adoption::inSet).orElse(Intervals.EMPTY));
      if (!news.isEmpty()) lacking.put(incarnation, news);
    }
    return lacking;
  }

  private static Intervals inSet(Position position) {
    return position.applied().union(position.adopted());
  }

  private static Intervals told(Writer writer) {
    List<Intervals.Range> ranges = new ArrayList<>();
    for (Run run : writer.runs()) ranges.add(new Intervals.Range(run.first(), run.last()));
    return new Intervals(ranges);
  }

  private static int prefix(Digest chain) {
    return (int) (chain.first() >>> 32);
  }
}
