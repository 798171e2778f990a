package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import io.kdelta.reconciliation.Message.Cells;
import io.kdelta.reconciliation.Message.Done;
import io.kdelta.reconciliation.Message.Dots;
import io.kdelta.reconciliation.Message.Fail;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.Leaf;
import io.kdelta.reconciliation.Message.More;
import io.kdelta.reconciliation.Message.Over;
import io.kdelta.reconciliation.Message.Root;
import io.kdelta.reconciliation.Message.Same;
import io.kdelta.reconciliation.Message.State;
import io.kdelta.reconciliation.Message.Tree;
import io.kdelta.reconciliation.Message.Want;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Goal: every message comes back as it was said, its bytes are fixed, and no bytes whatever crash
 * the decoder or make it allocate more than they are. Method: golden bytes, seeded random messages,
 * cut, flipped and random frames, and lengths that lie.
 */
final class MessageCodecTest {
  private static final MessageCodec CODEC = new MessageCodec(Limits.STANDARD);
  private static final Name NAME = new Name(0x0102030405060708L, 0x090a0b0c0d0e0f10L);

  @Test
  void bytesOfRootsAndDotsAreFixed() {
    Digest one = Sets.numbered(1).getFirst();
    String hex = one.hex();
    String name = "0102030405060708090a0b0c0d0e0f10";
    DotReport dots =
        DotReport.full(
            new DotSummary(
                List.of(
                    new Writer(NAME, 0x44332211, List.of(new Run(1, 300), new Run(303, 303))))));
    // One writer by name up to 303; two holes as one run: behind 300 positions, of length 2.
    String dotBytes = "02" + name + "0a" + "af02" + "11223344" + "ac02" + "02";
    assertBytes("01" + hex + dotBytes, new Root(one, dots));
    assertBytes("01" + hex, new Root(one, DotReport.NONE));
    assertBytes("", new Same(DotReport.NONE));
    assertBytes("02" + dotBytes, new Same(dots));
    DotReport changed =
        new DotReport(
            Optional.of(0x0d0c0b0a),
            List.of(
                new DotReport.Entry(3, new Name(0, 0), false, 9, 0x44332211, List.of()),
                new DotReport.Entry(4, new Name(0, 0), true, 0, 0, List.of(new Run(300, 300))),
                new DotReport.Entry(
                    -1, NAME, false, 9, 0, List.of(new Run(1, 1), new Run(6, 6), new Run(8, 8)))));
    assertBytes(
        "04"
            + "07"
            + "0a0b0c0d"
            + "04"
            + "00"
            + "09"
            + "11223344"
            // Ends as the hearer's; one hole.
            + "05"
            + "0d"
            + "ac02"
            + "00"
            + name
            + "19"
            + "09"
            + "00000000"
            // The last of three holes is 8; gaps 0 and 4, r = 1.
            + "08"
            + "30",
        new Dots(changed));
  }

  @Test
  void bytesOfSketchesAndFiltersAreFixed() {
    Digest one = Sets.numbered(1).getFirst();
    String hex = one.hex();
    String name = "0102030405060708090a0b0c0d0e0f10";
    Octets samples = Octets.copyOf(new byte[64], 0, 64);
    Octets cell = Octets.copyOf(new byte[] {0, 1, 2, 3, 4, 5, 6, 7}, 0, 8);
    assertBytes(
        "03"
            + "02"
            + hex
            + "00"
            + "07"
            + name
            + "01"
            + "0001020304050607"
            + "01"
            + hex
            + "00".repeat(64),
        new State(2, one, 0, 7, NAME, cell, List.of(one), samples, DotReport.NONE));
    Prefix place = new Prefix(new Digest(0xaL << 60, 0, 0, 0), 1);
    assertBytes(
        "05" + "00" + "60" + "e107" + "0001020304050607",
        new Cells(Prefix.ALL, false, 96, 993, cell));
    assertBytes("05" + "01" + "01a0" + "00" + "00", new Cells(place, true, 0, 0, Octets.EMPTY));
    assertBytes("06" + "01" + "01a0" + "60" + "8101", new More(place, true, 96, 129));
    assertBytes(
        "07"
            + "01a0"
            + "0807060504030201"
            + name
            + "05"
            + "8001"
            + "07"
            + "10"
            + "08"
            + "0001020304050607",
        new Filter(place, 0x0102030405060708L, NAME, 5, 128, 7, 16, 8, cell));
    // r = 16 - 2 = 14; gaps 5 and 0x4001 - 5 - 1 = 0x3ffb: 0 + 14 bits, twice.
    assertBytes(
        "08" + "02" + "10" + "04" + "02" + "000a" + "ffec" + "00",
        new Want(Want.Kind.FRESH, 16, 4, List.of(5L, 0x4001L), List.of()));
  }

