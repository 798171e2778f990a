package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.cluster.ModelNet.Node;
import io.kdelta.cluster.ModelNet.Pending;
import io.kdelta.cluster.Packer.Parcel;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: what carries versions is packed where it pays, windows count it unpacked, and no bytes make
 * a node take memory that they do not fill. Method: documents that pack well and none, every single
 * byte changed, lies about sizes with the allocated bytes counted, and whole clusters in a
 * simulated network.
 */
final class PackerTest {
  private static final NodeId NODE = new NodeId(1, 2);
  private static final Incarnation LOG = new Incarnation(3, 4);
  private static final int FORMAT = Packer.FORMAT;

  private final SimEntropy entropy = new SimEntropy(21);

  private Digest digest() {
    return new Digest(
        entropy.nextLong(), entropy.nextLong(), entropy.nextLong(), entropy.nextLong());
  }

  /** A document of about that size, as programs write them. */
  private String fields(int bytes) {
    StringBuilder text = new StringBuilder("{\"active\":true,\"city\":\"Berlin\"");
    for (int i = 0; text.length() < bytes - 20; i++) {
      text.append(",\"field")
          .append(i)
          .append("\":\"")
          .append(entropy.nextInt(1 << 24))
          .append('"');
    }
    return text.append('}').toString();
  }

  /** A document of that size that nothing makes shorter. */
  private Bytes noise(int bytes) {
    byte[] noise = new byte[bytes];
    entropy.fill(noise);
    return Bytes.wrap(noise);
  }

  private Frame frame(List<Bytes> documents) {
    List<Frame.Entry> entries = new ArrayList<>();
    for (Bytes document : documents) {
      long seq = entries.size() + 1L;
      Version version =
          Version.of(
              Version.Kind.PUT,
              new Key("default", "user-" + seq),
              List.of(digest()),
              Timestamp.ofMicros(1_790_000_000_000_000L + seq),
              NODE,
              Bytes.EMPTY,
              ContentType.JSON,
              digest(),
              "");
      Envelope envelope =
          new Envelope(version, List.of(new Dot(LOG, seq)), null, document, Bytes.EMPTY);
      entries.add(new Frame.Entry(envelope, false));
    }
    return new Frame(LOG, NODE, 1, digest(), digest(), entries);
  }

  private Frame json(int count, int bytes) {
    List<Bytes> documents = new ArrayList<>();
    for (int i = 0; i < count; i++) documents.add(Bytes.utf8(fields(bytes)));
    return frame(documents);
  }

  private static boolean isPacked(Parcel parcel) {
    return parcel.bytes().unsignedAt(0) >= 128;
  }

  private static PeerMessage unpacked(Parcel parcel) {
    Bytes plain = Packer.unpack(parcel.bytes(), FORMAT);
    assertEquals(parcel.weight(), new Weight(plain.size(), parcel.bytes().size()));
    return PeerCodec.decode(plain, FORMAT);
  }

  private static KdeltaException.Invalid refusal(Bytes bytes) {
    return assertThrows(
        KdeltaException.Invalid.class,
        () -> PeerCodec.decode(Packer.unpack(bytes, FORMAT), FORMAT));
  }

  @Test
  void whatCarriesVersionsComesDownByHalfAndComesOutAsItWas() {
    Frame frame = json(64, 128);
    List<PeerMessage> messages =
        List.of(
            new PeerMessage.Ship(frame, false),
            new PeerMessage.Versions(frame.envelopes()),
            new PeerMessage.Push(7, frame.envelopes()));
    for (PeerMessage message : messages) {
      Parcel parcel = new Packer().pack(message, FORMAT);
      assertTrue(isPacked(parcel), message::toString);
      assertTrue(parcel.weight().wire() < 0.5 * parcel.weight().plain(), parcel::toString);
      assertEquals(message, unpacked(parcel));
    }
    Parcel scan = new Packer().pack(new PeerMessage.Ship(frame, true), FORMAT);
    assertTrue(isPacked(scan));
    assertEquals(frame, ((PeerMessage.Ship) unpacked(scan)).frame());
  }

