package io.kdelta.reconciliation;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What a {@link BatchHasher} hashes at once: ranges of arrays, each behind the same prefix.
 *
 * <p>Owner: one thread. The arrays stay the caller's and must not change before they are hashed.
 * Memory: 28 bytes a message.
 */
public final class HashBatch {
  private final byte[] prefix;
  private final List<Range> ranges = new ArrayList<>();

  /** A range of an array; no value, so that no two arrays are ever compared. */
  static final class Range {
    final byte[] array;
    final int from;
    final int size;

    Range(byte[] array, int from, int size) {
      this.array = array;
      this.from = from;
      this.size = size;
    }
  }

  /**
   * @param prefix what every message begins with; may be empty
   */
  public HashBatch(byte[] prefix) {
    this.prefix = prefix.clone();
  }

  /**
   * Adds the message of the prefix and so many bytes of the array.
   *
   * @throws IndexOutOfBoundsException if the array does not have them
   */
  public void add(byte[] array, int from, int size) {
    Objects.checkFromIndexSize(from, size, array.length);
    ranges.add(new Range(array, from, size));
  }

  /** How many messages there are. */
  public int count() {
    return ranges.size();
  }

  byte[] prefix() {
    return prefix;
  }

  Range range(int index) {
    return ranges.get(index);
  }

  /** The SHA-256 of one message, by the JDK. */
  Digest alone(int index) {
    Range range = ranges.get(index);
    MessageDigest hasher = Digest.hasher();
    hasher.update(prefix);
    hasher.update(range.array, range.from, range.size);
    return Digest.fromBytes(hasher.digest());
  }

  /** The SHA-256 of each message, by the JDK. */
  List<Digest> oneByOne() {
    List<Digest> digests = new ArrayList<>(count());
    for (int i = 0; i < count(); i++) digests.add(alone(i));
    return digests;
  }
}
