package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.vfs.Vfs;
import java.util.List;

/**
 * Which files live: an append-only log of edits.
 *
 * <p>Owned by whoever runs table work (at open: the opener), never used by two threads at once.
 */
@SuppressWarnings({"DoNotCallSuggester", "ObjectToString"})
public final class Manifest implements AutoCloseable {
  private Manifest() {}

  /**
   * Reads the manifest that counts, or begins an empty one in an empty directory. Files of the
   * store that it does not name move to lost/. Nothing is appended before {@link #rewrite}, which
   * {@link Wal#open} calls.
   */
  public static Manifest open(Vfs vfs, Entropy entropy) {
    throw new UnsupportedOperationException(vfs + " " + entropy);
  }

  public ManifestState state() {
    throw new UnsupportedOperationException();
  }

  /** A number that no file of the store ever had. */
  public long nextFileNumber() {
    throw new UnsupportedOperationException();
  }

  /** The edits become part of the state, all or none, durable when this returns. */
  public void append(List<ManifestEdit> edits) {
    throw new UnsupportedOperationException(edits.toString());
  }

  /** The state after the edits goes, durable, into a new manifest that replaces this one. */
  public void rewrite(List<ManifestEdit> edits) {
    throw new UnsupportedOperationException(edits.toString());
  }

  /**
   * Called once tables and log are open: empties lost/ if every named table is present in full and
   * the log starts in time; otherwise keeps it and answers what is wrong.
   */
  public List<Damage> settle(WalRecovery recovery) {
    throw new UnsupportedOperationException(recovery.toString());
  }

  @Override
  public void close() {}
}
