package io.kdelta.reconciliation;

import io.kdelta.reconciliation.ByteSource.Malformed;
import io.kdelta.reconciliation.DotReport.Entry;
import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The bytes of dot summaries. Stateless.
 *
 * <p>Dots stand last in a message and are left out when there are none ({@code v} = varint):
 *
 * <pre>
 * dots    v (count x 2 + 1 if they refer to a base) | u32 base, if they do | entries
 * entry   (v number + 1 | 0 and name; without a base the name alone)
 *         | v (n x 8 + 4 if alike + form) | (v last | u32 chain prefix, unless alike) | holes
 * holes   form 0  none, n = 0
 *         form 1  n positions: v the last of them, then the Rice code of the others, see RiceCode
 *         form 2  n runs of holes: v positions held before, v length
 * </pre>
 *
 * An entry is alike whose last position and chain prefix are those that the hearer told: who
 * answers a peer that lacks the same newest versions saves seven bytes a writer. The smallest of
 * the forms is taken, the first of equal ones, and no other is understood. Where holes are dense
 * the Rice parameter is 0, and the code is the bit map of the positions.
 */
final class DotCodec {
  private static final int NO_HOLES = 0;
  private static final int RICE = 1;
  private static final int RUNS = 2;
  private static final int FORM_MASK = 3;
  private static final int ALIKE = 4;
  private static final long COUNTED = 8;
  private static final long LAST_MAX = 1L << 48;
  private static final int ENTRY_SIZE_MIN = 1 + 1;

  private DotCodec() {}

  static void write(ByteSink sink, DotReport report) {
    if (report.isEmpty()) return;
    boolean based = report.base().isPresent();
    sink.varint(report.entries().size() * 2L + (based ? 1 : 0));
    if (based) sink.u32(report.base().orElseThrow());
    for (Entry entry : report.entries()) {
      if (based) sink.varint(entry.reference() + 1L);
      if (entry.reference() < 0) {
        sink.word(entry.name().high());
        sink.word(entry.name().low());
      }
      writeEntry(sink, entry);
    }
  }

