package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * What a piece of a file is held against on its way: two CRCs of it, each of 32 bits, over
 * different polynomials. It finds every error of one burst up to 32 bits and all others but one in
 * 2^64; it proves nothing against a liar, and need not (see {@link FileList}). Both are made at
 * some 10 GB/s, where SHA-256 makes 0.3 to 2. Pure.
 */
public final class PieceSeal {
  /** Size of a seal. */
  public static final int BYTES = Long.BYTES;

  private PieceSeal() {}

  /** The seal of these bytes: CRC-32C in the upper half, CRC-32 in the lower. */
  public static long of(Bytes bytes) {
    long[] seal = new long[1];
    bytes.feed((array, from, size) -> seal[0] = of(array, from, size));
    return seal[0];
  }

  static long of(byte[] bytes, int from, int size) {
    CRC32C upper = new CRC32C();
    upper.update(bytes, from, size);
    CRC32 lower = new CRC32();
    lower.update(bytes, from, size);
    return upper.getValue() << Integer.SIZE | lower.getValue();
  }
}
