package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import org.jspecify.annotations.Nullable;

/**
 * How far one incarnation's log is held: what its position rows add up to.
 *
 * <p>Owner: the store; changed only when a batch was applied. Invariant: parked positions are
 * received ones; the chain value is that of a gapless run from position 1, the longest one unless
 * the log {@link #lags}.
 */
final class LogState {
  private final Incarnation incarnation;
  private final IntervalSet received = new IntervalSet();
  private final IntervalSet parked = new IntervalSet();
  private Intervals adopted = Intervals.EMPTY;
  private NodeId node = NodeId.NONE;
  private boolean disputed;
  private Chain chain;
  private long filledLsn;

  /** What {@link #position} answers until the next change: it is asked for far more often. */
  private @Nullable Position position;

  /** The chain value behind a gapless run from position 1. */
  record Chain(long seq, Digest value) {
    static Chain start(Incarnation incarnation) {
      return new Chain(0, Distinction.chainStart(incarnation));
    }

    Chain then(Digest id) {
      return new Chain(seq + 1, Distinction.chain(value, id));
    }
  }

  /** What a batch did to one place in a log. */
  enum Change {
    /** Its version is visible. */
    VISIBLE,
    /** Its version waits as a row. */
    PARKED,
    /** Its row is gone. */
    GONE
  }

  LogState(Incarnation incarnation) {
    this.incarnation = incarnation;
    this.chain = Chain.start(incarnation);
  }

  /** The batch {@code lsn} did that. */
  void change(long seq, Change change, long lsn) {
    position = null;
    switch (change) {
      case VISIBLE -> {
        if (received.lastUpTo(Long.MAX_VALUE - 1) >= seq) filledLsn = lsn;
        received.add(seq, seq);
        parked.remove(seq);
      }
      case PARKED -> {
        received.add(seq, seq);
        parked.add(seq, seq);
      }
      case GONE -> {
        received.remove(seq);
        parked.remove(seq);
      }
    }
  }

  /** The batch {@code lsn} showed versions at all of these places, of which none was held. */
  void show(long first, long last, long lsn) {
    position = null;
    if (received.lastUpTo(Long.MAX_VALUE - 1) >= first) filledLsn = lsn;
    received.add(first, last);
  }

  /** Whether nothing lies at any of these places. */
  boolean lacks(long first, long last) {
    return received.lacks(first, last);
  }

  /** Whether the chain could be carried on over what is held. */
  boolean lags() {
    return !disputed && received.contains(chain.seq() + 1);
  }

  /** The last position of the gapless run from 1; 0 for none. */
  long prefix() {
    return received.prefix();
  }

  /** Versions that are visible or waiting lie at all of these places. */
  void receive(long first, long last) {
    position = null;
    received.add(first, last);
  }

  void adopt(Intervals positions) {
    position = null;
    adopted = adopted.union(positions);
  }

  void belongTo(NodeId owner) {
    position = null;
    node = owner;
  }

  void dispute() {
    position = null;
    disputed = true;
  }

  void chain(Chain reached) {
    position = null;
    chain = reached;
  }

  Incarnation incarnation() {
    return incarnation;
  }

  NodeId node() {
    return node;
  }

  Intervals adopted() {
    return adopted;
  }

  boolean disputed() {
    return disputed;
  }

  Chain chain() {
    return chain;
  }

  /** Whether nothing was ever held of it. */
  boolean empty() {
    return !disputed && received.isEmpty() && chain.seq() == 0;
  }

  /** Whether any row tells of this log: its positions may all have been taken back. */
  boolean told() {
    return disputed || !received.isEmpty() || !adopted.isEmpty() || !node.equals(NodeId.NONE);
  }

  /** Whether versions that are in the set lie at all of these places. */
  boolean holds(Intervals places) {
    boolean rows = true;
    for (Intervals.Range range : places.ranges()) {
      rows &=
          received.contains(range.first(), range.last())
              && parked.lacks(range.first(), range.last());
    }
    return rows || inSet().containsAll(places);
  }

  /** Every place that is known to be that of a version in the set. */
  Intervals inSet() {
    return position().applied().union(adopted);
  }

  /** The visible places that lead to {@code seq} without a gap; that place alone if it is none. */
  Intervals.Range runTo(long seq) {
    boolean visible = received.contains(seq) && !parked.contains(seq);
    long first = visible ? Math.max(received.startOf(seq), parked.lastUpTo(seq) + 1) : seq;
    return new Intervals.Range(first, seq);
  }

  /**
   * The newest batch that showed a version below others of this log which were there before; 0 when
   * all came in their order. What lies below a place may be newer than the place by as much.
   */
  long filledLsn() {
    return filledLsn;
  }

  Position position() {
    Position known = position;
    if (known != null) return known;
    Intervals rows = received.toIntervals();
    known =
        new Position(
            incarnation,
            node,
            rows,
            rows.minus(parked.toIntervals()),
            adopted,
            chain.seq(),
            chain.value(),
            disputed);
    position = known;
    return known;
  }
}
