package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * The Merkle root of a set of digests, computed from the table of {@link
 * io.kdelta.reconciliation.MerkleTree} and nothing of its code. Pure.
 */
final class SetRoot {
  private static final int LEAF_MAX = 128;

  private SetRoot() {}

  /** {@code ids}: ascending, no duplicates. */
  static Digest of(List<Digest> ids) {
    return place(ids, 0);
  }

  private static Digest place(List<Digest> ids, int depth) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (ids.size() <= LEAF_MAX) {
      out.write(0);
      out.write(depth);
      int count = ids.size();
      while (count >= 0x80) {
        out.write((count & 0x7F) | 0x80);
        count >>>= 7;
      }
      out.write(count);
      for (Digest id : ids) out.writeBytes(id.toBytes());
      return Digest.sha256(out.toByteArray());
    }
    ByteArrayOutputStream hashes = new ByteArrayOutputStream();
    int present = 0;
    int from = 0;
    while (from < ids.size()) {
      int nibble = nibble(ids.get(from), depth);
      int to = from;
      while (to < ids.size() && nibble(ids.get(to), depth) == nibble) to++;
      present |= 1 << nibble;
      hashes.writeBytes(place(ids.subList(from, to), depth + 1).toBytes());
      from = to;
    }
    out.write(1);
    out.write(depth);
    out.write(present & 0xFF);
    out.write(present >>> 8);
    out.writeBytes(hashes.toByteArray());
    return Digest.sha256(out.toByteArray());
  }

  private static int nibble(Digest id, int depth) {
    int octet = id.toBytes()[depth / 2] & 0xFF;
    return depth % 2 == 0 ? octet >>> 4 : octet & 15;
  }
}
