package io.kdelta.bench;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Rateless IBLT (Yang, Gilad and Alizadeh 2024), encoded when it is asked for: cells of an 8-byte
 * sum of ids, an 8-byte sum of checks and a 4-byte count, told until the difference comes apart.
 * The number of cells is found by doubling and is counted as the smallest that does.
 */
final class RatelessRig {
  private static final int CELL_SIZE = 20;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private RatelessRig() {}

  static SyncCost run(List<Digest> one, List<Digest> two, int d) {
    if (d == 0) return new SyncCost(1L + Digest.SIZE, 2, 0, 0, "");
    long start = Meter.cpuNanos();
    int size = Math.max(16, (int) (1.6 * d));
    while (true) {
      long[] sums = new long[size];
      long[] checks = new long[size];
      int[] counts = new int[size];
      encode(one, 1, sums, checks, counts);
      encode(two, -1, sums, checks, counts);
      int used = peel(sums, checks, counts);
      if (used >= 0) {

        long bytes = 1L + Digest.SIZE + (long) used * CELL_SIZE;
        return new SyncCost(bytes, 3, Meter.cpuNanos() - start, 0, "");
      }
      size *= 2;
    }
  }

  private static void encode(List<Digest> ids, int sign, long[] sums, long[] checks, int[] counts) {
    for (Digest id : ids) add(id.first(), sign, sums, checks, counts);
  }

  private static void add(long item, int sign, long[] sums, long[] checks, int[] counts) {
    long check = mix(item ^ GOLDEN);
    long state = mix(item);
    for (long at = 0; at < sums.length; at = next(at, state)) {
      sums[(int) at] ^= item;
      checks[(int) at] ^= check;
      counts[(int) at] += sign;
      state += GOLDEN;
    }
  }

  /** How many cells it took: the last one that told an item anew, and all before; -1 = too few. */
  private static int peel(long[] sums, long[] checks, int[] counts) {
    Deque<Integer> open = new ArrayDeque<>();
    int used = 0;
    for (int i = 0; i < sums.length; i++) {
      open.add(i);
      while (!open.isEmpty()) {
        int cell = open.removeLast();
        long item = sums[cell];
        boolean pure = Math.abs(counts[cell]) == 1 && checks[cell] == mix(item ^ GOLDEN);
        if (cell > i || !pure) continue;
        used = i + 1;
        int sign = counts[cell];
        add(item, -sign, sums, checks, counts);
        long state = mix(item);
        for (long at = 0; at <= i; at = next(at, state)) {
          open.add((int) at);
          state += GOLDEN;
        }
      }
    }
    for (int i = 0; i < sums.length; i++) if (counts[i] != 0 || sums[i] != 0) return -1;
    return used;
  }

  private static long next(long at, long state) {
    double unit = ((mix(state) >>> 11) + 1) * 0x1p-53;
    return at + Math.max(1, (long) Math.ceil((at + 1.5) * (1 / Math.sqrt(unit) - 1)));
  }

  private static long mix(long word) {
    long mixed = (word ^ (word >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }
}
