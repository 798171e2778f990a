package io.kdelta.storage;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.List;
import java.util.Optional;

/**
 * The log: every batch is here before it is anywhere else.
 *
 * <p>Owned by the core thread, which only fills memory. {@link Write} and {@link Preparation} are
 * the pieces that touch the disk; each runs elsewhere and is handed back to the core afterwards.
 */
@SuppressWarnings({"DoNotCallSuggester", "ObjectToString"})
public final class Wal implements AutoCloseable {
  private Wal() {}

  /**
   * Reads the log back, hands every valid record above the flushed LSN to the sink in order, goes
   * on in a fresh segment that holds, synced, what lay above the durable mark, and rewrites the
   * manifest.
   *
   * @throws KdeltaException.Corrupt if the damage is systematic
   */
  public static Wal open(Vfs vfs, Entropy entropy, WalLimits limits, Manifest manifest, Sink sink) {
    throw new UnsupportedOperationException(
        vfs + " " + entropy + " " + limits + " " + manifest + " " + sink);
  }

  public WalRecovery recovery() {
    throw new UnsupportedOperationException();
  }

  /** The largest payload that can ever be appended. */
  public int payloadBytesMax() {
    throw new UnsupportedOperationException();
  }

  /**
   * Whether {@link #append} may be called now: not fenced, room in the buffer, a segment ready. Ask
   * before every append; a no means try later (or never, if fenced).
   */
  public boolean fits(int payloadBytes) {
    throw new UnsupportedOperationException("" + payloadBytes);
  }

  /**
   * Puts one record into the buffer; it is durable once {@link #durableLsn} reaches the answer.
   *
   * @return its LSN
   */
  public long append(int type, Bytes payload) {
    throw new UnsupportedOperationException(type + " " + payload);
  }

  public long lastLsn() {
    throw new UnsupportedOperationException();
  }

  public long durableLsn() {
    throw new UnsupportedOperationException();
  }

  /** The log's next piece of work, if there is anything to write and no piece is out. */
  public Optional<Write> takeWrite() {
    throw new UnsupportedOperationException();
  }

  /** Back on the core: the durable LSN advances, or the log is fenced for good. */
  public void written(Write write) {
    throw new UnsupportedOperationException(write.toString());
  }

  /** Whether a write or sync failed: nothing more is appended or acknowledged in this process. */
  public boolean fenced() {
    throw new UnsupportedOperationException();
  }

  /** What the last failed write or preparation ran into. */
  public Optional<KdeltaException.DiskFault> failure() {
    throw new UnsupportedOperationException();
  }

  /** Whether a {@link Preparation} should be run, as a piece of table work. */
  public boolean wantsSegment() {
    throw new UnsupportedOperationException();
  }

  /** A piece of table work that makes one more segment ready. At most one is out. */
  public Preparation prepare() {
    throw new UnsupportedOperationException();
  }

  /** Back on the core. */
  public void prepared(Preparation preparation) {
    throw new UnsupportedOperationException(preparation.toString());
  }

  /** The edits that release all segments that end at or below the LSN: part of a flush's edit. */
  public List<ManifestEdit> releasable(long flushedLsn) {
    throw new UnsupportedOperationException("" + flushedLsn);
  }

  /** Back on the core: those edits are durable, the files may be used again. */
  public void released(List<ManifestEdit> edits) {
    throw new UnsupportedOperationException(edits.toString());
  }

  /** Closes all files. What was not written is lost, as in a crash: sync before. */
  @Override
  public void close() {}

  /** Takes what recovery reads, in LSN order. */
  @FunctionalInterface
  public interface Sink {
    void record(long lsn, int type, Bytes payload);
  }

  /** Writes and syncs one full buffer. Runs on the log thread, once. */
  public static final class Write implements Runnable {
    private Write() {}

    @Override
    public void run() {
      throw new UnsupportedOperationException();
    }
  }

  /** Makes one segment ready. Runs on the table thread, once, and appends to the manifest. */
  public static final class Preparation implements Runnable {
    private Preparation() {}

    @Override
    public void run() {
      throw new UnsupportedOperationException();
    }
  }
}
