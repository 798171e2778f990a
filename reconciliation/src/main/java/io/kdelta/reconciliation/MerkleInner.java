package io.kdelta.reconciliation;

import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * A place with more digests than a leaf lists: a child for each nibble that comes next.
 *
 * <p>Immutable but for what it caches; any thread, where the tree is for any. The hashes of the
 * children are kept side by side, as they are hashed: who changed one child reads that child alone.
 */
final class MerkleInner extends MerkleNode {
  /** The children; null where no digest goes on with that nibble. */
  final @Nullable MerkleNode[] children;

  private long count;

  /** What is known of the children's hashes. */
  private Below below;

  /** Hashes of children, nibble by nibble, but for those of the nibbles in {@code stale}. */
  private static final class Below {
    static final int ALL = (1 << FANOUT) - 1;
    static final Below UNKNOWN = new Below(new byte[0], ALL);

    final byte[] hashes;
    final int stale;

    Below(byte[] hashes, int stale) {
      this.hashes = hashes;
      this.stale = stale;
    }
  }

  MerkleInner(@Nullable MerkleNode[] children, long count) {
    this(children, count, Below.UNKNOWN);
  }

  private MerkleInner(@Nullable MerkleNode[] children, long count, Below below) {
    this.children = children;
    this.count = count;
    this.below = below;
  }

  @Override
  long count() {
    return count;
  }

  /** The same with another child. */
  MerkleInner with(int nibble, @Nullable MerkleNode child, long newCount) {
    @Nullable MerkleNode[] changed = children.clone();
    changed[nibble] = child;
    Below known = below;
    int stale = known.stale | 1 << nibble;
    return new MerkleInner(
        changed, newCount, stale == Below.ALL ? Below.UNKNOWN : new Below(known.hashes, stale));
  }

  /** Replaces a child of a node that nobody else has seen yet. */
  void replace(int nibble, MerkleNode child, long added) {
    children[nibble] = child;
    count += added;
    Below known = below;
    int stale = known.stale | 1 << nibble;
    below = stale == Below.ALL ? Below.UNKNOWN : new Below(known.hashes, stale);
  }

  /** All digests below in one leaf; there are few enough. */
  MerkleLeaf gathered() {
    int size = Math.toIntExact(count);
    byte[] ids = new byte[size * Digest.SIZE];
    int end = copyTo(ids, 0);
    if (end != ids.length) throw new AssertionError(end + " bytes of " + ids.length);
    return MerkleLeaf.of(ids, 0, size);
  }

  @Override
  int copyTo(byte[] target, int at) {
    int end = at;
    for (MerkleNode child : children) if (child != null) end = child.copyTo(target, end);
    return end;
  }

  @Override
  Digest hashed(int depth) {
    Below known = below;
    byte[] hashes =
        known.hashes.length == 0 ? new byte[FANOUT * Digest.SIZE] : known.hashes.clone();
    int present = 0;
    for (int nibble = 0; nibble < FANOUT; nibble++) {
      MerkleNode child = children[nibble];
      if (child == null) continue;
      present |= 1 << nibble;
      if ((known.stale & 1 << nibble) == 0) continue;
      child.hash(depth + 1).writeTo(hashes, nibble * Digest.SIZE);
    }
    below = new Below(hashes, 0);
    MessageDigest hasher = Digest.hasher();
    byte[] head = {0x01, (byte) depth, (byte) present, (byte) (present >>> 8)};
    hasher.update(head);
    int from = 0;
    while (from < FANOUT) {
      int to = from;
      while (to < FANOUT && (present & 1 << to) != 0) to++;
      if (to > from) hasher.update(hashes, from * Digest.SIZE, (to - from) * Digest.SIZE);
      from = to + 1;
    }
    return Digest.fromBytes(hasher.digest());
  }
}