  static DotReport read(ByteSource source, Limits limits) {
    if (source.left() == 0) return DotReport.NONE;
    long header = source.varint(2L * limits.writersMax() + 1);
    int count = (int) (header >>> 1);
    if (count == 0 || (long) count * ENTRY_SIZE_MIN > source.left()) throw new Malformed("writers");
    boolean based = (header & 1) != 0;
    Optional<Integer> base = based ? Optional.of(source.u32()) : Optional.empty();
    List<Entry> entries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int reference = based ? (int) source.varint(2L * limits.writersMax()) - 1 : -1;
      Name name = new Name(0, 0);
      if (reference < 0) name = new Name(source.word(), source.word());
      entries.add(readEntry(source, reference, name));
    }
    return new DotReport(base, entries);
  }

  /** How many bytes a writer takes at most. */
  static int size(Writer writer) {
    ByteSink sink = new ByteSink(64);
    writeEntry(sink, Entry.named(writer));
    return 1 + Name.SIZE + sink.size();
  }

  private static void writeEntry(ByteSink sink, Entry entry) {
    List<Run> holes = entry.holes();
    int form = form(holes);
    List<Long> positions = form == RICE ? positions(holes) : List.of();
    long count = form == RICE ? positions.size() : holes.size();
    sink.varint(count * COUNTED + (entry.alike() ? ALIKE : 0) + form);
    if (!entry.alike()) {
      sink.varint(entry.last());
      sink.u32(entry.chainPrefix());
    }
    switch (form) {
      case NO_HOLES -> {}
      case RICE -> {
        long greatest = positions.getLast();
        sink.varint(greatest);
        int others = positions.size() - 1;
        RiceCode.writeGaps(sink, parameter(greatest, others), positions.subList(0, others));
      }
      default -> {
        long before = 0;
        for (Run hole : holes) {
          sink.varint(hole.first() - before - 1);
          sink.varint(hole.last() - hole.first() + 1);
          before = hole.last();
        }
      }
    }
  }

  private static Entry readEntry(ByteSource source, int reference, Name name) {
    long header = source.varint(LAST_MAX);
    long count = header / COUNTED;
    int form = (int) header & FORM_MASK;
    boolean alike = (header & ALIKE) != 0;
    long last = alike ? 0 : source.varint(LAST_MAX);
    if (!alike && last < 1) throw new Malformed("a writer without positions");
    int chainPrefix = alike ? 0 : source.u32();
    if (count > 8L * source.left()) throw new Malformed("more holes than bits");
    if ((count > 0) != (form > 0)) throw new Malformed("form of holes");
    List<Run> holes =
        switch (form) {
          case RICE -> joined(rice(source, (int) count - 1));
          case RUNS -> runs(source, count);
          default -> List.of();
        };
    if (form != form(holes)) throw new Malformed("form of holes");
    if (!alike && !holes.isEmpty() && holes.getLast().last() >= last) {
      throw new Malformed("a last hole");
    }
    return new Entry(reference, name, alike, last, chainPrefix, holes);
  }

  private static List<Long> rice(ByteSource source, int others) {
    long greatest = source.varint(LAST_MAX);
    if (greatest < 1) throw new Malformed("a hole at nothing");
    int parameter = parameter(greatest, others);
    List<Long> positions = RiceCode.readGaps(source, parameter, others, 1, greatest - 1);
    positions.add(greatest);
    return positions;
  }

  private static List<Run> runs(ByteSource source, long count) {
    List<Run> holes = new ArrayList<>();
    long before = 0;
    for (long i = 0; i < count; i++) {
      long held = source.varint(LAST_MAX);
      long length = source.varint(LAST_MAX);
      // Runs that touch would be one.
      if ((held == 0 && i > 0) || length == 0) throw new Malformed("an empty run");
      holes.add(new Run(before + held + 1, before + held + length));
      before += held + length;
      if (before > LAST_MAX) throw new Malformed("a hole out of range");
    }
    return holes;
  }

  /** The form that takes the fewest bytes. */
  private static int form(List<Run> holes) {
    if (holes.isEmpty()) return NO_HOLES;
    long count = 0;
    long runs = 0;
    long before = 0;
    for (Run hole : holes) {
      count += hole.last() - hole.first() + 1;
      runs += ByteSink.sizeOf(hole.first() - before - 1);
      runs += ByteSink.sizeOf(hole.last() - hole.first() + 1);
      before = hole.last();
    }
    runs += ByteSink.sizeOf(holes.size() * COUNTED);
    int header = ByteSink.sizeOf(count * COUNTED) + ByteSink.sizeOf(before);
    // A hole takes a bit or more in Rice code, so many of them are not even counted out.
    if (header + count / 8 < runs && count < Integer.MAX_VALUE) {
      int others = (int) count - 1;
      List<Long> smaller = positions(holes).subList(0, others);
      if (header + RiceCode.sizeOfGaps(parameter(before, others), smaller) <= runs) return RICE;
    }
    return RUNS;
  }

  /** Near log2 of ln 2 times the mean gap, which is the best for gaps of random holes. */
  private static int parameter(long last, int count) {
    long mean = Math.max(1, last / Math.max(1, count) * 11 / 16);
    return Long.SIZE - 1 - Long.numberOfLeadingZeros(mean);
  }

  private static List<Long> positions(List<Run> holes) {
    List<Long> positions = new ArrayList<>();
    for (Run hole : holes) {
      for (long position = hole.first(); position <= hole.last(); position++) {
        positions.add(position);
      }
    }
    return positions;
  }

  private static List<Run> joined(List<Long> positions) {
    List<Run> runs = new ArrayList<>();
    for (long position : positions) {
      if (!runs.isEmpty() && runs.getLast().last() + 1 == position) {
        runs.set(runs.size() - 1, new Run(runs.getLast().first(), position));
      } else {
        runs.add(new Run(position, position));
      }
    }
    return runs;
  }
}