  @Test
  void bytesOfTheDrillDownAreFixed() {
    Digest one = Sets.numbered(1).getFirst();
    String hex = one.hex();
    assertBytes("0a" + hex + "03" + "00" + "8001", new Done(one, 3, List.of(), 128));
    assertBytes(
        "0b" + "08" + "01" + "03" + "abc0" + "0180" + "1111111111111111" + "2222222222222222",
        new Tree(
            8,
            List.of(
                new Tree.Node(
                    new Prefix(new Digest(0xabcL << 52, 0, 0, 0), 3),
                    0x8001,
                    List.of(
                        new Digest(0x1111111111111111L, 0, 0, 0),
                        new Digest(0x2222222222222222L, 0, 0, 0))))));
    assertBytes(
        "0c" + "01" + "00" + "01" + hex,
        new Leaf(List.of(new Leaf.Bucket(Prefix.ALL, List.of(one)))));
    assertBytes("0d" + "00" + "01" + hex, new Over(0, List.of(one)));
    assertBytes("0e" + "05", new Fail(Fail.Code.BUSY));
  }

  @Test
  void whatIsSaidIsHeard() {
    for (int seed = 0; seed < 5_000; seed++) {
      Message message = RandomMessage.draw(new Random(seed));
      byte[] frame = CODEC.encode(message);
      assertEquals(new Input.Heard(message), CODEC.decode(frame), "seed " + seed);
    }
  }

  @Test
  void cutAndLongFramesAreGarbage() {
    for (int seed = 0; seed < 500; seed++) {
      Message message = RandomMessage.draw(new Random(seed));
      byte[] frame = CODEC.encode(message);
      Random random = new Random(seed);
      // A shorter or longer frame may be another message, but never the same one.
      byte[] cut = Arrays.copyOf(frame, random.nextInt(Math.max(1, frame.length)));
      if (frame.length > 0) assertNotEquals(new Input.Heard(message), CODEC.decode(cut));
      byte[] longer = Arrays.copyOf(frame, frame.length + 1);
      assertNotEquals(new Input.Heard(message), CODEC.decode(longer), "seed " + seed);
    }
    assertInstanceOf(Input.Garbled.class, CODEC.decode(new byte[(1 << 20) + 1]));
  }

  @Test
  void whateverIsHeardIsSaidTheSameWay() {
    int heard = 0;
    for (int seed = 0; seed < 200_000; seed++) {
      Random random = new Random(seed);
      byte[] frame;
      if (seed % 2 == 0) {
        frame = CODEC.encode(RandomMessage.draw(random));
        if (frame.length > 4_000 || frame.length == 0) continue;
        for (int i = random.nextInt(3); i >= 0; i--) {
          frame[random.nextInt(frame.length)] = (byte) random.nextInt();
        }
      } else {
        frame = new byte[1 + random.nextInt(60)];
        random.nextBytes(frame);
        frame[0] = (byte) (1 + random.nextInt(15));
        for (int i = 1; i < frame.length; i++) if (random.nextInt(3) > 0) frame[i] &= 3;
      }
      if (CODEC.decode(frame) instanceof Input.Heard(Message message)) {
        heard++;
        assertArrayEquals(frame, CODEC.encode(message), "seed " + seed);
      }
    }
    assertTrue(heard > 1_000, heard + " frames were messages");
  }

  @Test
  void lengthsThatLieMakeNoRoom() {
    // A count of 2^48 - 1 where there is room for none.
    String huge = "ffffffffffff3f";
    for (String body :
        List.of(
            "0c" + huge,
            "0b" + "08" + huge,
            "0d" + "00" + huge,
            "08" + "00" + "10" + huge,
            "08" + "01" + "10" + "04" + huge,
            "02" + huge,
            "02" + "02" + "00".repeat(16) + huge + "00".repeat(4) + huge,
            "02" + "02" + "00".repeat(16) + huge + "00".repeat(4) + "0a" + "03",
            "06" + "00" + huge + huge,
            "05" + "00" + "00" + huge + "00".repeat(8),
            "07" + "00" + "00".repeat(24) + "00" + "00" + "07" + huge + huge)) {
      assertInstanceOf(Input.Garbled.class, CODEC.decode(HexFormat.of().parseHex(body)), body);
    }
  }

  @Test
  void whatBreaksTheLimitsIsNeverSent() {
    MessageCodec small =
        new MessageCodec(new Limits(Limits.FRAME_BYTES_MIN, 1 << 10, 8, 8, 8, 8, 8, 8, 8, 8, 8));
    Over long_ = new Over(0, Sets.numbered(400));
    assertThrows(AssertionError.class, () -> small.encode(long_));
    assertInstanceOf(Input.Garbled.class, small.decode(CODEC.encode(long_)));
  }

  private static void assertBytes(String hex, Message message) {
    assertEquals(hex, HexFormat.of().formatHex(CODEC.encode(message)), message.toString());
    assertEquals(new Input.Heard(message), CODEC.decode(HexFormat.of().parseHex(hex)));
  }
}
