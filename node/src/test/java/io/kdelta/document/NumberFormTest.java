package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.reconciliation.Digest;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Goal: numbers come out exactly as ECMAScript writes them. Method: the table of RFC 8785 appendix
 * B; the first 100,000 lines of the number file that goes with the RFC, which is generated here and
 * compared by its published SHA-256; and the defining property (fewest digits that read back) on
 * seeded random doubles.
 */
final class NumberFormTest {
  private static final long SEED = Long.getLong("kdelta.seed", 8785);

  @ParameterizedTest
  @CsvSource({
    "0000000000000000, 0",
    "8000000000000000, 0",
    "0000000000000001, 5e-324",
    "8000000000000001, -5e-324",
    "7fefffffffffffff, 1.7976931348623157e+308",
    "ffefffffffffffff, -1.7976931348623157e+308",
    "4340000000000000, 9007199254740992",
    "c340000000000000, -9007199254740992",
    "4430000000000000, 295147905179352830000",
    "44b52d02c7e14af5, 9.999999999999997e+22",
    "44b52d02c7e14af6, 1e+23",
    "44b52d02c7e14af7, 1.0000000000000001e+23",
    "444b1ae4d6e2ef4e, 999999999999999700000",
    "444b1ae4d6e2ef4f, 999999999999999900000",
    "444b1ae4d6e2ef50, 1e+21",
    "3eb0c6f7a0b5ed8c, 9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d, 0.000001",
    "41b3de4355555553, 333333333.3333332",
    "41b3de4355555554, 333333333.33333325",
    "41b3de4355555555, 333333333.3333333",
    "41b3de4355555556, 333333333.3333334",
    "41b3de4355555557, 333333333.33333343",
    "becbf647612f3696, -0.0000033333333333333333",
    "43143ff3c1cb0959, 1424953923781206.2",
  })
  void tableOfTheRfc(String bits, String expected) {
    double value = Double.longBitsToDouble(Long.parseUnsignedLong(bits, 16));
    assertEquals(expected, NumberForm.ofDouble(value));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0, 0",
    "-0.0, 0",
    "0e9, 0",
    "1.0, 1",
    "1e0, 1",
    "100, 100",
    "1E2, 100",
    "-1.50, -1.5",
    "1e20, 100000000000000000000",
    "1e21, 1e+21",
    "1e-6, 0.000001",
    "1e-7, 1e-7",
    "123e-20, 1.23e-18",
    "4.9e-324, 5e-324",
    "9.9e-324, 1e-323",
    "1e-400, 0",
    "9007199254740993, 9007199254740993",
    "9007199254740993.0, 9007199254740992",
    "-9223372036854775808, -9223372036854775808",
    "18446744073709551615, 18446744073709551615",
  })
  void literals(String literal, String expected) {
    assertEquals(Optional.of(expected), NumberForm.ofLiteral(literal));
  }

  @Test
  void integersAreKeptUpToSixtyFourDigits() {
    String kept = "1234567890".repeat(7).substring(0, 64);
    assertEquals(Optional.of(kept), NumberForm.ofLiteral(kept));
    assertEquals(Optional.of("-" + kept), NumberForm.ofLiteral("-" + kept));
    assertEquals(Optional.of("1.2345678901234568e+64"), NumberForm.ofLiteral(kept + "5"));
  }

  @Test
  void overflowHasNoForm() {
    assertEquals(Optional.empty(), NumberForm.ofLiteral("1e309"));
    assertEquals(Optional.empty(), NumberForm.ofLiteral("-1e400"));
    assertEquals(Optional.empty(), NumberForm.ofLiteral("9".repeat(309)));
    assertThrows(IllegalArgumentException.class, () -> NumberForm.ofDouble(Double.NaN));
    assertThrows(
        IllegalArgumentException.class, () -> NumberForm.ofDouble(Double.NEGATIVE_INFINITY));
  }

  @Test
  void numberFileOfTheRfc() throws IOException {
    MessageDigest hash = Digest.hasher();
    int line = 0;
    for (long bits : edges()) {
      hash.update(line(bits));
      line++;
    }
    for (int i = 0; i < 2000; i++) {
      hash.update(line(0x0010000000000000L + i));
      line++;
      if (line == 1000) {
        check("be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687", hash);
      }
    }
    byte[] block = new byte[Digest.SIZE];
    while (line < 100_000) {
      block = Digest.hasher().digest(block);
      ByteBuffer words = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
      while (words.hasRemaining() && line < 100_000) {
        long bits = words.getLong();
        double value = Double.longBitsToDouble(bits);
        if (value == 0 || !Double.isFinite(value)) continue;
        hash.update(line(bits));
        line++;
        if (line == 10_000) {
          check("b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892", hash);
        }
      }
    }
    check("22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7", hash);
  }

  @Test
  void fewestDigitsThatReadBack() {
    SimEntropy entropy = new SimEntropy(SEED);
    for (int i = 0; i < 20_000; i++) {
      // Every fourth is subnormal or close to it, where few digits are enough.
      long bits =
          i % 4 == 0 ? entropy.nextLong() >>> (12 + entropy.nextInt(52)) : entropy.nextLong();
      double value = Double.longBitsToDouble(bits);
      if (!Double.isFinite(value) || value == 0) continue;
      String form = NumberForm.ofDouble(value);
      String told = "seed " + SEED + ", bits " + Long.toHexString(bits) + ", form " + form;
      assertEquals(value, Double.parseDouble(form), told);
      BigDecimal decimal = new BigDecimal(form).stripTrailingZeros();
      if (decimal.precision() > 1) assertTrue(!readsBackShorter(value, decimal), told);
    }
  }

  /** Whether a neighbour with one digit less is the same double. */
  private static boolean readsBackShorter(double value, BigDecimal decimal) {
    int digits = decimal.precision() - 1;
    BigDecimal exact = new BigDecimal(value);
    for (java.math.RoundingMode mode :
        List.of(java.math.RoundingMode.DOWN, java.math.RoundingMode.UP)) {
      BigDecimal shorter = exact.round(new java.math.MathContext(digits, mode));
      if (Double.parseDouble(shorter.toString()) == value) return true;
    }
    return false;
  }

  private static void check(String expected, MessageDigest hash) {
    try {
      MessageDigest soFar = (MessageDigest) hash.clone();
      assertEquals(expected, Digest.fromBytes(soFar.digest()).hex());
    } catch (CloneNotSupportedException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] line(long bits) {
    String form = NumberForm.ofDouble(Double.longBitsToDouble(bits));
    return (Long.toHexString(bits) + "," + form + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  private static List<Long> edges() throws IOException {
    List<Long> bits = new ArrayList<>();
    for (String line : Resource.lines("/json/number-edges.txt")) {
      bits.add(Long.parseUnsignedLong(line, 16));
    }
    return bits;
  }
}
