package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

/** Goal: the bound is log2 of the ways to choose. Method: whole numbers, and published figures. */
final class InformationBoundTest {
  @Test
  void itIsTheLogarithmOfTheWaysToChoose() {
    assertEquals(0, InformationBound.bytes(1_000_000, 0, 0));
    assertEquals(0, InformationBound.bytes(1, 1, 0), "nothing to choose from");
    for (int union = 1; union < 60; union++) {
      for (int one = 0; one <= union; one++) {
        for (int other = 0; one + other <= union; other += 3) {
          BigInteger ways = choose(union, one).multiply(choose(union, other));
          double bits = Math.log(ways.doubleValue()) / Math.log(2);
          double told = InformationBound.bytes(union, one, other);
          assertEquals(bits / 8, told, 1.01, union + " " + one + " " + other);
        }
      }
    }
    // The table of the specification.
    assertNear(23, InformationBound.bytes(1_000_000, 5, 5), 1);
    assertNear(1_550, InformationBound.bytes(1_000_000, 500, 500), 1);
    assertNear(202_817, InformationBound.bytes(1_000_000, 250_000, 250_000), 5);
  }

  private static void assertNear(long expected, long told, long off) {
    assertTrue(Math.abs(told - expected) <= off, told + " instead of " + expected);
  }

  private static BigInteger choose(int of, int chosen) {
    BigInteger ways = BigInteger.ONE;
    for (int i = 0; i < chosen; i++) {
      ways = ways.multiply(BigInteger.valueOf(of - i)).divide(BigInteger.valueOf(i + 1));
    }
    return ways;
  }
}
