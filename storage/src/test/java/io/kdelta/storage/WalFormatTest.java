package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: the bytes of the log stay what they are, and nothing passes for a record that is none.
 * Method: golden bytes, whose checksums were computed by another program; every bit of a record
 * flipped; other salts; sizes at the edges.
 */
final class WalFormatTest {
  private static final long SALT = 0x1122334455667788L;

  private final WalFormat format = new WalFormat();

  @Test
  void theBytesOfARecord() {
    byte[] image = new byte[64];
    assertEquals(40, format.encode(SALT, 7, 6, 3, Bytes.utf8("hello, log"), image, 8));
    assertEquals(
        // length, crc, lsn, durable mark, type, flags, payload, padding
        "28000000"
            + "36b5a814"
            + "0700000000000000"
            + "0600000000000000"
            + "03"
            + "04"
            + "68656c6c6f2c206c6f67"
            + "00000000",
        Bytes.copyOf(image, 8, 40).hex());
    assertTrue(format.isRecord(image, 8, 64, SALT, 7, 7));
    assertEquals(Bytes.utf8("hello, log"), WalFormat.payload(image, 8));
    assertEquals(3, WalFormat.type(image, 8));
  }

  @Test
  void theBytesOfAHeader() {
    WalFormat.Header header =
        new WalFormat.Header(
            WalFormat.SEGMENT_MAGIC, SALT, 5, 4_096, new WalFormat.Link(4, 2_000, 99), true);
    byte[] image = new byte[WalFormat.HEADER_BYTES];
    format.encodeHeader(header, image, 0);
    assertEquals(
        "6b64656c74612d4c"
            + "82bec6a6"
            + "01000000"
            + "8877665544332211"
            + "0500000000000000"
            + "0010000000000000"
            + "0400000000000000"
            + "d007000000000000"
            + "6300000000000000"
            + "01"
            + "00".repeat(63),
        Bytes.copyOf(image).hex());
    assertEquals(Optional.of(header), format.decodeHeader(WalFormat.SEGMENT_MAGIC, image));
    assertTrue(format.decodeHeader(WalFormat.MANIFEST_MAGIC, image).isEmpty());
    for (int bit = 0; bit < 8 * image.length; bit++) {
      image[bit / 8] ^= (byte) (1 << bit % 8);
      assertTrue(format.decodeHeader(WalFormat.SEGMENT_MAGIC, image).isEmpty(), "bit " + bit);
      image[bit / 8] ^= (byte) (1 << bit % 8);
    }
    assertTrue(format.decodeHeader(WalFormat.SEGMENT_MAGIC, new byte[127]).isEmpty());
  }

  @Test
  void noFlippedBitAndNoOtherSaltPasses() {
    byte[] image = new byte[256];
    int length = format.encode(SALT, 7, 6, 3, Bytes.wrap(new byte[101]), image, 0);
    for (int bit = 0; bit < 8 * length; bit++) {
      image[bit / 8] ^= (byte) (1 << bit % 8);
      assertFalse(format.isRecord(image, 0, image.length, SALT, 1, Long.MAX_VALUE), "bit " + bit);
      image[bit / 8] ^= (byte) (1 << bit % 8);
    }
    assertTrue(format.isRecord(image, 0, length, SALT, 1, Long.MAX_VALUE));
    assertFalse(format.isRecord(image, 0, length - 1, SALT, 1, Long.MAX_VALUE));
    assertFalse(format.isRecord(image, 0, length, SALT + 1, 1, Long.MAX_VALUE));
    assertFalse(format.isRecord(image, 0, length, SALT, 8, Long.MAX_VALUE));
    assertFalse(format.isRecord(image, 0, length, SALT, 1, 6));
  }

  @Test
  void sizesAtTheEdges() {
    for (int payload = 0; payload < 40; payload++) {
      int bytes = WalFormat.recordBytes(payload);
      assertEquals(0, bytes % 8);
      assertTrue(WalFormat.payloadBytesMax(bytes) >= payload);
      byte[] image = new byte[bytes];
      byte[] content = new byte[payload];
      new SimEntropy(payload).fill(content);
      assertEquals(bytes, format.encode(0, 1, 0, 255, Bytes.wrap(content), image, 0));
      assertTrue(format.isRecord(image, 0, bytes, 0, 1, 1));
      assertEquals(Bytes.wrap(content), WalFormat.payload(image, 0));
    }
    assertEquals(WalFormat.RECORD_BYTES_MIN, WalFormat.recordBytes(0));
    assertFalse(format.isRecord(new byte[64], 0, 64, 0, 0, Long.MAX_VALUE));
  }

  @Test
  void aMarkThatCoversItsOwnRecordIsABug() {
    assertThrows(
        AssertionError.class, () -> format.encode(SALT, 7, 7, 0, Bytes.EMPTY, new byte[64], 0));
  }
}
