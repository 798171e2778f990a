package io.kdelta.causal;

import io.kdelta.env.Entropy;
import io.kdelta.reconciliation.SipHash;

/**
 * {@link SipHash} under a key that nobody else knows: who chooses the bytes can not choose the
 * hashes. So two collections of rows whose hashes have equal sums are equal, but for one chance in
 * 2^64, whoever made them.
 *
 * <p>Immutable; any thread.
 */
final class KeyedHash {
  private final long low;
  private final long high;

  /** Under a key that is drawn now. */
  KeyedHash(Entropy entropy) {
    this(entropy.nextLong(), entropy.nextLong());
  }

  /** Under the key of these 16 bytes, little-endian. */
  KeyedHash(long low, long high) {
    this.low = low;
    this.high = high;
  }

  /** The hash of the first bytes of an array. */
  long of(byte[] bytes, int size) {
    return SipHash.hash(low, high, bytes, size);
  }
}
