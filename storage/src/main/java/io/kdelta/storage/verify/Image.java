package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Bytes of a file in memory and what can be read of them, little-endian. Whoever asks for bytes
 * beyond the end gets Corrupt. One thread.
 */
final class Image {
  private static final VarHandle U16 =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle U32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  final String file;
  final long offset;
  final byte[] bytes;

  /**
   * @param offset where in the file the bytes begin, for messages
   */
  Image(String file, long offset, byte[] bytes) {
    this.file = file;
    this.offset = offset;
    this.bytes = bytes;
  }

  /** Reads a part of a file; Corrupt if it does not have it. */
  static Image read(Vfs.File source, long from, long size) {
    long rest = source.size() - from;
    if (from < 0 || size < 0 || size > rest || size > Integer.MAX_VALUE - 16) {
      throw new KdeltaException.Corrupt(
          source.path(), Math.max(0, from), "ends early: " + size + " bytes more are due");
    }
    byte[] bytes = new byte[(int) size];
    if (source.readAt(from, ByteBuffer.wrap(bytes)) != bytes.length) {
      throw new KdeltaException.Corrupt(source.path(), from, "ends early");
    }
    return new Image(source.path(), from, bytes);
  }

  int size() {
    return bytes.length;
  }

  int u8(int at) {
    require(at, 1);
    return bytes[at] & 0xFF;
  }

  int u16(int at) {
    require(at, 2);
    return (short) U16.get(bytes, at) & 0xFFFF;
  }

  int i32(int at) {
    require(at, 4);
    return (int) U32.get(bytes, at);
  }

  long u32(int at) {
    return i32(at) & 0xFFFFFFFFL;
  }

  long i64(int at) {
    require(at, 8);
    return (long) U64.get(bytes, at);
  }

  int crc(int from, int size) {
    require(from, size);
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, size);
    return (int) crc.getValue();
  }

  boolean zeros(int from, int size) {
    require(from, size);
    for (int i = from; i < from + size; i++) {
      if (bytes[i] != 0) return false;
    }
    return true;
  }

  void require(int at, int size) {
    if (at < 0 || size < 0 || at > bytes.length - size) throw corrupt(at, "ends early");
  }

  KdeltaException.Corrupt corrupt(int at, String what) {
    return new KdeltaException.Corrupt(file, offset + Math.max(0, at), what);
  }
}
