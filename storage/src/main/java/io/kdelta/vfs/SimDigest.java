package io.kdelta.vfs;

import io.kdelta.memory.Bytes;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 over all names and contents of a simulated disk, as reads see them. */
final class SimDigest {
  private static final ByteBuffer ZEROS =
      ByteBuffer.allocate(SparsePages.PAGE_BYTES).asReadOnlyBuffer();

  private SimDigest() {}

  static Bytes of(SimNames names) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest(names.root, "", digest);
      return Bytes.wrap(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static void digest(SimDirectory directory, String path, MessageDigest digest) {
    ByteBuffer page = ByteBuffer.allocate(SparsePages.PAGE_BYTES);
    directory.current.forEach((name, node) -> {
      String below = path + "/" + name;
      digest.update(below.getBytes(StandardCharsets.UTF_8));
      switch (node) {
        case SimDirectory inner -> digest(inner, below, digest);
        case SimContent content -> {
          digest.update(ByteBuffer.allocate(8).putLong(0, content.current.size()));
          for (long at = 0; at < content.current.size(); at += SparsePages.PAGE_BYTES) {
            content.current.read(at, page.clear());
            // Zeros that were written and zeros that never were look the same.
            if (page.flip().mismatch(ZEROS.duplicate().limit(page.limit())) < 0) continue;
            digest.update(ByteBuffer.allocate(8).putLong(0, at));
            digest.update(page);
          }
        }
      }
    });
  }
}