  @Test
  void theLatestWritesArePackedFromEightKilobytesOnAllElseFromOne() {
    Frame small = json(6, 200);
    int size = PeerCodec.encode(new PeerMessage.Ship(small, false), FORMAT).size();
    assertTrue(size >= Packer.BULK_BYTES_MIN && size < Packer.FRESH_BYTES_MIN, "size " + size);
    assertFalse(isPacked(new Packer().pack(new PeerMessage.Ship(small, false), FORMAT)));
    assertTrue(isPacked(new Packer().pack(new PeerMessage.Ship(small, true), FORMAT)));
    assertTrue(isPacked(new Packer().pack(new PeerMessage.Push(1, small.envelopes()), FORMAT)));
    Frame lone = json(1, 200);
    assertFalse(isPacked(new Packer().pack(new PeerMessage.Ship(lone, true), FORMAT)));
    PeerMessage other = new PeerMessage.Reconcile(1, Bytes.wrap(new byte[100_000]));
    assertFalse(isPacked(new Packer().pack(other, FORMAT)), "carries no versions");
  }

  @Test
  void anOlderFormatKnowsNothingOfIt() {
    PeerMessage push = new PeerMessage.Push(1, json(64, 128).envelopes());
    for (int format = PeerCodec.OLDEST; format < FORMAT; format++) {
      int older = format;
      Parcel parcel = new Packer().pack(push, older);
      assertEquals(parcel.weight().plain(), parcel.weight().wire());
      assertEquals(push, PeerCodec.decode(parcel.bytes(), older));
      Bytes packed = new Packer().pack(push, FORMAT).bytes();
      assertThrows(KdeltaException.Invalid.class, () -> Packer.unpack(packed, older));
    }
  }

  @Test
  void theLatestFrameIsPackedOnceForAllBackups() {
    Packer packer = new Packer();
    Frame frame = json(64, 128);
    Parcel first = packer.pack(new PeerMessage.Ship(frame, false), FORMAT);
    assertSame(first, packer.pack(new PeerMessage.Ship(frame, false), FORMAT));
    assertNotSame(first, packer.pack(new PeerMessage.Ship(frame, false), FORMAT - 1));
    assertFalse(isPacked(packer.pack(new PeerMessage.Ship(frame, false), FORMAT - 1)));
    assertTrue(isPacked(packer.pack(new PeerMessage.Ship(frame, false), FORMAT)));
  }

  @Test
  void whatDoesNotComeDownIsTriedEverMoreSeldom() {
    Packer packer = new Packer();
    PeerMessage noise = new PeerMessage.Push(1, frame(List.of(noise(2_000))).envelopes());
    PeerMessage text = new PeerMessage.Push(1, json(8, 300).envelopes());
    for (int expected = 1; expected <= Packer.PATIENCE_MAX; expected *= 2) {
      assertFalse(isPacked(packer.pack(noise, FORMAT)));
      for (int i = 0; i < expected; i++) {
        assertFalse(isPacked(packer.pack(i % 2 == 0 ? noise : text, FORMAT)));
      }
    }
    assertFalse(isPacked(packer.pack(noise, FORMAT)));
    for (int i = 0; i < Packer.PATIENCE_MAX; i++) assertFalse(isPacked(packer.pack(text, FORMAT)));
    assertTrue(isPacked(packer.pack(text, FORMAT)), "no more than that many are passed over");
    assertFalse(isPacked(packer.pack(noise, FORMAT)));
    assertFalse(isPacked(packer.pack(text, FORMAT)));
    assertTrue(isPacked(packer.pack(text, FORMAT)), "and after a good one, one again");
  }

  @Test
  void everyChangedByteIsRefusedOrGivesAnotherMessage() {
    Parcel parcel = new Packer().pack(new PeerMessage.Push(1, json(5, 200).envelopes()), FORMAT);
    byte[] bytes = parcel.bytes().toArray();
    int refused = 0;
    for (int i = 0; i < bytes.length; i++) {
      byte was = bytes[i];
      bytes[i] = (byte) (was ^ (1 + entropy.nextInt(255)));
      Bytes changed = Bytes.copyOf(bytes);
      try {
        PeerCodec.decode(Packer.unpack(changed, FORMAT), FORMAT);
      } catch (KdeltaException.Invalid e) {
        refused++;
      }
      bytes[i] = was;
    }
    assertTrue(refused > bytes.length / 4, "refused " + refused);
    for (int size = 1; size < bytes.length; size++) refusal(parcel.bytes().slice(0, size));
  }

