package io.kdelta.bench;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Range-based reconciliation (Meyer 2022): fingerprints of ranges of the sorted ids, each unequal
 * one cut into sixteen, small ones told as ids. A bound takes 5 bytes, a fingerprint 16.
 */
final class RangeRig {
  private static final int PARTS = 16;
  private static final int SMALL = 32;
  private static final int BOUND_SIZE = 5;
  private static final int PRINT_SIZE = 16;

  private RangeRig() {}

  /** Sorted ids. What fingerprints would say is read off the ids themselves. */
  private record Side(List<Digest> ids) {
    static Side of(List<Digest> held) {
      Digest[] sorted = held.toArray(new Digest[0]);
      Arrays.sort(sorted);
      return new Side(Arrays.asList(sorted));
    }

    int at(Digest bound) {
      int low = 0;
      int high = ids.size();
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (ids.get(middle).compareTo(bound) < 0) low = middle + 1;
        else high = middle;
      }
      return low;
    }

    boolean differs(Side other, Range range) {
      int from = at(range.from);
      int to = range.to == null ? ids.size() : at(range.to);
      int otherFrom = other.at(range.from);
      int otherTo = range.to == null ? other.ids.size() : other.at(range.to);
      if (to - from != otherTo - otherFrom) return true;
      return !ids.subList(from, to).equals(other.ids.subList(otherFrom, otherTo));
    }
  }

  /** From one bound to the next; no end = to the last. */
  private record Range(Digest from, @Nullable Digest to) {}

  static SyncCost run(List<Digest> one, List<Digest> two) {
    Side teller = Side.of(one);
    Side hearer = Side.of(two);
    long start = Meter.cpuNanos();
    long bytes = 0;
    int trips = 0;
    List<Range> open = List.of(new Range(Digest.ZERO, null));
    while (!open.isEmpty()) {
      trips++;
      List<Range> next = new ArrayList<>();
      for (Range range : open) {
        int from = teller.at(range.from);
        int to = range.to == null ? teller.ids.size() : teller.at(range.to);
        if (to - from <= SMALL) {
          bytes += BOUND_SIZE + 1 + (long) (to - from) * Digest.SIZE;
          int held = range.to == null ? hearer.ids.size() : hearer.at(range.to);
          bytes += (long) Math.max(0, held - hearer.at(range.from) - (to - from)) * Digest.SIZE;
          continue;
        }
        for (int part = 0; part < PARTS; part++) {
          int first = from + (int) ((long) (to - from) * part / PARTS);
          int end = from + (int) ((long) (to - from) * (part + 1) / PARTS);
          Range cut =
              new Range(
                  part == 0 ? range.from : teller.ids.get(first),
                  part == PARTS - 1 ? range.to : teller.ids.get(end));
          bytes += BOUND_SIZE + 1 + PRINT_SIZE;
          if (teller.differs(hearer, cut)) next.add(cut);
        }
      }
      open = next;
      Side turn = teller;
      teller = hearer;
      hearer = turn;
    }
    return new SyncCost(bytes, trips + 1, Meter.cpuNanos() - start, 0, "");
  }
}
