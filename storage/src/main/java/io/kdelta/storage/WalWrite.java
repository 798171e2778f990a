package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes one buffer of the log and syncs it. Runs once, on the log thread; then the core takes it
 * back with {@link Wal#written}. A disk fault stays inside until then.
 *
 * <p>Invariant: a segment is synced to its end before the header of the next one is written, so
 * whoever reads that header knows that all before it was durable.
 */
public final class WalWrite implements Runnable {
  private final WalBuffer buffer;
  private KdeltaException.@Nullable DiskFault failure;

  WalWrite(WalBuffer buffer) {
    this.buffer = buffer;
  }

  @Override
  public void run() {
    try {
      WalSegment unsynced = null;
      for (WalBuffer.Part part : buffer.parts()) {
        WalSegment segment = part.segment();
        if (unsynced != null && unsynced.sequence() != segment.sequence()) unsynced.file().sync();
        ByteBuffer bytes = ByteBuffer.wrap(part.array(), part.from(), part.bytes());
        segment.file().writeAt(part.position(), bytes);
        unsynced = segment;
      }
      if (unsynced != null) unsynced.file().sync();
      for (WalSegment segment : buffer.sealed()) segment.file().close();
    } catch (KdeltaException.DiskFault fault) {
      failure = fault;
    }
  }

  WalBuffer buffer() {
    return buffer;
  }

  Optional<KdeltaException.DiskFault> failure() {
    return Optional.ofNullable(failure);
  }
}
