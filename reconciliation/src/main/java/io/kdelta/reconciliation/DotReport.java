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
   * @param chainPrefix as in {@link Writer}
   * @param runs as in {@link Writer}
   */
  public record Entry(int reference, Name name, int chainPrefix, List<Run> runs) {
    /** Keeps its own copy of the list. */
    public Entry {
      runs = List.copyOf(runs);
    }
  }

  private static final Name NUMBERED = new Name(0, 0);

  /** All of {@code summary}, by names. */
  static DotReport full(DotSummary summary) {
    List<Entry> entries = new ArrayList<>();
    for (Writer writer : summary.writers()) {
      entries.add(new Entry(-1, writer.incarnation(), writer.chainPrefix(), writer.runs()));
    }
    return new DotReport(Optional.empty(), entries);
  }

  /**
   * {@code summary} for a peer that has {@code base}, as far as it has changed; whole where there
   * is no base or a writer of it has gone.
   */
  static DotReport of(DotSummary summary, @Nullable SharedDots base) {
    DotSummary changed = base == null ? null : summary.since(base.mine());
    if (base == null || changed == null) return full(summary);
    if (changed.isEmpty()) return NONE;
    List<Name> names = base.names();
    List<Entry> entries = new ArrayList<>();
    for (Writer writer : changed.writers()) {
      int at = Collections.binarySearch(names, writer.incarnation());
      Name name = at < 0 ? writer.incarnation() : NUMBERED;
      entries.add(new Entry(Math.max(-1, at), name, writer.chainPrefix(), writer.runs()));
    }
    return new DotReport(Optional.of(base.id()), entries);
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** The writers told, by name; null when they refer to a base that this side does not have. */
  @Nullable DotSummary told(@Nullable SharedDots known) {
    List<Name> names = List.of();
    if (base.isPresent()) {
      if (known == null || known.id() != base.get()) return null;
      names = known.names();
    }
    Map<Name, Writer> writers = new TreeMap<>();
    for (Entry entry : entries) {
      if (entry.reference() >= names.size()) return null;
      Name name = entry.reference() < 0 ? entry.name() : names.get(entry.reference());
      writers.put(name, new Writer(name, entry.chainPrefix(), entry.runs()));
    }
    return new DotSummary(List.copyOf(writers.values()));
  }
}
