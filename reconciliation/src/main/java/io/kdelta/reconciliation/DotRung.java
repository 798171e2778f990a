package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The rung of dots: what both sides tell of their positions, and what follows from it.
 *
 * <p>Owned by one session, on its thread. Writers whose chains differ at an equal position are two
 * histories under one name: they are left out here, noted, and healed by the other rungs. A peer's
 * positions are a claim: what they leave undone the closing root check finds.
 */
final class DotRung {
  private static final double OFF_BY = 1.25;
  private static final double PART = 0.5;

  private final Limits limits;
  private final boolean initiator;
  private DotSummary mine = DotSummary.NONE;
  private Snapshot.Places places = (name, run) -> List.of();
  private @Nullable SharedDots base;

  /** What the peer has told in this session. */
  private DotSummary told = DotSummary.NONE;

  /** What the peer holds as far as it is known; null when it told in terms of an unknown base. */
  private @Nullable DotSummary theirs;

  /** Whether the peer knows what this side holds. */
  private boolean isUnderstood = true;

  private boolean isKnown;
  private List<Name> forked = List.of();

  DotRung(Limits limits, boolean initiator) {
    this.limits = limits;
    this.initiator = initiator;
  }

  /** What this side holds when the session begins. */
  void take(Snapshot snapshot) {
    mine = fitting(snapshot.dots());
    places = snapshot.places();
    base = snapshot.base().orElse(null);
  }

  /** What this side says of its positions. */
  DotReport report() {
    return DotReport.of(mine, base, isKnown ? fit(known()) : DotSummary.NONE);
  }

  /** What the peer says of its own. */
  void hear(DotReport report) {
    DotSummary heard = report.told(base, mine);
    boolean isWhole = report.base().isEmpty() && !report.isEmpty();
    if (heard == null) {
      base = null;
      isKnown = false;
      isUnderstood = initiator;
      return;
    }
    told = heard;
    isKnown = true;
    if (isWhole) {
      // Who tells all by name has no base; what was said in terms of it was not understood.
      if (initiator) isUnderstood = base == null;
      theirs = heard;
      base = null;
    } else {
      theirs = heard.over(base == null ? DotSummary.NONE : base.theirs());
    }
    forked = mine.forks(theirs);
  }

  /** The base is worth nothing any more. */
  void forget() {
    base = null;
    isKnown = false;
  }

  /** Whether both shared their positions before, and these differ now. */
  boolean isShared() {
    return base != null && differences() > 0;
  }

  /** Whether the positions make a difference of about so many ids plausible. */
  boolean explains(double ids) {
    double positions = (double) differences();
    return isUnderstood && positions > 0 && positions >= PART * ids && positions <= OFF_BY * ids;
  }

  /** The ids of {@code set} at positions that the peer does not hold: all, or the first share. */
  DotShare lackedByPeer(MerkleTree set) {
    return DotShare.of(fit(mine).minus(fit(known())), places, set, limits.pushesMax());
  }

  /** What the peer has told in this session, for adoption. */
  DotSummary told() {
    return told;
  }

  /** What the next session may refer to. */
  Optional<SharedDots> nextBase() {
    DotSummary all = theirs;
    if (!isKnown || !isUnderstood || all == null) return Optional.empty();
    if (mine.isEmpty() && all.isEmpty()) return Optional.empty();
    return Optional.of(new SharedDots(mine, all));
  }

  /** Writers with two histories. */
  List<Name> forked() {
    return forked;
  }

  private long differences() {
    if (!isKnown) return 0;
    DotSummary here = fit(mine);
    DotSummary there = fit(known());
    return here.minus(there).count() + there.minus(here).count();
  }

  private DotSummary known() {
    DotSummary all = theirs;
    return all == null ? DotSummary.NONE : all;
  }

  private DotSummary fit(DotSummary summary) {
    return summary.without(forked);
  }

  /**
   * As much of {@code dots} as a message has room for; what is left out is only asked for again.
   */
  private DotSummary fitting(DotSummary dots) {
    List<Writer> writers = new ArrayList<>();
    int room = limits.frameBytesMax() / 4;
    for (Writer writer : dots.writers()) {
      int size = DotCodec.size(writer);
      if (size > room || writers.size() == limits.writersMax()) continue;
      room -= size;
      writers.add(writer);
    }
    return new DotSummary(writers);
  }
}
