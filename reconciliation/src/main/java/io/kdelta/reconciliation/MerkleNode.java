package io.kdelta.reconciliation;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * A place of a {@link MerkleTree} and what is below it.
 *
 * <p>Immutable but for what it caches; any thread, where the tree is for any.
 */
abstract sealed class MerkleNode permits MerkleInner, MerkleLeaf, MerkleTree.Stub {
  /** How many children a place may have. */
  static final int FANOUT = 16;

  private @Nullable Digest hash;

  /** How many digests are below. */
  abstract long count();

  /** The hash at the depth of the place; asked for once. */
  abstract Digest hashed(int depth);

  /** Writes the digests below into {@code target} from {@code at} on; answers where it ended. */
  abstract int copyTo(byte[] target, int at);

  /** The node with what is below it at hand. */
  MerkleNode opened() {
    return this;
  }

  /** A node lives at one depth only, so its hash is cached without it. */
  final Digest hash(int depth) {
    Digest known = hash;
    if (known == null) {
      known = hashed(depth);
      hash = known;
    }
    return known;
  }

  /** The node of sorted digests, side by side in {@code ids}, from {@code from} to {@code to}. */
  static MerkleNode of(byte[] ids, int from, int to, int depth) {
    if (to - from <= MerkleTree.LEAF_MAX) return MerkleLeaf.of(ids, from, to);
    @Nullable MerkleNode[] children = new @Nullable MerkleNode[FANOUT];
    int start = from;
    for (int nibble = 0; nibble < FANOUT; nibble++) {
      int end = start;
      while (end < to && MerkleLeaf.nibble(ids, end, depth) == nibble) end++;
      if (end > start) children[nibble] = of(ids, start, end, depth + 1);
      start = end;
    }
    return new MerkleInner(children, to - from);
  }

  /** The node of sorted digests. */
  static MerkleNode of(Collection<Digest> sorted, int depth) {
    byte[] ids = new byte[sorted.size() * Digest.SIZE];
    int at = 0;
    for (Digest digest : sorted) {
      digest.writeTo(ids, at);
      at += Digest.SIZE;
    }
    return of(ids, 0, sorted.size(), depth);
  }
}
