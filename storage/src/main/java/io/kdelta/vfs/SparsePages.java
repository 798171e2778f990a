package io.kdelta.vfs;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The bytes of a simulated file as 4 KiB pages; a page of zeros that was never written takes no
 * memory, and pages are shared between copies until one of them writes (a preallocated 64 MiB
 * segment costs nothing, the synced and the current image of a file cost one copy).
 *
 * <p>Owned by one thread. Invariant: bytes at and after {@code size} are zero.
 */
final class SparsePages {
  static final int PAGE_BYTES = 4_096;

  private static final byte[] NONE = new byte[0];
  private static final byte[] ZEROS = new byte[PAGE_BYTES];

  /** No page, or one of ours, or one shared with another image and therefore never written. */
  private byte[][] pages = new byte[0][];

  private final BitSet owned = new BitSet();
  private long size;

  /** That many bytes in whole pages. */
  static long whole(long bytes) {
    return -Math.floorDiv(-bytes, (long) PAGE_BYTES) * PAGE_BYTES;
  }

  long size() {
    return size;
  }

  /** Grows with zeros, or cuts. */
  void resize(long target) {
    if (target < size) {
      int firstGone = pageCount(target);
      for (int i = firstGone; i < pages.length; i++) {
        pages[i] = NONE;
        owned.clear(i);
      }
      int keep = (int) (target % PAGE_BYTES);
      if (keep != 0 && firstGone <= pages.length && pages[firstGone - 1].length > 0) {
        Arrays.fill(writable(firstGone - 1), keep, PAGE_BYTES, (byte) 0);
      }
    }
    size = target;
  }

  void write(long position, byte[] source, int from, int count) {
    if (count == 0) return;
    size = Math.max(size, position + count);
    int done = 0;
    while (done < count) {
      long at = position + done;
      int inPage = (int) (at % PAGE_BYTES);
      int chunk = Math.min(count - done, PAGE_BYTES - inPage);
      System.arraycopy(source, from + done, writable((int) (at / PAGE_BYTES)), inPage, chunk);
      done += chunk;
    }
  }

  /** Reads until the target is full or the file ends, and answers how much that was. */
  int read(long position, ByteBuffer target) {
    int count = (int) Math.clamp(size - position, 0L, target.remaining());
    int done = 0;
    while (done < count) {
      long at = position + done;
      int inPage = (int) (at % PAGE_BYTES);
      int chunk = Math.min(count - done, PAGE_BYTES - inPage);
      byte[] page = page((int) (at / PAGE_BYTES));
      target.put(page.length == 0 ? ZEROS : page, inPage, chunk);
      done += chunk;
    }
    return count;
  }

  /** Takes over the pages that hold the range from another image, sharing them with it. */
  void share(SparsePages other, long position, long count) {
    if (count <= 0) return;
    int last = (int) Math.min((position + count - 1) / PAGE_BYTES, Integer.MAX_VALUE - 8L);
    last = Math.min(last, Math.max(pages.length, other.pages.length) - 1);
    for (int i = (int) (position / PAGE_BYTES); i <= last; i++) {
      byte[] page = other.page(i);
      if (page.length == 0 && i >= pages.length) continue;
      reach(i);
      pages[i] = page;
      owned.clear(i);
      other.owned.clear(i);
    }
  }

  /** A copy that shares all pages. */
  SparsePages copy() {
    SparsePages copy = new SparsePages();
    copy.share(this, 0, (long) pages.length * PAGE_BYTES);
    copy.size = size;
    return copy;
  }

  private static int pageCount(long bytes) {
    return Math.toIntExact((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
  }

  private byte[] page(int index) {
    return index < pages.length ? pages[index] : NONE;
  }

  private byte[] writable(int index) {
    reach(index);
    if (!owned.get(index)) {
      byte[] page = pages[index];
      pages[index] = page.length == 0 ? new byte[PAGE_BYTES] : page.clone();
      owned.set(index);
    }
    return pages[index];
  }

  private void reach(int index) {
    int length = pages.length;
    if (index < length) return;
    pages = Arrays.copyOf(pages, Math.max(index + 1, Math.min(2 * length, index + 1_024)));
    Arrays.fill(pages, length, pages.length, NONE);
  }
}
