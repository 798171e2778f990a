package io.kdelta.storage;

import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a file as if they were one array: a part that slides along lies in memory, small
 * enough to stay in the cache of the core. Past the end of the file there are zeros. Owned by one
 * thread; whoever gave the file closes it.
 */
final class FileWindow {
  private static final int BYTES = 256 << 10;
  private static final int BYTES_MIN = 8 << 10;
  private static final byte[] ZEROS = new byte[4 << 10];

  private final Vfs.@Nullable File file;
  private byte[] array;
  private int from;
  private int filled;

  private FileWindow(Vfs.@Nullable File file, byte[] array, int filled) {
    this.file = file;
    this.array = array;
    this.filled = filled;
  }

  /** Over a file. */
  static FileWindow of(Vfs.File file) {
    return new FileWindow(file, new byte[Math.clamp(file.size(), BYTES_MIN, BYTES)], 0);
  }

  /** Over bytes that are in memory already. */
  static FileWindow of(byte[] image) {
    return new FileWindow(null, image, image.length);
  }

  /** What {@link #at} points into, until its next call. */
  byte[] array() {
    return array;
  }

  /** Where in the array the byte at that offset lies, with so many bytes from it on. */
  int at(int offset, int bytes) {
    if (offset < from || offset + bytes > from + filled) fill(offset, bytes);
    return offset - from;
  }

  /** The first offset from this one on, in steps of 8, where 8 bytes are not all zero; or to. */
  int skipZeros(int offset, int to) {
    int next = offset;
    while (next < to) {
      int bytes = Math.min(ZEROS.length, to - next);
      int index = at(next, bytes);
      int differs = Arrays.mismatch(array, index, index + bytes, ZEROS, 0, bytes);
      if (differs >= 0) return next + (differs & -8);
      next += bytes;
    }
    return to;
  }

  private void fill(int offset, int bytes) {
    Vfs.File source = file;
    if (source == null) throw new AssertionError("outside the image: " + offset + " + " + bytes);
    if (bytes > array.length) array = new byte[bytes];
    int read = source.readAt(offset, ByteBuffer.wrap(array));
    Arrays.fill(array, read, array.length, (byte) 0);
    from = offset;
    filled = array.length;
  }
}
