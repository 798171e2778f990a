package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Rows;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads of the graph of visible versions over any rows: the live store, a snapshot, or a
 * transaction that is not committed yet.
 *
 * <p>Owner: the core thread. No state of its own.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class CausalGraph {
  private final Rows rows;

  /** Reads {@code rows}. */
  public CausalGraph(Rows rows) {
    this.rows = rows;
  }

  /** The heads of a key; empty when it has no version. */
  public Heads heads(Key key) {
    throw new UnsupportedOperationException(rows + "" + key);
  }

  /** A visible version, or null. */
  public @Nullable Stored version(Digest id) {
    throw new UnsupportedOperationException();
  }

  /** Whether the version is visible. */
  public boolean contains(Digest id) {
    throw new UnsupportedOperationException();
  }

  /** A visible version with its document, or null. */
  public @Nullable Envelope envelope(Digest id) {
    throw new UnsupportedOperationException();
  }

  /** A version that was read, with its document. */
  public Envelope envelope(Stored stored) {
    throw new UnsupportedOperationException();
  }

  /** The document of a version that was read; empty for a delete. */
  public Bytes document(Stored stored) {
    throw new UnsupportedOperationException();
  }

  /**
   * Visible versions whose id starts with these hexadecimal digits, ascending, at most {@code max}.
   */
  public List<Digest> idsByPrefix(String hex, int max) {
    throw new UnsupportedOperationException();
  }

  /** All versions of a key, newest first, branches included. Close it. */
  public History history(Key key) {
    throw new UnsupportedOperationException();
  }

  /** The versions of a key with a time of at most {@code latest}, newest first. Close it. */
  public History history(Key key, Timestamp latest) {
    throw new UnsupportedOperationException();
  }

  /**
   * What a read of the key answered when only the versions with a time of at most {@code latest}
   * were there; null when there was none. Give {@link Timestamp#endOfMicros} for a whole
   * microsecond.
   */
  public @Nullable Stored winnerAt(Key key, Timestamp latest) {
    throw new UnsupportedOperationException();
  }

  /** The heads among the versions with a time of at most {@code latest}; may read all of them. */
  public Heads headsAt(Key key, Timestamp latest) {
    throw new UnsupportedOperationException();
  }

  /**
   * Every version that {@code id} is built on, newest first, itself left out; at most {@code max}.
   */
  public List<Stored> ancestors(Digest id, int max) {
    throw new UnsupportedOperationException();
  }

  /** Every version built on {@code id}, oldest first, itself left out; at most {@code max}. */
  public List<Stored> descendants(Digest id, int max) {
    throw new UnsupportedOperationException();
  }

  /**
   * The nearest common ancestors of two or more versions of one key: those that no other common
   * ancestor is built on, newest first. A version counts as an ancestor of itself.
   */
  public List<Digest> commonAncestors(List<Digest> ids) {
    throw new UnsupportedOperationException();
  }

  /**
   * The keys of a namespace that ever had a version, in order, each with its heads.
   *
   * @param prefix only keys that start with it; empty for all
   * @param after only keys behind this one; null for all
   */
  public KeyWalk keys(String namespace, String prefix, @Nullable String after) {
    throw new UnsupportedOperationException();
  }

  /** What is remembered of a request, in the order of its writes; empty when nothing is. */
  public List<RequestRecord> request(String requestId) {
    throw new UnsupportedOperationException();
  }

  /** The version at a place in a log, visible or parked, or null. */
  public @Nullable Digest versionAt(Dot dot) {
    throw new UnsupportedOperationException();
  }

  /** The apply log behind {@code position}, at most {@code max} rows of it. */
  public List<AppliedRecord> appliedAfter(long position, int max) {
    throw new UnsupportedOperationException();
  }

  /** A row of the system's own, as {@link Transaction#putSystem} wrote it, or null. */
  public @Nullable Bytes system(String name) {
    throw new UnsupportedOperationException();
  }
}
