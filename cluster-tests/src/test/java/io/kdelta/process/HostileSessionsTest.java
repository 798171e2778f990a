package io.kdelta.process;

import com.google.protobuf.ByteString;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.PeerMessage;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.DotReport;
import io.kdelta.reconciliation.DotSummary;
import io.kdelta.reconciliation.Input;
import io.kdelta.reconciliation.Limits;
import io.kdelta.reconciliation.Message;
import io.kdelta.reconciliation.MessageCodec;
import io.kdelta.reconciliation.Octets;
import io.kdelta.reconciliation.Prefix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a peer whose messages of a reconciliation are well formed and untrue wastes its own session
 * and nothing else. Method: a process with 256 MiB of heap that holds some versions; a {@link
 * FakePeer} that opens sessions and says the same kind of lie turn after turn, as large as the
 * limits let it; behind each {@link HostileNode} looks.
 */
final class HostileSessionsTest {
  private static final long SEED = Long.getLong("kdelta.seed", 7);
  private static final String CLUSTER = "hostile";
  private static final int VERSIONS = 300;
  private static final int TURNS = 12;
  private static final int PART_BYTES = 256 << 10;
  private static final MessageCodec CODEC = new MessageCodec(Limits.STANDARD);

  private final Random random = new Random(SEED);

  @TempDir private static Path folder;
  private static HostileNode node;

  /** One turn of a liar. */
  private interface Lie {
    List<Message> tell();
  }

