package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Goal: a digest is its 32 bytes, in every form, and orders as they do. Method: published vectors,
 * and random digests against plain byte arrays.
 */
final class DigestTest {
  private static final String ABC =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  @Test
  void sha256IsTheStandards() {
    byte[] text = "xabcx".getBytes(StandardCharsets.US_ASCII);
    assertEquals(ABC, Digest.sha256(text, 1, 3).hex());
    assertEquals(Digest.fromHex(ABC), Digest.sha256(Arrays.copyOfRange(text, 1, 4)));
  }

  @Test
  void formsAgree() {
    Random random = new Random(1);
    for (int i = 0; i < 1_000; i++) {
      byte[] bytes = new byte[Digest.SIZE];
      random.nextBytes(bytes);
      Digest digest = Digest.fromBytes(bytes);
      assertArrayEquals(bytes, digest.toBytes());
      assertEquals(digest, Digest.fromHex(digest.hex()));
      for (int nibble = 0; nibble < Digest.NIBBLES; nibble++) {
        int expected = (bytes[nibble / 2] >>> (nibble % 2 == 0 ? 4 : 0)) & 15;
        assertEquals(expected, digest.nibble(nibble));
      }
    }
  }

  @Test
  void orderIsThatOfTheBytes() {
    Random random = new Random(2);
    for (int i = 0; i < 10_000; i++) {
      Digest one = Sets.random(random);
      byte[] bytes = one.toBytes();
      // Differs from one byte on, so that every word decides somewhere.
      for (int at = random.nextInt(Digest.SIZE); at < Digest.SIZE; at++) {
        bytes[at] = (byte) random.nextInt();
      }
      Digest two = Digest.fromBytes(bytes);
      assertEquals(
          Integer.signum(Arrays.compareUnsigned(one.toBytes(), bytes)),
          Integer.signum(one.compareTo(two)));
      assertEquals(one.compareTo(two), -two.compareTo(one));
    }
    assertTrue(Digest.ZERO.compareTo(Digest.fromHex(ABC)) < 0);
  }

  @Test
  void wrongLengthsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Digest.fromBytes(new byte[31]));
    assertThrows(IllegalArgumentException.class, () -> Digest.fromHex(ABC + "00"));
    assertThrows(IllegalArgumentException.class, () -> Digest.fromHex("g" + ABC.substring(1)));
    assertThrows(IndexOutOfBoundsException.class, () -> Digest.ZERO.nibble(64));
  }

  @Test
  void prefixesHoldWhatBeginsWithThem() {
    Random random = new Random(3);
    for (int i = 0; i < 2_000; i++) {
      Digest digest = Sets.random(random);
      int depth = random.nextInt(Digest.NIBBLES + 1);
      Prefix prefix = new Prefix(digest, depth);
      assertTrue(prefix.holds(digest) && prefix.holds(prefix.bits()));
      assertEquals(digest.hex().substring(0, depth), prefix.toString());
      Digest other = Sets.random(random);
      assertEquals(
          digest.hex().substring(0, depth).equals(other.hex().substring(0, depth)),
          prefix.holds(other));
      if (depth < Digest.NIBBLES) {
        Prefix child = prefix.child(digest.nibble(depth));
        assertEquals(new Prefix(digest, depth + 1), child);
        assertTrue(prefix.holds(child) && !child.holds(prefix));
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new Prefix(Digest.ZERO, 65));
    assertThrows(IllegalStateException.class, () -> new Prefix(Digest.ZERO, 64).child(0));
  }
}
