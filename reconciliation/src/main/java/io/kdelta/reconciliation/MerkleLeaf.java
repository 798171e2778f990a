package io.kdelta.reconciliation;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;

/**
 * A place with so few digests that they are listed: sorted, side by side in one array, so that they
 * are searched and hashed without a step aside (a tree of 10^6 is larger than any cache, and a word
 * that is in none costs as much as the hash of a block).
 *
 * <p>Immutable; any thread.
 */
final class MerkleLeaf extends MerkleNode {
  /** The leaf of no digest. */
  static final MerkleLeaf NOTHING = new MerkleLeaf(new byte[0]);

  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final int HEAD_SIZE_MAX = 4;

  private final byte[] ids;

  private MerkleLeaf(byte[] ids) {
    this.ids = ids;
  }

  /** The leaf of some of sorted digests, side by side in {@code ids}. */
  static MerkleLeaf of(byte[] ids, int from, int to) {
    return new MerkleLeaf(Arrays.copyOfRange(ids, from * Digest.SIZE, to * Digest.SIZE));
  }

  /** The leaf of one digest. */
  static MerkleLeaf of(Digest digest) {
    return new MerkleLeaf(digest.toBytes());
  }

  /** Nibble {@code depth} of digest {@code index} of those side by side in {@code ids}. */
  static int nibble(byte[] ids, int index, int depth) {
    int both = ids[index * Digest.SIZE + (depth >>> 1)];
    return (depth & 1) == 0 ? (both >>> 4) & 15 : both & 15;
  }

  @Override
  long count() {
    return size();
  }

  /** How many digests are listed. */
  int size() {
    return ids.length / Digest.SIZE;
  }

  /** Digest {@code index}. */
  Digest get(int index) {
    return Digest.fromBytes(ids, index * Digest.SIZE);
  }

  /** Where {@code digest} is; where it would be, as {@code -index - 1}, when it is not here. */
  int indexOf(Digest digest) {
    int low = 0;
    int high = size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = compare(middle, digest);
      if (order == 0) return middle;
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -low - 1;
  }

  /** The index of the first digest that does not come before {@code place}. */
  int from(Prefix place) {
    int index = indexOf(place.bits());
    return index < 0 ? -index - 1 : index;
  }

  /** The end of the digests of {@code place} that begin at {@code from}. */
  int to(Prefix place, int from) {
    int to = from;
    while (to < size() && place.holds(get(to))) to++;
    return to;
  }

  /** The digests here and another at {@code index}, at this or a deeper place each. */
  MerkleNode with(int index, Digest digest, int depth) {
    byte[] grown = new byte[ids.length + Digest.SIZE];
    int at = index * Digest.SIZE;
    System.arraycopy(ids, 0, grown, 0, at);
    digest.writeTo(grown, at);
    System.arraycopy(ids, at, grown, at + Digest.SIZE, ids.length - at);
    int size = size() + 1;
    return size <= MerkleTree.LEAF_MAX ? new MerkleLeaf(grown) : of(grown, 0, size, depth);
  }

  /** The digests here and others, which are in order, at this or a deeper place each. */
  MerkleNode withAll(List<Digest> news, int depth) {
    byte[] grown = new byte[ids.length + news.size() * Digest.SIZE];
    int from = 0;
    int at = 0;
    for (Digest digest : news) {
      int index = indexOf(digest);
      int upTo = (index < 0 ? -index - 1 : index) * Digest.SIZE;
      System.arraycopy(ids, from, grown, at, upTo - from);
      at += upTo - from;
      from = upTo;
      if (index >= 0) continue;
      digest.writeTo(grown, at);
      at += Digest.SIZE;
    }
    System.arraycopy(ids, from, grown, at, ids.length - from);
    int size = (at + ids.length - from) / Digest.SIZE;
    return size == size() ? this : MerkleNode.of(grown, 0, size, depth);
  }

  /** The digests here but that at {@code index}. */
  MerkleLeaf without(int index) {
    byte[] shrunk = new byte[ids.length - Digest.SIZE];
    int at = index * Digest.SIZE;
    System.arraycopy(ids, 0, shrunk, 0, at);
    System.arraycopy(ids, at + Digest.SIZE, shrunk, at, shrunk.length - at);
    return new MerkleLeaf(shrunk);
  }

  @Override
  int copyTo(byte[] target, int at) {
    System.arraycopy(ids, 0, target, at, ids.length);
    return at + ids.length;
  }

  @Override
  Digest hashed(int depth) {
    return hashed(0, size(), depth);
  }

  /** The hash that the digests {@code from} to {@code to} have at a place of that depth. */
  Digest hashed(int from, int to, int depth) {
    byte[] head = new byte[HEAD_SIZE_MAX];
    head[0] = 0x00;
    head[1] = (byte) depth;
    int at = 2;
    int count = to - from;
    if (count > 0x7f) {
      head[at++] = (byte) ((count & 0x7f) | 0x80);
      count >>>= 7;
    }
    head[at++] = (byte) count;
    MessageDigest hasher = Digest.hasher();
    hasher.update(head, 0, at);
    hasher.update(ids, from * Digest.SIZE, (to - from) * Digest.SIZE);
    return Digest.fromBytes(hasher.digest());
  }

  private int compare(int index, Digest digest) {
    int at = index * Digest.SIZE;
    int order = Long.compareUnsigned((long) WORD.get(ids, at), digest.first());
    return order != 0 ? order : get(index).compareTo(digest);
  }
}
