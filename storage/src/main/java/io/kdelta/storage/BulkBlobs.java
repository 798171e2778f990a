package io.kdelta.storage;

import io.kdelta.vfs.Vfs;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes the large values of a {@link BulkLoad} into blob files of a size; none is looked for in
 * another file first. Owner: the load.
 */
final class BulkBlobs implements LargeValues, AutoCloseable {
  private final Vfs vfs;
  private final LongSupplier numbers;
  private final long fileBytes;
  private final List<String> written;
  private final List<BlobWriter.Finished> finished = new ArrayList<>();

  /** Outside of the heap: what lies there is not copied once more on its way to the disk. */
  private @Nullable ByteBuffer buffer;

  private @Nullable BlobWriter open;
  private long bytes;

  /**
   * @param fileBytes at which a file ends
   * @param written is told of every file before it is created
   */
  BulkBlobs(Vfs vfs, LongSupplier numbers, long fileBytes, List<String> written) {
    this.vfs = vfs;
    this.numbers = numbers;
    this.fileBytes = fileBytes;
    this.written = written;
  }

  @Override
  public byte[] add(MemorySegment segment, long offset, int size) {
    if (bytes > 0 && bytes + size > fileBytes) end();
    BlobWriter to = open;
    if (to == null) {
      ByteBuffer own = buffer == null ? ByteBuffer.allocateDirect(BlobWriter.BUFFER_BYTES) : buffer;
      buffer = own;
      to = new BlobWriter(vfs, numbers, written, own);
      open = to;
    }
    bytes += size;
    return to.add(segment, offset, size);
  }

  /** Completes and syncs the last file; answers all of them. */
  List<BlobWriter.Finished> finish() {
    end();
    return List.copyOf(finished);
  }

  @Override
  public void close() {
    if (open != null) open.close();
    open = null;
  }

  private void end() {
    BlobWriter ended = open;
    if (ended == null) return;
    BlobWriter.Finished file = ended.finish();
    if (file != null) finished.add(file);
    close();
    bytes = 0;
  }
}
