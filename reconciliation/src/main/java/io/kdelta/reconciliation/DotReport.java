package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A dot summary as it is told: whole, or what has changed since a base that both sides have.
 *
 * @param base the id of the base that the entries refer to; empty = whole, every writer by name
 * @param entries the writers
 */
public record DotReport(Optional<Integer> base, List<Entry> entries) {
  /** Nothing told: this side has no positions, or none that changed. */
  public static final DotReport NONE = new DotReport(Optional.empty(), List.of());

  /** Keeps its own copy of the list. */
  public DotReport {
    entries = List.copyOf(entries);
  }

  /**
   * One writer.
   *
   * @param reference its number in the base, -1 = by name
   * @param name its incarnation; zeros where a number stands for it
   * @param alike whether the last position and the chain prefix are those that the hearer told
   * @param last the last position held; 0 if alike
   * @param chainPrefix as in {@link Writer}; 0 if alike
   * @param holes positions below the last that are not held; ascending, never touching
   */
  public record Entry(
      int reference, Name name, boolean alike, long last, int chainPrefix, List<Run> holes) {
    /** Keeps its own copy of the list. */
    public Entry {
      holes = List.copyOf(holes);
    }

    /** All that is known of a writer, by name. */
    static Entry named(Writer writer) {
      return of(-1, writer, null);
    }

    /** A writer by name, or by its number; {@code told} is what the hearer told of it. */
    static Entry of(int reference, Writer writer, @Nullable Writer told) {
      Name name = reference < 0 ? writer.incarnation() : NUMBERED;
      List<Run> holes = between(writer.runs(), 0);
      return told != null && writer.endsAs(told)
          ? new Entry(reference, name, true, 0, 0, holes)
          : new Entry(reference, name, false, writer.last(), writer.chainPrefix(), holes);
    }

    /** What is told of the writer; null when that is impossible. */
    @Nullable Writer writer(Name incarnation, @Nullable Writer mine) {
      if (alike && mine == null) return null;
      long end = alike && mine != null ? mine.last() : last;
      int prefix = alike && mine != null ? mine.chainPrefix() : chainPrefix;
      if (!holes.isEmpty() && holes.getLast().last() >= end) return null;
      return new Writer(incarnation, prefix, between(holes, end));
    }

    /** The positions from 1 to {@code end} that are in none of {@code runs}; 0 = to the last. */
    private static List<Run> between(List<Run> runs, long end) {
      List<Run> others = new ArrayList<>();
      long next = 1;
      for (Run run : runs) {
        if (run.first() > next) others.add(new Run(next, run.first() - 1));
        next = run.last() + 1;
      }
      if (next <= end) others.add(new Run(next, end));
      return others;
    }
  }

  private static final Name NUMBERED = new Name(0, 0);

  /** All of {@code summary}, by names. */
  static DotReport full(DotSummary summary) {
    return full(summary, DotSummary.NONE);
  }

  private static DotReport full(DotSummary summary, DotSummary told) {
    List<Entry> entries = new ArrayList<>();
    for (Writer writer : summary.writers()) {
      entries.add(Entry.of(-1, writer, told.writer(writer.incarnation())));
    }
    return new DotReport(Optional.empty(), entries);
  }

  /**
   * {@code summary} for a peer that has {@code base}, as far as it has changed; whole where there
   * is no base or a writer of it has gone. What the peer has {@code told} of itself before, it
   * knows.
   */
  static DotReport of(DotSummary summary, @Nullable SharedDots base, DotSummary told) {
    DotSummary changed = base == null ? null : summary.since(base.mine());
    if (base == null || changed == null) return full(summary, told);
    if (changed.isEmpty()) return NONE;
    List<Name> names = base.names();
    List<Entry> entries = new ArrayList<>();
    for (Writer writer : changed.writers()) {
      int at = Collections.binarySearch(names, writer.incarnation());
      entries.add(Entry.of(Math.max(-1, at), writer, told.writer(writer.incarnation())));
    }
    return new DotReport(Optional.of(base.id()), entries);
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /**
   * The writers told, by name; null when they refer to a base that this side does not have, or to
   * what it has not told. {@code mine} is what this side has told.
   */
  @Nullable DotSummary told(@Nullable SharedDots known, DotSummary mine) {
    List<Name> names = List.of();
    if (base.isPresent()) {
      if (known == null || known.id() != base.get()) return null;
      names = known.names();
    }
    Map<Name, Writer> writers = new TreeMap<>();
    for (Entry entry : entries) {
      if (entry.reference() >= names.size()) return null;
      Name name = entry.reference() < 0 ? entry.name() : names.get(entry.reference());
      Writer writer = entry.writer(name, mine.writer(name));
      if (writer == null) return null;
      writers.put(name, writer);
    }
    return new DotSummary(List.copyOf(writers.values()));
  }
}
