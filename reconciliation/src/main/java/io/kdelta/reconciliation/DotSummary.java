package io.kdelta.reconciliation;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The positions that one side holds, per writer: runs of sequence numbers that miss nothing.
 *
 * <p>An immutable value; a semilattice under {@link #union}, which is idempotent, commutative and
 * associative. The dots rung pushes what one summary holds and the other does not; and at the end
 * of a session with equal roots each side adopts the other's positions, so that neither asks for
 * frames whose versions it holds. Byte layout: {@link DotCodec}.
 *
 * @param writers in ascending order of incarnation (unsigned), each once
 */
public record DotSummary(List<Writer> writers) {
  /** No position of anybody. */
  public static final DotSummary NONE = new DotSummary(List.of());

  /** Keeps its own copy and checks the order. */
  public DotSummary {
    writers = List.copyOf(writers);
    for (int i = 1; i < writers.size(); i++) {
      if (writers.get(i - 1).incarnation().compareTo(writers.get(i).incarnation()) >= 0) {
        throw new IllegalArgumentException("writers out of order");
      }
    }
  }

  /** Whether it tells of nothing. */
  public boolean isEmpty() {
    return writers.isEmpty();
  }

  /** How many positions it holds. */
  public long count() {
    long count = 0;
    for (Writer writer : writers) {
      for (Run run : writer.runs()) count += run.last() - run.first() + 1;
    }
    return count;
  }

  /** What is told of a writer; null when nothing is. */
  public @Nullable Writer writer(Name incarnation) {
    int low = 0;
    int high = writers.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = writers.get(middle).incarnation().compareTo(incarnation);
      if (order == 0) return writers.get(middle);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return null;
  }

  /** All positions of either. */
  public DotSummary union(DotSummary other) {
    Map<Name, Writer> all = byName();
    for (Writer writer : other.writers) all.merge(writer.incarnation(), writer, Writer::union);
    return new DotSummary(List.copyOf(all.values()));
  }

  /** The positions that {@code other} does not hold; chains are not told. */
  public DotSummary minus(DotSummary other) {
    List<Writer> rest = new ArrayList<>();
    for (Writer writer : writers) {
      Writer theirs = other.writer(writer.incarnation());
      List<Run> runs = theirs == null ? writer.runs() : Run.minus(writer.runs(), theirs.runs());
      if (!runs.isEmpty()) rest.add(new Writer(writer.incarnation(), 0, runs));
    }
    return new DotSummary(rest);
  }

  /** The writers that both know up to the same position by other chains: two under one name. */
  public List<Name> forks(DotSummary other) {
    List<Name> forked = new ArrayList<>();
    for (Writer writer : writers) {
      Writer theirs = other.writer(writer.incarnation());
      if (theirs != null && writer.forkedFrom(theirs)) forked.add(writer.incarnation());
    }
    return forked;
  }

  /** Without these writers. */
  public DotSummary without(List<Name> names) {
    if (names.isEmpty()) return this;
    List<Writer> rest = new ArrayList<>();
    for (Writer writer : writers) if (!names.contains(writer.incarnation())) rest.add(writer);
    return new DotSummary(rest);
  }

  /** What has to be told to somebody who was told {@code base}; null if a writer has gone. */
  public @Nullable DotSummary since(DotSummary base) {
    for (Writer writer : base.writers) if (writer(writer.incarnation()) == null) return null;
    List<Writer> changed = new ArrayList<>();
    for (Writer writer : writers) {
      if (!writer.equals(base.writer(writer.incarnation()))) changed.add(writer);
    }
    return new DotSummary(changed);
  }

  /** What {@code base} and then {@code this} tell: the undoing of {@link #since}. */
  public DotSummary over(DotSummary base) {
    Map<Name, Writer> all = base.byName();
    for (Writer writer : writers) all.put(writer.incarnation(), writer);
    return new DotSummary(List.copyOf(all.values()));
  }

  private Map<Name, Writer> byName() {
    Map<Name, Writer> all = new TreeMap<>();
    for (Writer writer : writers) all.put(writer.incarnation(), writer);
    return all;
  }

  /**
   * Sixteen bytes: an incarnation, or a nonce.
   *
   * @param high bytes 0 to 7
   * @param low bytes 8 to 15
   */
  public record Name(long high, long low) implements Comparable<Name> {
    /** Size in bytes. */
    public static final int SIZE = 16;

    @Override
    public int compareTo(Name other) {
      int order = Long.compareUnsigned(high, other.high);
      return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }
  }

  /**
   * What is held of one writer.
   *
   * @param incarnation the writer
   * @param chainPrefix the first four bytes of the chain value at the last position, zero when it
   *     is unknown: equal positions with unequal prefixes are two histories under one name
   * @param runs ascending, never empty, never touching
   */
  public record Writer(Name incarnation, int chainPrefix, List<Run> runs) {
    /** Keeps its own copy and checks the order. */
    public Writer {
      runs = List.copyOf(runs);
      if (runs.isEmpty()) throw new IllegalArgumentException("a writer without positions");
      for (int i = 1; i < runs.size(); i++) {
        if (runs.get(i).first() <= runs.get(i - 1).last() + 1) {
          throw new IllegalArgumentException("runs out of order");
        }
      }
    }

    /** The last position held. */
    public long last() {
      return runs.getLast().last();
    }

    boolean endsAs(Writer other) {
      return last() == other.last() && chainPrefix == other.chainPrefix;
    }

    boolean forkedFrom(Writer other) {
      return last() == other.last()
          && chainPrefix != 0
          && other.chainPrefix != 0
          && chainPrefix != other.chainPrefix;
    }

    /** The chain of the side that is further is kept, of equal ones the greater prefix. */
    private Writer union(Writer other) {
      boolean further = last() > other.last();
      int prefix = further ? chainPrefix : other.chainPrefix;
      if (last() == other.last() && Integer.compareUnsigned(chainPrefix, prefix) > 0) {
        prefix = chainPrefix;
      }
      return new Writer(incarnation, prefix, Run.union(runs, other.runs));
    }
  }

  /**
   * Sequence numbers without a hole.
   *
   * @param first the first held, from 1 on
   * @param last the last held, at least {@code first}
   */
  public record Run(long first, long last) {
    /** Refuses an empty run. */
    public Run {
      if (first < 1 || last < first) throw new IllegalArgumentException(first + ".." + last);
    }

    private static List<Run> union(List<Run> one, List<Run> two) {
      List<Run> joined = new ArrayList<>();
      Iterator<Run> ones = one.iterator();
      Iterator<Run> twos = two.iterator();
      Run a = next(ones);
      Run b = next(twos);
      while (a != null || b != null) {
        Run run;
        if (b == null || (a != null && a.first <= b.first)) {
          run = a;
          a = next(ones);
        } else {
          run = b;
          b = next(twos);
        }
        if (run == null) throw new AssertionError("neither has a run");
        Run before = joined.isEmpty() ? null : joined.getLast();
        if (before != null && run.first <= before.last + 1) {
          joined.set(joined.size() - 1, new Run(before.first, Math.max(before.last, run.last)));
        } else {
          joined.add(run);
        }
      }
      return joined;
    }

    private static List<Run> minus(List<Run> whole, List<Run> part) {
      List<Run> rest = new ArrayList<>();
      int at = 0;
      for (Run run : whole) {
        long from = run.first;
        while (at < part.size() && part.get(at).last < from) at++;
        for (int i = at; i < part.size() && part.get(i).first <= run.last; i++) {
          if (part.get(i).first > from) rest.add(new Run(from, part.get(i).first - 1));
          from = part.get(i).last + 1;
        }
        if (from <= run.last) rest.add(new Run(from, run.last));
      }
      return rest;
    }

    private static @Nullable Run next(Iterator<Run> runs) {
      return runs.hasNext() ? runs.next() : null;
    }
  }
}
