package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.FileList;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: every message survives the wire, and no bytes whatever do anything but decode or be
 * refused. Method: one or more of every kind back and forth; then each cut short, lengthened, with
 * every single byte changed, and with random bytes, under a fixed seed.
 */
final class PeerCodecTest {
  private static final NodeId NODE = new NodeId(1, 2);
  private static final Incarnation LOG = new Incarnation(3, 4);
  private static final Digest DIGEST = new Digest(5, 6, 7, 8);

  private static Member.Card card() {
    return new Member.Card(NODE, "näme", List.of("a:1", "b:2"), "h:3", "zone", "kdelta 0.1", 1, 1);
  }

  private static Frame frame() {
    return new ModelReplica().write(NODE, LOG, "key", 3, 2_000);
  }

  private static FileList files() {
    FileList.Listed table = new FileList.Listed("0000000007.table", 600, Bytes.wrap(new byte[64]));
    FileList.Listed blob = new FileList.Listed("0000000008.blob", 5, Bytes.wrap(new byte[32]));
    return new FileList(512, FileList.Check.SHA256, Bytes.utf8("catalog"), List.of(table, blob));
  }

  private static List<PeerMessage> everyKind() {
    PeerMessage.Rumour rumour =
        new PeerMessage.Rumour(card(), Member.State.SUSPECT, 9, new NodeId(7, 7));
    Member.Facts facts = new Member.Facts(1, Member.Stage.READY, DIGEST, 2, 3, 4, 5, 0);
    TreeMap<Incarnation, Intervals> positions = new TreeMap<>();
    positions.put(LOG, Intervals.of(1, 9).with(11, 20));
    positions.put(new Incarnation(9, 9), Intervals.EMPTY);
    Envelope envelope = frame().envelopes().getFirst();
    Envelope twice = envelope.withDots(List.of(new Dot(LOG, 1), new Dot(new Incarnation(5, 5), 8)));
    return List.of(
        new PeerMessage.Hello(new ClusterId(1, 2), true, 3, card()),
        new PeerMessage.SnapshotAsk(-4, FileList.Check.SHA256),
        new PeerMessage.SnapshotList(5, files()),
        new PeerMessage.SnapshotGet(6, 7, 8),
        new PeerMessage.SnapshotPiece(9, 10, 11, Bytes.utf8("bytes"), 0),
        new PeerMessage.SnapshotEnd(12, true, "büsy"),
        new PeerMessage.Refuse(PeerMessage.Refuse.Reason.CLUSTER, "is elsewhere"),
        new PeerMessage.Ping(-1, List.of()),
        new PeerMessage.Ack(5, List.of(rumour, rumour)),
        new PeerMessage.PingRequest(6, NODE),
        new PeerMessage.Nack(7),
        new PeerMessage.Members(
            true,
            PeerMessage.Members.Knowledge.DAMAGED,
            List.of(new PeerMessage.Members.Entry(rumour, 2, facts))),
        new PeerMessage.Facts(8, facts, positions),
        new PeerMessage.Tallies(Tally.of(positions)),
        new PeerMessage.Tallied(-3),
        new PeerMessage.Offer(LOG, 9),
        new PeerMessage.Follow(LOG, 1, Long.MAX_VALUE, null),
        new PeerMessage.Follow(LOG, 7, 9, DIGEST),
        new PeerMessage.Lost(LOG, 3),
        new PeerMessage.Ship(frame(), false),
        new PeerMessage.Ship(frame(), true),
        new PeerMessage.Credit(1 << 20),
        new PeerMessage.Receipt(LOG, 9, 2, 8, DIGEST, 7),
        new PeerMessage.Want(List.of(DIGEST, Digest.ZERO)),
        new PeerMessage.Versions(List.of(envelope, twice)),
        new PeerMessage.Reconcile(11, Bytes.utf8("body")),
        new PeerMessage.Push(12, List.of(twice)),
        new PeerMessage.PushCredit(13, 14),
        new PeerMessage.Dispute(LOG, 15, DIGEST, Digest.ZERO));
  }

  @Test
  void onlyTheLastPieceOfAMessageMayBeShort() {
    Bytes message = Bytes.wrap(new byte[Parts.PART_BYTES + 10]);
    Bytes first = Parts.cut(message, Lane.BULK).getFirst();
    Bytes tiny = first.slice(0, 4);
    assertThrows(KdeltaException.Invalid.class, () -> new Parts().join(tiny));
  }

  private static int records(Class<?> type) {
    if (type.isRecord()) return 1;
    int records = 0;
    for (Class<?> permitted : type.getPermittedSubclasses()) {
      // A sub-interface of another one may be named by both.
      if (permitted.isRecord() || permitted.getInterfaces()[0] == type) {
        records += records(permitted);
      }
    }
    return records;
  }

  @Test
  void everyKindComesBack() {
    TreeMap<Integer, String> kinds = new TreeMap<>();
    for (PeerMessage message : everyKind()) {
      Bytes bytes = PeerCodec.encode(message);
      kinds.put(bytes.unsignedAt(0), message.getClass().getSimpleName());
      assertEquals(message, PeerCodec.decode(bytes));
    }
    assertEquals(records(PeerMessage.class), kinds.size(), "one kind byte each");
  }

