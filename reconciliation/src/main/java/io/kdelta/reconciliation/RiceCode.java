package io.kdelta.reconciliation;

import java.util.ArrayList;
import java.util.List;

/**
 * Golomb-Rice code for ascending numbers of equal width: about log2(2^width / count) + 1.5 bits
 * each.
 *
 * <p>Stateless. Source: Rice and Plaunt, "Adaptive variable-length coding" (1971).
 *
 * <p>Layout: u8 parameter r, then for each number its gap to the one before less one (the first
 * number itself): the gap's high part as that many one-bits and a zero, then its r low bits from
 * the highest on. Bits fill a byte from the highest; the last byte is filled with zeros.
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

  static void write(ByteSink sink, int width, List<Long> numbers) {
    int parameter = parameter(width, numbers.size());
    sink.u8(parameter);
    int filling = 0;
    int filled = 0;
    long last = -1;
    for (long number : numbers) {
      if (number <= last) throw new IllegalArgumentException("numbers out of order");
      long gap = number - last - 1;
      last = number;
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

  static List<Long> read(ByteSource source, int width, int count) {
    int parameter = source.u8();
    if (parameter != parameter(width, count)) throw new ByteSource.Malformed("rice parameter");
    List<Long> numbers = new ArrayList<>(count);
    Bits bits = new Bits(source);
    long last = -1;
    for (int i = 0; i < count; i++) {
      long gap = 0;
      while (bits.next() == 1) gap++;
      if (gap >>> (width - parameter) != 0) throw new ByteSource.Malformed("a number too wide");
      for (int bit = 0; bit < parameter; bit++) gap = (gap << 1) | bits.next();
      last += gap + 1;
      if (last >>> width != 0) throw new ByteSource.Malformed("a number too wide");
      numbers.add(last);
    }
    if (!bits.restIsZero()) throw new ByteSource.Malformed("bits behind the last number");
    return numbers;
  }

  /** Both sides compute it, so a peer cannot choose one that makes long runs of ones. */
  private static int parameter(int width, int count) {
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(count);
    return Math.max(0, width - bits);
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
