package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Writes and receptions that become one log record: all or none of them happen.
 *
 * <p>Owner: the core thread; at most one is open. Later steps see earlier ones. All local writes of
 * one transaction are one batch: shipped together, never split over frames. Nothing in the store
 * changes before {@link #commit}, and nothing at all when it throws.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class Transaction {
  Transaction() {}

  /** Reads as they will be after the commit. */
  public CausalGraph graph() {
    throw new UnsupportedOperationException();
  }

  /**
   * Writes a version over the parents that the draft names, else over all heads (the first 64 in
   * winner order). Throws NotFound for a parent that is not here, Invalid for one of another key or
   * for anything else that no version may be.
   */
  public Written write(Draft draft) {
    throw new UnsupportedOperationException();
  }

  /**
   * Writes a version that is given whole, as an import does. Held already: nothing is written.
   * Throws NotFound for a parent that is not here, Invalid for what breaks a rule.
   */
  public Written importVersion(Version version, Bytes document, @Nullable Request request) {
    throw new UnsupportedOperationException();
  }

  /**
   * Takes a version that came by reconciliation. Without its parents it waits in bounded memory.
   */
  public Reception receive(Envelope envelope) {
    throw new UnsupportedOperationException();
  }

  /** Takes a frame that was shipped. What lacks parents waits durably and is never evicted. */
  public FrameReception receive(Frame frame) {
    throw new UnsupportedOperationException();
  }

  /**
   * Takes a version that was shipped outside a frame, as an answer to a missing parent, or one that
   * must wait durably for another reason.
   */
  public Reception receiveDurably(Envelope envelope) {
    throw new UnsupportedOperationException();
  }

  /** Remembers positions whose versions are known to be visible here although no row says so. */
  public void adopt(Incarnation incarnation, Intervals positions) {
    throw new UnsupportedOperationException();
  }

  /** Writes a row of the system's own; null removes it. */
  public void putSystem(String name, @Nullable Bytes value) {
    throw new UnsupportedOperationException();
  }

  /** Applies everything as one batch. Throws ReadOnly or Overloaded before anything is appended. */
  public Committed commit() {
    throw new UnsupportedOperationException();
  }

  /** Drops everything. */
  public void abandon() {
    throw new UnsupportedOperationException();
  }
}
