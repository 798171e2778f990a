package io.kdelta.storage;

/**
 * Sizes of the log.
 *
 * @param segmentBytes size of every segment file, a multiple of 4,096
 * @param bufferBytesMax how much may wait in memory for the disk before {@link Wal#fits} says no
 * @param spares how many zeroed segments are kept ready
 */
public record WalLimits(int segmentBytes, int bufferBytesMax, int spares) {
  public static final WalLimits DEFAULT = new WalLimits(64 << 20, 32 << 20, 1);

  public WalLimits {
    if (segmentBytes < 4_096 || segmentBytes % 4_096 != 0) {
      throw new IllegalArgumentException("segmentBytes " + segmentBytes);
    }
    if (bufferBytesMax < 1) throw new IllegalArgumentException("bufferBytesMax " + bufferBytesMax);
    if (spares < 1) throw new IllegalArgumentException("spares " + spares);
  }
}