  @BeforeAll
  static void start() throws Exception {
    System.out.println("seed " + SEED);
    node = HostileNode.start(folder, "--cluster", CLUSTER);
    for (int i = 0; i < VERSIONS; i++) {
      var _ =
          node.kv()
              .put(
                  PutRequest.newBuilder()
                      .setNamespace("held")
                      .setKey("k" + i)
                      .setAck(AckLevel.ACK_LEVEL_LOCAL)
                      .setValue(ByteString.copyFromUtf8("" + i))
                      .build());
    }
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  @Test
  void filters() {
    lies("a filter of ones only", () -> filter(8, 1 << 20, (byte) -1));
    lies("a filter of zeros only", () -> filter(8, 1 << 20, (byte) 0));
    lies("a filter of 255 hashes", () -> filter(255, 1 << 16, (byte) -1));
    lies("the first bytes of a filter of 16 MiB, again and again", () -> begun(16 << 20));
    lies("a filter that begins in the middle", () -> List.of(part(8, 1 << 20, 1 << 19, zeros(8))));
  }

  @Test
  void trees() {
    lies("a tree that is another one at each look", () -> List.of(tree(4_096, 1)));
    lies("a tree as deep as ids are long", () -> List.of(tree(64, 60)));
    lies("leaves of ids that nobody has", () -> List.of(leaves(512), over(1_000)));
    lies("a tree of whole hashes, before anybody asks", () -> List.of(whole()));
  }

  @Test
  void sketchesAndCounts() {
    lies("cells of noise, a million announced", () -> List.of(cells(4_096)));
    lies("questions for cells without an end", () -> more());
    lies("wishes for a hundred thousand versions", () -> List.of(wishes(100_000), over(0)));
    lies("2^40 versions that are pushed, and never come", () -> List.of(over(1L << 40)));
    lies("an end under a root that nobody has", () -> List.of(done()));
  }

  /** One that tells numbers, without which nobody would talk to it. */
  private FakePeer liar() {
    FakePeer peer = FakePeer.met(node.connect(), random, CLUSTER);
    Member.Facts facts = new Member.Facts(1, Member.Stage.READY, draw(), 5, 5, 5, 0, 0);
    peer.say(new PeerMessage.Facts(1, facts, new TreeMap<>()));
    return peer;
  }

  private static void goOn(FakePeer peer, long session, Lie lie, boolean ended) {
    for (int turn = 0; turn < TURNS; turn++) {
      List<Message> told = new ArrayList<>(lie.tell());
      if (ended) told.add(over(0));
      say(peer, session, told);
      if (over(peer.heardMeanwhile())) return;
    }
  }

  /** Opens a session; one that the node has opened meanwhile has to give way. */
  private long open(FakePeer peer) {
    for (int tries = 0; tries < 100; tries++) {
      long session = random.nextLong();
      say(peer, session, List.of(new Message.Root(draw(), DotReport.NONE)));
      while (true) {
        PeerMessage.Reconcile said = peer.await(PeerMessage.Reconcile.class);
        Message message = heard(said);
        if (said.session() == session) {
          if (message instanceof Message.State) return session;
          break;
        }
        if (message instanceof Message.Root) {
          say(peer, said.session(), List.of(new Message.Fail(Message.Fail.Code.BUSY)));
        }
      }
    }
    throw new AssertionError("the node has no time for a session");
  }

  /** In sessions that the liar opens: each lie alone, and then with a word that ends the turn. */
  private void lies(String what, Lie lie) {
    node.withstands(
        what,
        () -> {
          for (boolean ended : new boolean[] {false, true}) {
            try (FakePeer peer = liar()) {
              goOn(peer, open(peer), lie, ended);
            }
          }
        });
  }

  private static void say(FakePeer peer, long session, List<Message> messages) {
    for (Message message : messages) {
      peer.say(new PeerMessage.Reconcile(session, Bytes.wrap(CODEC.encode(message))));
    }
  }

  private static Message heard(PeerMessage.Reconcile said) {
    if (CODEC.decode(said.body().toArray()) instanceof Input.Heard(Message message)) return message;
    throw new AssertionError("the node says what is no message");
  }

  /** Whether the node has given up. */
  private static boolean over(List<PeerMessage> said) {
    for (PeerMessage message : said) {
      if (message instanceof PeerMessage.Reconcile part && heard(part) instanceof Message.Fail) {
        return true;
      }
    }
    return false;
  }

  private Digest draw() {
    return new Digest(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
  }

  private DotSummary.Name name() {
    return new DotSummary.Name(random.nextLong(), random.nextLong());
  }

  private static Octets zeros(int size) {
    return Octets.copyOf(new byte[size], 0, size);
  }

  private Octets noise(int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return Octets.copyOf(bytes, 0, size);
  }

  private List<Message> filter(int hashes, int size, byte fill) {
    byte[] part = new byte[Math.min(size, PART_BYTES)];
    Arrays.fill(part, fill);
    List<Message> parts = new ArrayList<>();
    for (int at = 0; at < size; at += part.length) {
      parts.add(part(hashes, size, at, Octets.copyOf(part, 0, part.length)));
    }
    return parts;
  }

  private List<Message> begun(int size) {
    return List.of(part(8, size, 0, zeros(8)));
  }

  private Message part(int hashes, int size, int at, Octets bytes) {
    long items = 1L << 40;
    return new Message.Filter(
        Prefix.ALL, random.nextLong(), name(), items, items, hashes, size, at, bytes);
  }

  private Message tree(int nodes, int depth) {
    TreeSet<Prefix> places = new TreeSet<>();
    for (int i = 0; i < nodes; i++) places.add(place(depth));
    List<Message.Tree.Node> all = new ArrayList<>();
    for (Prefix place : places) {
      List<Digest> hashes = new ArrayList<>();
      for (int child = 0; child < 16; child++) {
        hashes.add(new Digest(random.nextLong(), 0, 0, 0));
      }
      all.add(new Message.Tree.Node(place, 0xffff, hashes));
    }
    return new Message.Tree(Message.Tree.SHORT, all);
  }

  private Message whole() {
    Message.Tree.Node root = new Message.Tree.Node(Prefix.ALL, 3, List.of(draw(), draw()));
    return new Message.Tree(Message.Tree.WHOLE, List.of(root));
  }

  private Prefix place(int depth) {
    Prefix place = Prefix.ALL;
    for (int i = 0; i < depth; i++) place = place.child(random.nextInt(16));
    return place;
  }

  private Message leaves(int count) {
    TreeSet<Prefix> places = new TreeSet<>();
    for (int i = 0; i < count; i++) places.add(place(3));
    List<Message.Leaf.Bucket> buckets = new ArrayList<>();
    for (Prefix place : places) buckets.add(new Message.Leaf.Bucket(place, List.of(within(place))));
    return new Message.Leaf(buckets);
  }

  /** An id of that place. */
  private Digest within(Prefix place) {
    Prefix whole = place;
    while (whole.depth() < Digest.NIBBLES) whole = whole.child(random.nextInt(16));
    return whole.bits();
  }

  private Message cells(int count) {
    return new Message.Cells(Prefix.ALL, false, 0, Limits.STANDARD.cellsMax(), noise(8 * count));
  }

  private List<Message> more() {
    List<Message> questions = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      questions.add(new Message.More(Prefix.ALL, false, 0, Limits.STANDARD.cellsMax()));
    }
    return questions;
  }

  private Message wishes(int count) {
    TreeSet<Long> cut = new TreeSet<>();
    while (cut.size() < count) cut.add(random.nextLong() >>> 24);
    return new Message.Want(Message.Want.Kind.IDS, 40, 0, List.copyOf(cut), List.of(draw()));
  }

  private static Message over(long pushing) {
    return new Message.Over(pushing, List.of());
  }

  private Message done() {
    List<Digest> refused = new ArrayList<>();
    for (int i = 0; i < 4_000; i++) refused.add(draw());
    return new Message.Done(draw(), 1L << 40, refused, 1L << 40);
  }
}
