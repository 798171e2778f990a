package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: a token is what it was when it left, or refused; it never outgrows its limit, and what is
 * folded away is never silent. Method: golden bytes, seeded random tokens, every flipped bit,
 * random bytes.
 */
final class CausalTokenTest {
  private static final long CLUSTER = 0x0102030405060708L;
  private static final long SEED = 11;

  @Test
  void nothingIsNoByteAtAll() {
    assertTrue(CausalToken.NONE.isEmpty());
    assertEquals(Bytes.EMPTY, CausalToken.NONE.encode());
    assertEquals(CausalToken.NONE, CausalToken.decode(Bytes.EMPTY));
    assertEquals(Bytes.EMPTY, new CausalToken(CLUSTER, false, new TreeMap<>()).encode());
  }

  @Test
  void goldenBytes() {
    same(
        new CausalToken(CLUSTER, false, logs(Map.of(0x1122334455667788L, Intervals.of(1, 300)))),
        "0100" + "0102030405060708" + "0100" + "1122334455667788" + "01" + "00ab02" + "56923045");
    same(
        new CausalToken(
            CLUSTER,
            true,
            logs(
                Map.of(-1L, Intervals.of(5, 5).with(7, 9), 2L, Intervals.of(1, 1).with(200, 200)))),
        "0101"
            + "0102030405060708"
            + "0200"
            + "ffffffffffffffff"
            + "02"
            + "0400"
            + "0002"
            + "0000000000000002"
            + "02"
            + "0000"
            + "c50100"
            + "6f90c4bc");
  }

  private static void same(CausalToken token, String hex) {
    assertEquals(hex, token.encode().hex());
    assertEquals(token, CausalToken.decode(Bytes.ofHex(hex)));
  }

  @Test
  void whatWasWrittenIsRead() {
    SimEntropy entropy = new SimEntropy(SEED);
    for (int round = 0; round < 2_000; round++) {
      CausalToken token = random(entropy, 6, 6);
      Bytes bytes = token.encode();
      assertEquals(token, CausalToken.decode(bytes));
      assertEquals(bytes.size(), token.size());
      assertEquals(token, token.fitted());
    }
  }

  @Test
  void everyFlippedBitIsNoticed() {
    Bytes bytes = random(new SimEntropy(SEED + 1), 6, 6).encode();
    for (int bit = 0; bit < bytes.size() * 8; bit++) {
      byte[] flipped = bytes.toArray();
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      invalid(Bytes.wrap(flipped));
    }
    for (int size = 1; size < bytes.size(); size++) invalid(bytes.slice(0, size));
  }

  private static void invalid(Bytes bytes) {
    assertThrows(KdeltaException.Invalid.class, () -> CausalToken.decode(bytes));
  }

  /** With a checksum that fits, so that what lies behind it is reached. */
  @Test
  void anyBytesAreATokenWithOneEncodingOrInvalid() {
    SimEntropy entropy = new SimEntropy(SEED + 2);
    int read = 0;
    for (int round = 0; round < 60_000; round++) {
      byte[] body;
      if (entropy.nextInt(4) == 0) {
        body = new byte[12 + entropy.nextInt(60)];
        entropy.fill(body);
        body[0] = 1;
        body[1] &= 1;
      } else {
        Bytes valid = random(entropy, 4, 4).encode();
        body = valid.slice(0, valid.size() - 4).toArray();
        for (int i = entropy.nextInt(3); i >= 0; i--) {
          body[entropy.nextInt(body.length)] = (byte) entropy.nextInt(256);
        }
      }
      Bytes bytes = sealed(body);
      try {
        CausalToken token = CausalToken.decode(bytes);
        assertEquals(bytes, token.encode());
        read++;
      } catch (KdeltaException.Invalid e) {
        assertTrue(e.field().startsWith("causal token"), e.field());
      }
    }
    assertTrue(read > 1_000, read + " were read");
  }

  private static Bytes sealed(byte[] body) {
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(body);
    int sum = (int) crc.getValue();
    return Bytes.concat(
        Bytes.wrap(body), Bytes.of(sum & 255, sum >>> 8 & 255, sum >>> 16 & 255, sum >>> 24 & 255));
  }

  @Test
  void tooManyBytesAreInvalid() {
    invalid(sealed(new byte[CausalToken.BYTES_MAX]));
  }

