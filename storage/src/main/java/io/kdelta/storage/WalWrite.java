package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
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
      Vfs.File unsynced = null;
      for (WalBuffer.Part part : buffer.parts()) {
        Vfs.File file = part.segment().file();
        if (unsynced != null && unsynced != file) unsynced.sync();
        file.writeAt(part.position(), ByteBuffer.wrap(buffer.array(), part.from(), part.bytes()));
        unsynced = file;
      }
      if (unsynced != null) unsynced.sync();
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
