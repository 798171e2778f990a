package io.kdelta.storage;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which contents the youngest blob files hold, so that a value written again is not stored again.
 * Bounded: the oldest are forgotten first. Owner: whoever runs table work.
 */
final class BlobContents {
  /** At about 200 bytes each, 13 MB. */
  private static final int CONTENTS_MAX = 1 << 16;

  private final LinkedHashMap<Digest, byte[]> references = new LinkedHashMap<>();

  /** A SHA-256, as four little-endian words. */
  record Digest(long a, long b, long c, long d) {
    static final Digest ZERO = new Digest(0, 0, 0, 0);

    static Digest of(byte[] sha256) {
      ByteBuffer in = ByteBuffer.wrap(sha256).order(ByteOrder.LITTLE_ENDIAN);
      return new Digest(in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }

    void writeTo(ByteBuffer littleEndian) {
      littleEndian.putLong(a).putLong(b).putLong(c).putLong(d);
    }
  }

  /** The reference to that content, or null. */
  byte @Nullable [] reference(Digest digest) {
    return references.get(digest);
  }

  void add(Digest digest, byte[] reference) {
    references.put(digest, reference);
    if (references.size() > CONTENTS_MAX) references.pollFirstEntry();
  }

  /** A blob file goes, or some of its values: nothing new may refer to it. */
  void forget(long number) {
    for (var each = references.entrySet().iterator(); each.hasNext(); ) {
      Map.Entry<Digest, byte[]> entry = each.next();
      ByteBuffer reference = ByteBuffer.wrap(entry.getValue()).order(ByteOrder.LITTLE_ENDIAN);
      if (reference.getLong() == number) each.remove();
    }
  }
}