  @Test
  void unionNamesWhatEitherNames() {
    SimEntropy entropy = new SimEntropy(SEED + 3);
    for (int round = 0; round < 500; round++) {
      CausalToken a = random(entropy, 4, 4);
      CausalToken b = random(entropy, 4, 4);
      CausalToken union = a.union(b);
      assertEquals(union, b.union(a));
      assertEquals(union, union.union(a));
      assertEquals(a.partial() || b.partial(), union.partial());
      covers(union, a);
      covers(union, b);
      assertTrue(union.names(a.logs()) && union.names(b.logs()));
      assertEquals(union.logs().equals(a.logs()), a.names(union.logs()));
      union
          .logs()
          .forEach((log, places) -> {
            Intervals either = at(a, log).union(at(b, log));
            assertEquals(either, places);
          });
    }
    CausalToken elsewhere = new CausalToken(7, false, logs(Map.of(1L, Intervals.of(1, 1))));
    CausalToken here = new CausalToken(CLUSTER, false, logs(Map.of(1L, Intervals.of(1, 1))));
    assertThrows(KdeltaException.Invalid.class, () -> here.union(elsewhere));
    assertEquals(here, here.union(CausalToken.NONE));
    assertEquals(here, CausalToken.NONE.union(here));
  }

  @Test
  void gapsAreFilledBeforeALogIsLeftOut() {
    TreeMap<Long, Intervals> logs = new TreeMap<>();
    Intervals places = Intervals.EMPTY;
    for (int i = 0; i < 3_000; i++) places = places.union(Intervals.of(10 + 3L * i, 10 + 3L * i));
    logs.put(5L, places);
    logs.put(6L, Intervals.of(2, 2));
    CausalToken large = new CausalToken(CLUSTER, false, logs);
    assertTrue(large.size() > CausalToken.BYTES_MAX);
    CausalToken fitted = large.fitted();
    assertFalse(fitted.partial());
    assertEquals(Intervals.of(10, places.max()), fitted.logs().get(5L));
    covers(fitted, large);
    assertTrue(fitted.encode().size() < 40);
  }

  @Test
  void whatHasNoRoomIsLeftOutAloud() {
    TreeMap<Long, Intervals> logs = new TreeMap<>();
    for (long log = 0; log < 1_000; log++) logs.put(log, Intervals.of(1, 1 + log));
    CausalToken large = new CausalToken(CLUSTER, false, logs);
    CausalToken fitted = large.fitted();
    assertTrue(fitted.partial());
    assertTrue(fitted.encode().size() <= CausalToken.BYTES_MAX);
    assertTrue(fitted.encode().size() > CausalToken.BYTES_MAX - 16);
    covers(large, fitted);
    // The longest logs are the ones that somebody writes to.
    assertTrue(fitted.logs().containsKey(999L));
    assertFalse(fitted.logs().containsKey(0L));
    assertEquals(fitted, CausalToken.decode(fitted.encode()));
    assertTrue(fitted.union(CausalToken.NONE).partial());
  }

  @Test
  void logsThatEverybodyHoldsNeedNoMention() {
    CausalToken token =
        new CausalToken(
            CLUSTER, false, logs(Map.of(1L, Intervals.of(1, 4), 2L, Intervals.of(3, 3))));
    assertEquals(logs(Map.of(2L, Intervals.of(3, 3))), token.without(List.of(1L, 9L)).logs());
  }

  @Test
  void aPersonIsToldWhatItNames() {
    TreeMap<Long, Intervals> logs = new TreeMap<>();
    logs.put(0x1122334455667788L, Intervals.of(3, 3));
    CausalToken one = new CausalToken(CLUSTER, false, logs);
    assertEquals("1 version of log 11223344 up to 3", one.summary());
    for (long log = 1; log < 5; log++) logs.put(log, Intervals.of(1, 2));
    String text = new CausalToken(CLUSTER, false, logs).summary();
    assertTrue(text.startsWith("2 versions of log 00000000 up to 2, "), text);
    assertTrue(text.endsWith(" and of 2 other logs"), text);
  }

  private static void covers(CausalToken large, CausalToken small) {
    small.logs().forEach((log, places) -> assertTrue(at(large, log).containsAll(places)));
  }

  private static Intervals at(CausalToken token, long log) {
    return token.logs().getOrDefault(log, Intervals.EMPTY);
  }

  private static SortedMap<Long, Intervals> logs(Map<Long, Intervals> logs) {
    return new TreeMap<>(logs);
  }

  private static CausalToken random(SimEntropy entropy, int logsMax, int rangesMax) {
    TreeMap<Long, Intervals> logs = new TreeMap<>();
    for (int i = entropy.nextInt(logsMax); i >= 0; i--) {
      Intervals places = Intervals.EMPTY;
      for (int j = entropy.nextInt(rangesMax); j >= 0; j--) {
        long first = 1 + (entropy.nextLong() >>> (2 + entropy.nextInt(61)));
        places = places.with(first, first + entropy.nextInt(1_000));
      }
      logs.put(entropy.nextInt(3) == 0 ? entropy.nextInt(5) : entropy.nextLong(), places);
    }
    return new CausalToken(CLUSTER, entropy.nextInt(9) == 0, logs);
  }
}
