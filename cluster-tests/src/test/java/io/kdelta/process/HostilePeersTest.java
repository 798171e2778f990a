package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Timestamp;
import io.kdelta.cluster.ClusterId;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.PeerCodec;
import io.kdelta.cluster.PeerMessage;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.FileList;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whatever a peer says, it can withhold its own help and nothing else. Method: processes with
 * 256 MiB of heap, a {@link FakePeer} over a real stream; behind each lie {@link HostileNode}
 * looks.
 */
final class HostilePeersTest {
  private static final long SEED = Long.getLong("kdelta.seed", 7);
  private static final String CLUSTER = "hostile";
  private static final int PART_BYTES = 1 << 20;

  private final Random random = new Random(SEED);

  @TempDir private static Path folder;
  private static HostileNode node;

  @BeforeAll
  static void start() throws Exception {
    System.out.println("seed " + SEED);
    node = HostileNode.start(folder, "--cluster", CLUSTER);
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  private FakePeer stranger() {
    return FakePeer.mute(node.connect(), random);
  }

  private FakePeer member() {
    return FakePeer.met(node.connect(), random, CLUSTER);
  }

  private interface Lie {
    void tell(FakePeer peer) throws Exception;
  }

  private void withstandsMember(String what, Lie lie) {
    node.withstands(
        what,
        () -> {
          try (FakePeer peer = member()) {
            lie.tell(peer);
          }
        });
  }

  private Digest draw() {
    return new Digest(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
  }

  private Bytes noise(int kind, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    bytes[0] = (byte) kind;
    return Bytes.wrap(bytes);
  }

  @Test
  void strangers() {
    node.withstands(
        "garbage of every kind",
        () -> {
          // The node gives each two seconds to hear why: many at a time.
          for (int kind = 0; kind < 64; kind += 16) {
            List<FakePeer> peers = new ArrayList<>();
            try {
              for (int i = 0; i < 16; i++) {
                FakePeer peer = stranger();
                peers.add(peer);
                peer.say(noise(kind + i, 1 + random.nextInt(2_000)));
              }
              for (FakePeer peer : peers) {
                assertEquals(
                    PeerMessage.Refuse.Reason.MALFORMED,
                    peer.await(PeerMessage.Refuse.class).reason());
                peer.awaitEnd();
              }
            } finally {
              for (FakePeer peer : peers) peer.close();
            }
          }
        });
    node.withstands(
        "who speaks before its hello",
        () -> {
          try (FakePeer peer = stranger()) {
            peer.say(new PeerMessage.Want(List.of(draw())));
            peer.await(PeerMessage.Refuse.class);
            peer.awaitEnd();
          }
        });
    node.withstands(
        "a settled peer of another cluster, and its snapshot",
        () -> {
          try (FakePeer peer = stranger()) {
            peer.say(peer.hello(ClusterId.named("another"), true));
            assertEquals(
                PeerMessage.Refuse.Reason.CLUSTER, peer.await(PeerMessage.Refuse.class).reason());
            peer.say(new PeerMessage.SnapshotAsk(1, FileList.Check.SHA256));
            peer.awaitEnd();
          }
        });
    partsOfMessages();
  }

  /** Pieces of messages that never end, on as many streams as a connection may have. */
  private void partsOfMessages() {
    for (boolean met : new boolean[] {false, true}) {
      node.withstands(
          "parts of messages without an end, " + (met ? "by members" : "before any hello"),
          () -> {
            List<FakePeer> peers = new ArrayList<>();
            try {
              for (int i = 0; i < 16; i++) {
                FakePeer peer = met ? member() : stranger();
                peers.add(peer);
                for (int part = 0; part < 20; part++) {
                  byte[] piece = new byte[3 + PART_BYTES];
                  piece[1] = 2;
                  peer.say(Bytes.wrap(piece));
                }
                if (met && i < 2) peer.awaitTaken();
              }
              // Some seconds for those who have met: all of them at once.
              for (int i = 0; i < 16; i++) {
                if (!met || i > 4) peers.get(i).awaitEnd();
              }
            } finally {
              for (FakePeer peer : peers) peer.close();
            }
          });
    }
  }

  @Test
  void versions() {
    withstandsMember(
        "versions whose bytes do not match their id",
        peer -> {
          Envelope sound = peer.version("k", "{\"a\":1}", List.of(), 1);
          Envelope forged =
              new Envelope(
                  sound.version(), sound.dots(), null, Bytes.utf8("{\"a\":2}"), Bytes.EMPTY);
          peer.say(peer.ship(forged, null, null));
          peer.say(new PeerMessage.Versions(List.of(forged)));
          peer.say(new PeerMessage.Push(1, List.of(forged)));
          peer.awaitTaken();
        });
    withstandsMember(
        "versions with a bit flipped, a million parents among them",
        peer -> {
          byte[] bent =
              PeerCodec.encode(peer.ship(peer.version("k", "1", List.of(), 1), null, null))
                  .toArray();
          for (int i = 0; i < 60; i++) {
            byte[] copy = bent.clone();
            copy[1 + random.nextInt(copy.length - 1)] ^= (byte) (1 << random.nextInt(8));
            try (FakePeer other = member()) {
              other.say(Bytes.wrap(copy));
            }
            if (i % 20 == 0) node.readsItsOwn();
          }
        });
    node.endures(
        "one place with two contents, and a year that never comes",
        () -> {
          try (FakePeer peer = member()) {
            peer.say(peer.ship(peer.version("k", "1", List.of(), 1), null, null));
            peer.say(peer.ship(peer.version("k", "2", List.of(), 1), null, null));
            peer.say(peer.ship(peer.version("far", "1", List.of(), Timestamp.MAX, 2), null, null));
            peer.awaitTaken();
          }
        });
    long second =
        node.kv()
            .put(
                PutRequest.newBuilder()
                    .setNamespace("n")
                    .setKey("k")
                    .setAck(AckLevel.ACK_LEVEL_LOCAL)
                    .setValue(ByteString.copyFromUtf8("1"))
                    .build())
            .getTime()
            .getSeconds();
    assertTrue(second < 4_000_000_000L, "the clock was dragged to " + second);
  }

  @Test
  void logs() {
    withstandsMember(
        "5,000 versions whose parents never come",
        peer -> {
          for (int i = 1; i <= 5_000; i++) {
            List<Digest> parents = List.of(draw());
            peer.say(peer.ship(peer.version("k" + i, "{\"i\":" + i + "}", parents, i), null, null));
          }
          peer.awaitTaken();
        });
    withstandsMember(
        "a log with gaps, chains that do not hold, and places that nobody has",
        peer -> {
          Digest none = draw();
          peer.say(new PeerMessage.Offer(peer.log(), Long.MAX_VALUE - 1));
          peer.say(peer.ship(peer.version("k", "1", List.of(), 7), null, null));
          peer.say(peer.ship(peer.version("k", "1", List.of(), 1), none, draw()));
          peer.say(peer.ship(peer.version("k", "1", List.of(), 1L << 60), none, null));
          peer.awaitTaken();
        });
    withstandsMember(
        "receipts and positions that nobody has",
        peer -> {
          TreeMap<Incarnation, Intervals> all = new TreeMap<>();
          for (int i = 0; i < 4_000; i++) {
            all.put(new Incarnation(random.nextLong(), i), Intervals.of(1, Long.MAX_VALUE - 2));
          }
          Member.Facts facts =
              new Member.Facts(
                  Long.MAX_VALUE, Member.Stage.READY, draw(), -1, -1, Long.MAX_VALUE, -1, 0);
          peer.say(new PeerMessage.Facts(Long.MAX_VALUE, facts, all));
          for (Incarnation log : all.keySet()) {
            peer.say(new PeerMessage.Receipt(log, 1_000, 1, 1_000, draw(), 1_000));
          }
          peer.awaitTakenOrEnd();
        });
  }

  @Test
  void sessions() {
    withstandsMember(
        "reconciliations of nonsense: filters, trees, cells, counts",
        peer -> {
          for (int kind = 0; kind < 32; kind++) {
            for (int size : new int[] {1, 9, 100, 3_000}) {
              long session = random.nextLong();
              peer.say(new PeerMessage.Reconcile(session, noise(kind, size)));
              byte[] ones = new byte[size];
              Arrays.fill(ones, (byte) -1);
              ones[0] = (byte) kind;
              peer.say(new PeerMessage.Reconcile(session, Bytes.wrap(ones)));
              peer.say(new PeerMessage.PushCredit(session, Long.MAX_VALUE));
            }
          }
          peer.awaitTaken();
        });
    withstandsMember(
        "snapshots that nobody asked for, and pieces that no file has",
        peer -> {
          peer.say(new PeerMessage.SnapshotPiece(1, 0, 0, noise(0, 1_000), 0));
          peer.say(new PeerMessage.SnapshotGet(1, Integer.MAX_VALUE, Integer.MAX_VALUE));
          peer.say(new PeerMessage.SnapshotEnd(1, true, "why not"));
          for (int i = 0; i < 100; i++) {
            peer.say(new PeerMessage.SnapshotAsk(i, FileList.Check.SHA256));
          }
          peer.awaitTaken();
        });
  }

  @Test
  void gossip() {
    withstandsMember(
        "gossip that declares the living dead with number 2^63-1",
        peer -> {
          NodeId victim = NodeId.fromHex(node.status().getNodeId());
          for (Member.State state : Member.State.values()) {
            PeerMessage.Rumour lie =
                new PeerMessage.Rumour(
                    FakePeer.card(victim, "127.0.0.1:1"), state, Long.MAX_VALUE, peer.node());
            peer.say(new PeerMessage.Ping(1, List.of(lie)));
          }
          peer.awaitTaken();
          assertTrue(node.status().getReady(), "it knows better");
        });
    withstandsMember(
        "100,000 members that there are not, all at a victim's address",
        peer -> {
          for (int i = 0; i < 25; i++) {
            List<PeerMessage.Members.Entry> entries = new ArrayList<>();
            for (int j = 0; j < 4_000; j++) {
              NodeId fake = new NodeId(random.nextLong(), j);
              PeerMessage.Rumour rumour =
                  new PeerMessage.Rumour(
                      FakePeer.card(fake, "127.0.0.1:1"), Member.State.ALIVE, 1, fake);
              entries.add(new PeerMessage.Members.Entry(rumour, 1, Member.Facts.NONE));
            }
            peer.say(new PeerMessage.Members(true, PeerMessage.Members.Knowledge.WHOLE, entries));
          }
          peer.awaitTaken();
        });
  }
}
