package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: envelopes and frames come back as they were sent, or not at all. Method: round trips, every
 * single flipped bit of a frame, seeded mutation of an envelope.
 */
final class FrameTest {
  private static final long SEED = 77;
  private static final Incarnation LOG = new Incarnation(3, 4);

  @Test
  void envelopesComeBack() {
    SimEntropy entropy = new SimEntropy(SEED);
    for (int i = 0; i < 500; i++) {
      Envelope envelope = envelope(entropy);
      Bytes bytes = envelope.encode();
      assertTrue(bytes.size() <= envelope.size(), "size() is an upper bound");
      assertEquals(envelope, Envelope.decode(bytes));
    }
  }

  @Test
  void aPositionBehindTheLastThereCanBeIsInvalid() {
    ByteWriter out = new ByteWriter(Dot.SIZE);
    new Incarnation(1, 2).write(out);
    out.writeLong(Long.MAX_VALUE);
    Bytes dot = out.toBytes();
    assertThrows(KdeltaException.Invalid.class, () -> Dot.read(new ByteReader(dot, "dot")));
  }

  @Test
  void hostileEnvelopesAreInvalid() {
    SimEntropy entropy = new SimEntropy(SEED + 1);
    int refused = 0;
    for (int i = 0; i < 10_000; i++) {
      byte[] bytes = envelope(entropy).encode().toArray();
      bytes[entropy.nextInt(bytes.length)] = (byte) entropy.nextInt(256);
      if (entropy.nextInt(3) == 0) {
        bytes = java.util.Arrays.copyOf(bytes, entropy.nextInt(bytes.length + 2));
      }
      try {
        Bytes hostile = Bytes.wrap(bytes);
        assertEquals(hostile, Envelope.decode(hostile).encode(), "round " + i);
      } catch (KdeltaException.Invalid expected) {
        refused++;
      }
    }
    assertTrue(refused > 1_000, "only " + refused + " were refused");
  }

  @Test
  void framesComeBack() {
    for (Frame frame : List.of(frame(true), frame(false))) {
      Frame read = Frame.decode(frame.encode());
      assertEquals(frame, read);
      assertTrue(read.chainHolds());
      assertEquals(6, read.lastSeq());
      assertEquals(2, read.envelopes().size());
    }
  }

  @Test
  void everyFlippedBitOfAFrameIsSeen() {
    byte[] good = frame(true).encode().toArray();
    for (int bit = 0; bit < good.length * 8; bit++) {
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThrows(KdeltaException.Invalid.class, () -> Frame.decode(Bytes.wrap(bad)));
    }
    for (int size = 0; size < good.length; size++) {
      Bytes cut = Bytes.copyOf(good, 0, size);
      assertThrows(KdeltaException.Invalid.class, () -> Frame.decode(cut));
    }
  }

  @Test
  void framesHoldTheirRules() {
    Frame good = frame(true);
    Digest wrong = new Digest(1, 1, 1, 1);
    Frame lying = new Frame(LOG, NodeId.NONE, 5, good.before(), wrong, good.entries());
    assertFalse(lying.chainHolds());
    assertThrows(
        KdeltaException.Invalid.class, () -> new Frame(LOG, NodeId.NONE, 5, null, null, List.of()));
    assertThrows(
        KdeltaException.Invalid.class,
        () -> new Frame(LOG, NodeId.NONE, 4, null, null, good.entries()));
    assertThrows(
        KdeltaException.Invalid.class,
        () -> new Frame(new Incarnation(1, 1), NodeId.NONE, 5, null, null, good.entries()));
  }

  private static Frame frame(boolean chained) {
    Version put = VersionTest.goldenPut();
    Version delete = VersionTest.goldenDelete();
    List<Frame.Entry> entries = new ArrayList<>();
    entries.add(
        new Frame.Entry(
            new Envelope(
                put,
                List.of(new Dot(LOG, 5)),
                new Request("r-1", 0, 2),
                Bytes.utf8("{\"age\":30,\"name\":\"Alice\"}"),
                Bytes.EMPTY),
            true));
    entries.add(
        new Frame.Entry(
            new Envelope(delete, List.of(new Dot(LOG, 6)), null, Bytes.EMPTY, Bytes.EMPTY), false));
    @Nullable Digest before = chained ? new Digest(7, 7, 7, 7) : null;
    @Nullable Digest after =
        before == null ? null : Distinction.chain(Distinction.chain(before, put.id()), delete.id());
    return new Frame(LOG, new NodeId(1, 2), 5, before, after, entries);
  }

  private static Envelope envelope(SimEntropy entropy) {
    TreeSet<Dot> dots = new TreeSet<>();
    for (int n = entropy.nextInt(4); n > 0; n--) {
      dots.add(new Dot(new Incarnation(entropy.nextInt(3), 5), 1 + entropy.nextInt(1_000)));
    }
    Request request =
        entropy.nextInt(2) == 0 ? null : new Request("r\u00e9q" + entropy.nextInt(99), 2, 5);
    byte[] document = new byte[entropy.nextInt(200)];
    entropy.fill(document);
    return new Envelope(
        VersionTest.random(entropy), List.copyOf(dots), request, Bytes.wrap(document), Bytes.EMPTY);
  }
}