  private static Bytes claim(int kind, int size, byte[] packed) {
    return new ByteWriter().writeByte(128 + kind).writeInt(size).write(packed).toBytes();
  }

  @Test
  void aBombIsRefusedBeforeMemoryIsTakenForIt() {
    byte[] megabytes = new byte[16 << 20];
    byte[] zeros = Squeeze.deflate(megabytes);
    byte[] noise =
        Squeeze.deflate(Bytes.concat(noise(1_000), Bytes.wrap(new byte[9_000])).toArray());
    byte[] long1 = new byte[100 << 10];
    System.arraycopy(noise, 0, long1, 0, noise.length);
    List<Bytes> bombs =
        List.of(
            claim(12, megabytes.length + 1, zeros), // Deflate's own best: a thousandfold.
            claim(18, 100, zeros), // More comes out than it says.
            claim(16, 16 << 20, long1), // Much less.
            claim(16, Integer.MAX_VALUE, long1),
            claim(16, -1, long1),
            claim(16, 0, long1));
    var meter = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (Bytes bomb : bombs) {
      refusal(bomb);
      long before = meter.getCurrentThreadAllocatedBytes();
      refusal(bomb);
      long taken = meter.getCurrentThreadAllocatedBytes() - before;
      assertTrue(taken < 2 << 20, "took " + taken + " bytes for " + bomb.size());
    }
  }

  @Test
  void nothingElseIsEverPackedAndNothingTwice() {
    Parcel parcel = new Packer().pack(new PeerMessage.Push(1, json(5, 200).envelopes()), FORMAT);
    for (int kind = 0; kind < 128; kind++) {
      if (PeerCodec.carriesVersions(kind)) continue;
      Bytes renamed = Bytes.concat(Bytes.of(128 + kind), parcel.bytes().slice(1));
      assertTrue(refusal(renamed).reason().contains("never packed"), "kind " + kind);
    }
    // An older format packs the body of a Ship; inside a packed message that would be twice.
    byte[] inner = PeerCodec.encode(new PeerMessage.Ship(json(40, 200), true), 2).toArray();
    assertEquals(1, inner[1], "packed by the older format");
    assertThrows(
        KdeltaException.Invalid.class, () -> PeerCodec.decode(Bytes.copyOf(inner), FORMAT));
  }

  /** Bytes that the first node shipped to the second: plain, and on the wire. */
  private static Pulse.Peer shipped(ModelNet net) {
    Node first = net.node(0);
    return first.cluster().pulse().peers().stream()
        .filter(peer -> peer.node().equals(net.node(1).id))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void nodesOfOldAndNewFormatsGetTheSameAndTheNewTakeFewerBytes() {
    for (int format = PeerCodec.OLDEST; format <= PeerCodec.NEWEST; format++) {
      ModelNet net = new ModelNet(5).with(2);
      net.node(1).formatMax = format;
      net.startAll().run(5 * ModelNet.SECOND);
      for (int i = 0; i < 20; i++) {
        Pending write = net.node(0).write("k" + i, 4, 3_000, AckLevel.ALL);
        if (write == null) throw new AssertionError("takes no writes");
        net.await("acknowledged", ModelNet.SECOND, () -> write.acked);
      }
      assertEquals(net.node(0).replica.tree().root(), net.node(1).replica.tree().root());
      Pulse.Peer shipped = shipped(net);
      assertTrue(shipped.bytes() > 160_000, shipped::toString);
      assertTrue(shipped.underWay() < ClusterConfig.Limits.DEFAULT.windowBytes(), "given back");
      boolean packs = format >= FORMAT;
      assertEquals(packs, shipped.wireBytes() < shipped.bytes() / 2, "format " + format);
      assertEquals(!packs, shipped.wireBytes() == shipped.bytes(), "format " + format);
    }
  }
}