  @Test
  void aScannedFrameIsPackedAndAFreshOneIsNot() {
    int plain = PeerCodec.encode(new PeerMessage.Ship(frame(), false)).size();
    int packed = PeerCodec.encode(new PeerMessage.Ship(frame(), true)).size();
    assertTrue(plain > 6_000 && packed < plain / 4, plain + " and " + packed);
  }

  @Test
  void cutShortOrLengthenedIsRefused() {
    for (PeerMessage message : everyKind()) {
      Bytes bytes = PeerCodec.encode(message);
      for (int size = 0; size < bytes.size(); size++) {
        Bytes cut = bytes.slice(0, size);
        assertThrows(KdeltaException.Invalid.class, () -> PeerCodec.decode(cut), message::toString);
      }
      Bytes longer = Bytes.concat(bytes, Bytes.of(0));
      assertThrows(KdeltaException.Invalid.class, () -> PeerCodec.decode(longer));
    }
  }

  @Test
  void noChangedByteDoesAnythingButDecodeOrBeRefused() {
    Entropy entropy = new SimEntropy(17);
    int refused = 0;
    for (PeerMessage message : everyKind()) {
      byte[] bytes = PeerCodec.encode(message).toArray();
      for (int i = 0; i < bytes.length; i++) {
        byte was = bytes[i];
        bytes[i] = (byte) (was ^ (1 + entropy.nextInt(255)));
        refused += outcome(Bytes.copyOf(bytes));
        bytes[i] = was;
      }
    }
    assertTrue(refused > 1_000, "some changes are noticed: " + refused);
  }

  @Test
  void randomBytesAreRefused() {
    Entropy entropy = new SimEntropy(18);
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[1 + entropy.nextInt(120)];
      entropy.fill(bytes);
      bytes[0] = (byte) entropy.nextInt(22);
      refused += outcome(Bytes.wrap(bytes));
    }
    assertTrue(refused > 15_000, "refused " + refused);
  }

  /** 1 if it is refused; whatever else than a refusal is thrown fails the test. */
  private static int outcome(Bytes bytes) {
    try {
      PeerMessage message = PeerCodec.decode(bytes);
      // What decodes has one meaning: it encodes again, and to something that means the same.
      if (!(message instanceof PeerMessage.Ship)) {
        assertEquals(message, PeerCodec.decode(PeerCodec.encode(message)));
      }
      return 0;
    } catch (KdeltaException.Invalid e) {
      return 1;
    }
  }

  @Test
  void hugeCountsAllocateNothing() {
    List<Bytes> bombs = new ArrayList<>();
    for (int kind : new int[] {7, 8, 12, 15, 16, 17, 18}) {
      for (int padding : new int[] {0, 1, 8, 9, 73}) {
        ByteWriter out = new ByteWriter().writeByte(kind).write(new byte[padding]);
        bombs.add(out.writeInt(Integer.MAX_VALUE).write(new byte[64]).toBytes());
        ByteWriter negative = new ByteWriter().writeByte(kind).write(new byte[padding]);
        bombs.add(negative.writeInt(-1).write(new byte[64]).toBytes());
      }
    }
    for (Bytes bomb : bombs) {
      assertThrows(KdeltaException.Invalid.class, () -> PeerCodec.decode(bomb));
    }
  }

  @Test
  void aPackedBodyThatGrowsTooMuchIsRefused() {
    ByteWriter out = new ByteWriter();
    Squeeze.pack(out, Bytes.wrap(new byte[1 << 20]), true);
    Bytes zeros = out.toBytes();
    assertEquals(0, zeros.unsignedAt(0), "what packs too well travels as it is");
    ByteWriter bomb = new ByteWriter().writeByte(12).writeByte(1).writeInt(1 << 24);
    Bytes bytes = bomb.writeSized(Bytes.wrap(new byte[100])).toBytes();
    KdeltaException.Invalid e =
        assertThrows(KdeltaException.Invalid.class, () -> PeerCodec.decode(bytes));
    assertTrue(e.reason().contains("packed too well"), e.reason());
  }

  @Test
  void partsJoinToTheMessageAndNeverToMoreThanTheBound() {
    byte[] long3 = new byte[3 * Parts.PART_BYTES - 7];
    new SimEntropy(3).fill(long3);
    long3[0] = 5;
    Bytes message = Bytes.wrap(long3);
    List<Bytes> cut = Parts.cut(message, Lane.SHIP);
    assertEquals(3, cut.size());
    Parts parts = new Parts();
    assertTrue(parts.join(cut.get(0)).isEmpty());
    assertEquals(Bytes.of(6), parts.join(Bytes.of(6)).orElseThrow(), "a short one in between");
    assertTrue(parts.join(cut.get(1)).isEmpty());
    assertEquals(message, parts.join(cut.get(2)).orElseThrow());
    assertThrows(
        KdeltaException.Invalid.class,
        () -> {
          while (true) parts.join(cut.getFirst());
        });
    assertThrows(KdeltaException.Invalid.class, () -> parts.join(Bytes.EMPTY));
    assertThrows(KdeltaException.Invalid.class, () -> parts.join(Bytes.of(0, 3, 1, 9)));
  }
}
