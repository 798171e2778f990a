package io.kdelta.cluster;

/** What overtakes what in the queue of a link; also the order of {@link #values()}. */
public enum Lane {
  /** Hello, membership, receipts: never behind anything. */
  GOSSIP,
  /** Log frames and the versions they miss. */
  SHIP,
  /** Reconciliation. */
  BULK
}
