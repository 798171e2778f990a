package io.kdelta.reconciliation;

import java.util.List;

/**
 * The positions that one side holds, per writer: runs of sequence numbers that miss nothing.
 *
 * <p>An immutable value. Its use today: at the end of a session with equal roots each side adopts
 * the other's positions, so that neither asks for frames whose versions it holds. The dots rung
 * will compare the same summaries. Byte layout: {@link MessageCodec}.
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
  }
}
