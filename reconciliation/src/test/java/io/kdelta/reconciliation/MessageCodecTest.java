package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import io.kdelta.reconciliation.Message.Done;
import io.kdelta.reconciliation.Message.Fail;
import io.kdelta.reconciliation.Message.Filter;
import io.kdelta.reconciliation.Message.Leaf;
import io.kdelta.reconciliation.Message.Over;
import io.kdelta.reconciliation.Message.Root;
import io.kdelta.reconciliation.Message.Same;
import io.kdelta.reconciliation.Message.State;
import io.kdelta.reconciliation.Message.Tree;
import io.kdelta.reconciliation.Message.Want;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
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
  void bytesAreFixed() {
    Digest one = Sets.numbered(1).getFirst();
    String hex = one.hex();
    String name = "0102030405060708090a0b0c0d0e0f10";
    DotSummary dots =
        new DotSummary(
            List.of(new Writer(NAME, 0x44332211, List.of(new Run(1, 300), new Run(303, 303)))));
    String dotBytes = "01" + "00" + name + "11223344" + "02" + "01ac02" + "0301";
    assertBytes("01" + "3c" + hex + dotBytes, new Root(one, dots));
    assertBytes("0201" + "00", new Same(DotSummary.NONE));
    Octets samples = Octets.copyOf(new byte[64], 0, 64);
    assertBytes(
        "03a501"
            + "02"
            + hex
            + "00".repeat(16)
            + name
            + "00"
            + "00"
            + "01"
            + hex
            + "40"
            + "00".repeat(64),
        new State(2, one, 0, NAME, DotSummary.NONE, List.of(one), samples));
    assertBytes(
        "071d" + name + "05" + "07" + "10" + "08" + "08" + "0001020304050607",
        new Filter(NAME, 5, 7, 16, 8, Octets.copyOf(new byte[] {0, 1, 2, 3, 4, 5, 6, 7}, 0, 8)));
    // r = 16 - 2 = 14; gaps 5 and 0x4001 - 5 - 1 = 0x3ffb: 0 + 14 bits, twice.
    assertBytes(
        "0808" + "10" + "02" + "0e" + "000a" + "ffec" + "00",
        new Want(16, List.of(5L, 0x4001L), List.of()));
    assertBytes("0a24" + hex + "03" + "00" + "8001", new Done(one, 3, List.of(), 128));
    assertBytes(
        "0b17" + "08" + "01" + "03" + "abc0" + "0180" + "1111111111111111" + "2222222222222222",
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
        "0c23" + "01" + "00" + "01" + hex,
        new Leaf(List.of(new Leaf.Bucket(Prefix.ALL, List.of(one)))));
    assertBytes("0d22" + "00" + "01" + hex, new Over(0, List.of(one)));
    assertBytes("0e01" + "05", new Fail(Fail.Code.BUSY));
  }

  @Test
  void whatIsSaidIsHeard() {
    for (int seed = 0; seed < 5_000; seed++) {
      Message message = random(new Random(seed));
      byte[] frame = CODEC.encode(message);
      assertEquals(new Input.Heard(message), CODEC.decode(frame), "seed " + seed);
    }
  }

  @Test
  void cutAndLongFramesAreGarbage() {
    for (int seed = 0; seed < 500; seed++) {
      byte[] frame = CODEC.encode(random(new Random(seed)));
      Random random = new Random(seed);
      byte[] cut = Arrays.copyOf(frame, random.nextInt(frame.length));
      assertInstanceOf(Input.Garbled.class, CODEC.decode(cut), "seed " + seed);
      byte[] longer = Arrays.copyOf(frame, frame.length + 1);
      assertInstanceOf(Input.Garbled.class, CODEC.decode(longer), "seed " + seed);
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
        frame = CODEC.encode(random(random));
        if (frame.length > 4_000) continue;
        for (int i = random.nextInt(3); i >= 0; i--) {
          frame[random.nextInt(frame.length)] = (byte) random.nextInt();
        }
      } else {
        frame = new byte[2 + random.nextInt(60)];
        random.nextBytes(frame);
        frame[0] = (byte) (1 + random.nextInt(15));
        frame[1] = (byte) (frame.length - 2);
        for (int i = 2; i < frame.length; i++) if (random.nextInt(3) > 0) frame[i] &= 3;
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
            "0c" + "07" + huge,
            "0b" + "08" + "08" + huge,
            "0d" + "08" + "00" + huge,
            "08" + "08" + "10" + huge,
            "02" + "07" + huge,
            "07" + "1f" + "00".repeat(16) + "00" + "07" + huge + huge)) {
      assertInstanceOf(Input.Garbled.class, CODEC.decode(HexFormat.of().parseHex(body)), body);
    }
  }

  @Test
  void whatBreaksTheLimitsIsNeverSent() {
    MessageCodec small =
        new MessageCodec(new Limits(Limits.FRAME_BYTES_MIN, 1 << 10, 8, 8, 8, 8, 8));
    Over long_ = new Over(0, Sets.numbered(400));
    assertThrows(AssertionError.class, () -> small.encode(long_));
    assertInstanceOf(Input.Garbled.class, small.decode(CODEC.encode(long_)));
  }

  private static void assertBytes(String hex, Message message) {
    assertEquals(hex, HexFormat.of().formatHex(CODEC.encode(message)), message.toString());
    assertEquals(new Input.Heard(message), CODEC.decode(HexFormat.of().parseHex(hex)));
  }

  /** Any message, of any size that the limits allow but mostly small. */
  static Message random(Random random) {
    int some = random.nextInt(4) * random.nextInt(6);
    return switch (random.nextInt(11)) {
      case 0 -> new Root(Sets.random(random), dots(random));
      case 1 -> new Same(dots(random));
      case 2 -> {
        long count = random.nextLong() >>> 16 >>> random.nextInt(48);
        byte[] samples = new byte[DifferenceEstimator.samples(count)];
        random.nextBytes(samples);
        yield new State(
            count,
            Sets.random(random),
            random.nextLong(),
            name(random),
            dots(random),
            Sets.random(random, some),
            Octets.wrap(samples));
      }
      case 3 -> {
        int hashes = random.nextInt(BloomFilter.HASHES_MAX + 1);
        byte[] part = new byte[hashes == 0 ? 0 : 1 + random.nextInt(100)];
        random.nextBytes(part);
        int offset = hashes == 0 ? 0 : random.nextInt(100);
        int size = hashes == 0 ? 0 : (offset + part.length + 7) / 8 * 8;
        yield new Filter(
            name(random), random.nextInt(100), hashes, size, offset, Octets.wrap(part));
      }
      case 4 -> want(random, some);
      case 5 ->
          new Done(
              Sets.random(random),
              random.nextInt(1_000),
              Sets.random(random, some),
              random.nextInt(1 << 20));
      case 6 -> tree(random, some);
      case 7 -> leaf(random, some);
      case 8, 9 -> new Over(random.nextLong() >>> 16, Sets.random(random, some));
      default ->
          new Fail(List.of(Fail.Code.values()).get(random.nextInt(Fail.Code.values().length)));
    };
  }

  private static Want want(Random random, int some) {
    int width = RiceCode.WIDTH_MIN + random.nextInt(RiceCode.WIDTH_MAX - RiceCode.WIDTH_MIN + 1);
    TreeSet<Long> cut = new TreeSet<>();
    int count = random.nextInt(3) * random.nextInt(100);
    for (int i = 0; i < count; i++) cut.add(random.nextLong() >>> (64 - width));
    List<Digest> whole = new ArrayList<>(new TreeSet<>(Sets.random(random, some + 1)));
    return new Want(width, new ArrayList<>(cut), whole);
  }

  private static Tree tree(Random random, int some) {
    int hashSize = random.nextBoolean() ? Tree.SHORT : Tree.WHOLE;
    List<Tree.Node> nodes = new ArrayList<>();
    for (int i = 0; i <= some; i++) {
      int present = 1 + random.nextInt(0xffff);
      List<Digest> hashes = new ArrayList<>();
      for (int bits = Integer.bitCount(present); bits > 0; bits--) {
        Digest hash = Sets.random(random);
        hashes.add(hashSize == Tree.SHORT ? new Digest(hash.first(), 0, 0, 0) : hash);
      }
      Prefix place = new Prefix(Sets.random(random), random.nextInt(Digest.NIBBLES));
      nodes.add(new Tree.Node(place, present, hashes));
    }
    return new Tree(hashSize, nodes);
  }

  private static Leaf leaf(Random random, int some) {
    List<Leaf.Bucket> buckets = new ArrayList<>();
    for (int i = 0; i <= some; i++) {
      List<Digest> digests =
          new ArrayList<>(new TreeSet<>(Sets.clustered(random, random.nextInt(5))));
      Prefix place = Prefix.ALL;
      if (!digests.isEmpty()) place = new Prefix(digests.getFirst(), random.nextInt(17));
      buckets.add(new Leaf.Bucket(place, digests));
    }
    return new Leaf(buckets);
  }

  private static DotSummary dots(Random random) {
    TreeSet<Name> names = new TreeSet<>();
    for (int i = random.nextInt(5); i > 0; i--) names.add(name(random));
    List<Writer> writers = new ArrayList<>();
    for (Name name : names) {
      List<Run> runs = new ArrayList<>();
      long last = -1;
      for (int i = random.nextInt(4); i >= 0; i--) {
        long first = last + 2 + random.nextInt(1 << random.nextInt(20));
        last = first + random.nextInt(1 << random.nextInt(20));
        runs.add(new Run(first, last));
      }
      writers.add(new Writer(name, random.nextInt(), runs));
    }
    return new DotSummary(writers);
  }

  private static Name name(Random random) {
    return new Name(random.nextLong(), random.nextLong());
  }
}
