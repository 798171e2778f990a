package io.kdelta.reconciliation;

import java.util.ArrayList;
import java.util.List;

/**
 * Golomb-Rice code for ascending numbers: about log2(range / count) + 1.5 bits each.
 *
 * <p>Stateless. Source: Rice and Plaunt, "Adaptive variable-length coding" (1971).
 *
 * <p>Layout: for each number its gap to the one before less one (the first number: to the smallest
 * there is): the gap's high part as that many one-bits and a zero, then its r low bits from the
 * highest on. Bits fill a byte from the highest; the last byte is filled with zeros. The parameter
 * r is not told: both sides compute it, so a peer cannot choose one that makes long runs of ones.
 */
final class RiceCode {
  /** Numbers narrower than this would name half of a set at once. */
  static final int WIDTH_MIN = 8;

  /** The widest numbers that stay positive with room for a gap. */
  static final int WIDTH_MAX = 62;

  private RiceCode() {}

  /** The first {@code width} bits of a digest. */
  static long cut(Digest digest, int width) {
    return digest.first() >>> (Long.SIZE - width);
  }

  /** The parameter for {@code count} numbers of {@code width} bits. */
  static int parameter(int width, int count) {
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(count);
    return Math.max(0, width - bits);
  }

  /** Numbers of {@code width} bits, from 0 on. */
  static void write(ByteSink sink, int width, List<Long> numbers) {
    code(sink, parameter(width, numbers.size()), 0, numbers);
  }

  /** Numbers from 1 on. */
  static void writeGaps(ByteSink sink, int parameter, List<Long> numbers) {
    code(sink, parameter, 1, numbers);
  }

  /** How many bytes {@link #writeGaps} writes. */
  static long sizeOfGaps(int parameter, List<Long> numbers) {
    long bits = 0;
    long next = 1;
    for (long number : numbers) {
      bits += ((number - next) >>> parameter) + 1 + parameter;
      next = number + 1;
    }
    return (bits + 7) / 8;
  }

  static List<Long> read(ByteSource source, int width, int count) {
    return readGaps(source, parameter(width, count), count, 0, (1L << width) - 1);
  }

  /** So many numbers from {@code least} to {@code most}. */
  static List<Long> readGaps(ByteSource source, int parameter, int count, long least, long most) {
    List<Long> numbers = new ArrayList<>(count);
    Bits bits = new Bits(source);
    long next = least;
    for (int i = 0; i < count; i++) {
      long gap = 0;
      while (bits.next() == 1) gap++;
      if (gap > most >>> parameter) throw new ByteSource.Malformed("a number too great");
      for (int bit = 0; bit < parameter; bit++) gap = (gap << 1) | bits.next();
      if (gap > most - next) throw new ByteSource.Malformed("a number too great");
      numbers.add(next + gap);
      next += gap + 1;
    }
    if (!bits.restIsZero()) throw new ByteSource.Malformed("bits behind the last number");
    return numbers;
  }

  private static void code(ByteSink sink, int parameter, long least, List<Long> numbers) {
    int filling = 0;
    int filled = 0;
    long next = least;
    for (long number : numbers) {
      if (number < next) throw new IllegalArgumentException("numbers out of order");
      long gap = number - next;
      next = number + 1;
      long ones = gap >>> parameter;
      for (long bit = ones + parameter; bit >= 0; bit--) {
        int value = bit > parameter ? 1 : bit == parameter ? 0 : (int) (gap >>> bit) & 1;
        filling = (filling << 1) | value;
        if (++filled == 8) {
          sink.u8(filling);
          filling = 0;
          filled = 0;
        }
      }
    }
    if (filled > 0) sink.u8(filling << (8 - filled));
  }

  /** The bits of the bytes that are left, asked for one by one. */
  private static final class Bits {
    private final ByteSource source;
    private int octet;
    private int left;

    Bits(ByteSource source) {
      this.source = source;
    }

    int next() {
      if (left == 0) {
        octet = source.u8();
        left = 8;
      }
      left--;
      return (octet >>> left) & 1;
    }

    boolean restIsZero() {
      return (octet & ((1 << left) - 1)) == 0;
    }
  }
}
