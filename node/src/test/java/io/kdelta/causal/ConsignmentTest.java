package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: versions of whole keys that are taken as they were laid out elsewhere leave the store as
 * receiving them one by one does, in memory and on disk; where anything that the store holds bears
 * on them, or anything is wrong with them, nothing is taken. Method: two nodes take the versions of
 * a third, one each way, and are compared, also after a new start.
 */
final class ConsignmentTest {
  private static final int KEYS = 60;

  private final TestNode origin = new TestNode(1);
  private final TestNode whole = new TestNode(2);
  private final TestNode single = new TestNode(3);

  @AfterEach
  void close() {
    origin.close();
    whole.close();
    single.close();
  }

  /** Histories, branches, deletes, large documents, requests. */
  private void fill() {
    for (int i = 0; i < 4 * KEYS; i++) {
      String key = "key-" + i * 7 % KEYS;
      Draft draft = Draft.put(new Key("ns" + i % 3, key), Bytes.utf8("{\"n\":" + i + "}"));
      if (i % 5 == 0) draft = draft.as(new Request("request-" + i, 0, 1));
      if (i % 11 == 0) draft = draft.over(List.of());
      origin.write(draft);
    }
    origin.write(Draft.delete(new Key("ns0", "key-0")));
    for (int i = 0; i < 3; i++) origin.put("large", "\"" + "x".repeat(6_000 + i) + "\"");
  }

  /** All versions, key by key, the oldest first. */
  private List<Envelope> versions() {
    TreeMap<Bytes, List<Envelope>> byKey = new TreeMap<>();
    for (AppliedRecord applied : origin.graph().appliedAfter(0, Integer.MAX_VALUE)) {
      Envelope envelope = Objects.requireNonNull(origin.graph().envelope(applied.version()));
      Bytes group = envelope.version().key().group();
      byKey.computeIfAbsent(group, _ -> new ArrayList<>()).add(envelope);
    }
    List<Envelope> all = new ArrayList<>();
    byKey.values().forEach(all::addAll);
    return all;
  }

  private static Consignment packed(List<Envelope> versions) {
    Consignment packed = Consignment.pack(versions, ContentSchema.ANY);
    assertNotNull(packed, "nothing is wrong with these");
    return packed;
  }

  private static boolean take(TestNode node, Consignment consignment) {
    Transaction transaction = node.store.begin();
    boolean taken = transaction.receive(consignment);
    if (taken) {
      transaction.commit();
    } else {
      transaction.abandon();
    }
    node.settle();
    return taken;
  }

  private static void takeSingly(TestNode node, List<Envelope> versions) {
    for (Envelope envelope : versions) {
      Transaction transaction = node.store.begin();
      assertTrue(transaction.receive(envelope) instanceof Reception.Visible);
      transaction.commit();
      node.settle();
    }
  }

  private static void tend(TestNode node) {
    for (int i = 0; i < 1_000 && node.store.tend(); i++) node.settle();
  }

  @Test
  void theStoreIsAsIfTheyHadComeOneByOne() {
    fill();
    List<Envelope> versions = versions();
    List<List<Envelope>> keys = new ArrayList<>();
    for (Envelope envelope : versions) {
      boolean same =
          !keys.isEmpty()
              && keys.getLast().getFirst().version().key().equals(envelope.version().key());
      if (!same) keys.add(new ArrayList<>());
      keys.getLast().add(envelope);
    }
    for (int from = 0; from < keys.size(); from += 25) {
      List<Envelope> some = new ArrayList<>();
      keys.subList(from, Math.min(keys.size(), from + 25)).forEach(some::addAll);
      assertTrue(take(whole, packed(some)));
    }
    takeSingly(single, versions);
    tend(whole);
    tend(single);
    TreeSet<String> own = new TreeSet<>(List.of("node"));
    for (String fact : Snapshots.memory(single.store).keySet()) {
      if (own.contains(fact)) continue;
      assertEquals(
          Snapshots.memory(single.store).get(fact), Snapshots.memory(whole.store).get(fact), fact);
    }
    assertEquals(Snapshots.answers(single.store), Snapshots.answers(whole.store));
    Snapshots.check(whole.store);
    assertEquals(
        single.graph().appliedAfter(0, Integer.MAX_VALUE),
        whole.graph().appliedAfter(0, Integer.MAX_VALUE));
    assertEquals(Snapshots.memory(whole.store), Snapshots.memory(whole.rescanned()));
    whole.reopen();
    assertEquals(origin.store.tree().root(), whole.store.tree().root());
    for (int i = 0; i < 4 * KEYS; i += 5) {
      assertEquals(1, whole.graph().request("request-" + i).size());
    }
  }

  @Test
  void whatIsWrittenLaterGoesOnFromThere() {
    fill();
    assertTrue(take(whole, packed(versions())));
    Key key = new Key("ns1", "key-7");
    Written written = whole.write(Draft.put(key, Bytes.utf8("1")));
    assertEquals(List.of(written.version().id()), whole.graph().heads(key).ids());
    Snapshots.check(whole.store);
    assertEquals(origin.store.tree().count() + 1, whole.store.tree().count());
  }

  @Test
  void chainsFollowInSlicesAndCarryFrames() {
    fill();
    assertTrue(take(whole, packed(versions())));
    Incarnation log = origin.store.incarnation().orElseThrow();
    tend(whole);
    Position held = whole.store.position(log);
    Position told = origin.store.position(log);
    assertEquals(told.chainSeq(), held.chainSeq());
    assertEquals(told.chain(), held.chain());
    Written next = origin.put("next", "1");
    Frame frame =
        Objects.requireNonNull(
            origin.store.frame(log, next.dots().getFirst().seq(), 1 << 20), "the next frame");
    Transaction transaction = whole.store.begin();
    assertTrue(transaction.receive(frame) instanceof FrameReception.Taken);
    transaction.commit();
    assertEquals(origin.store.position(log).chain(), whole.store.position(log).chain());
    assertEquals(
        origin.store.chain(log, told.chainSeq() + 1), whole.store.chain(log, told.chainSeq() + 1));
  }

  @Test
  void aChainThatContradictsItsRowsIsDisputed() {
    fill();
    Incarnation log = origin.store.incarnation().orElseThrow();
    List<Envelope> versions = versions();
    assertTrue(take(whole, packed(versions.subList(0, 1))));
    Frame frame = Objects.requireNonNull(origin.store.frame(log, 3, 1));
    Frame lie = new Frame(log, frame.node(), 3, Digest.ZERO, null, frame.entries());
    Transaction transaction = whole.store.begin();
    transaction.receive(lie);
    transaction.commit();
    for (Envelope envelope : versions) {
      Transaction one = whole.store.begin();
      one.receive(envelope);
      one.commit();
      whole.settle();
    }
    tend(whole);
    assertTrue(whole.store.position(log).disputed());
  }

  @Test
  void nothingIsTakenWhereAKeyIsKnown() {
    fill();
    Consignment all = packed(versions());
    whole.write(Draft.put(new Key("ns1", "key-7"), Bytes.utf8("0")));
    Digest root = whole.store.tree().root();
    assertFalse(take(whole, all));
    assertEquals(root, whole.store.tree().root());
    takeSingly(whole, all.envelopes());
    assertFalse(take(whole, all), "they are held by now");
    Snapshots.check(whole.store);
  }

  /** What a look at a stretch of keys found must not outlive a write into that stretch. */
  @Test
  void writesBetweenBatchesAreSeen() {
    fill();
    List<Envelope> versions = versions();
    for (long seed = 1; seed <= 20; seed++) {
      Random random = new Random(seed);
      try (TestNode node = new TestNode(100 + (int) seed)) {
        TreeSet<Key> written = new TreeSet<>();
        int from = 0;
        while (from < versions.size()) {
          int to = endOfKey(versions, Math.min(versions.size(), from + 1 + random.nextInt(30)));
          List<Envelope> some = versions.subList(from, to);
          boolean known = some.stream().anyMatch(one -> written.contains(one.version().key()));
          String what = "seed " + seed + ", from " + from;
          assertEquals(!known, take(node, packed(some)), what);
          if (known) takeSingly(node, some);
          from = to;
          if (random.nextInt(3) > 0) continue;
          Key key = new Key("ns" + random.nextInt(3), "key-" + random.nextInt(KEYS));
          node.write(Draft.put(key, Bytes.utf8("0")));
          written.add(key);
        }
        tend(node);
        Snapshots.check(node.store);
        assertEquals(Snapshots.memory(node.store), Snapshots.memory(node.rescanned()));
      }
    }
  }

  private static int endOfKey(List<Envelope> versions, int from) {
    int end = from;
    while (end < versions.size()
        && versions.get(end).version().key().equals(versions.get(end - 1).version().key())) {
      end++;
    }
    return end;
  }

  @Test
  void nothingIsTakenWhileSomethingWaits() {
    fill();
    Consignment all = packed(versions());
    Written parent = origin.put("a-waiting", "1");
    Written child = origin.put("a-waiting", "2");
    Transaction transaction = whole.store.begin();
    Envelope envelope = Objects.requireNonNull(origin.graph().envelope(child.version().id()));
    assertTrue(transaction.receiveDurably(envelope) instanceof Reception.Parked);
    transaction.commit();
    assertFalse(take(whole, all));
    takeSingly(
        whole, List.of(Objects.requireNonNull(origin.graph().envelope(parent.version().id()))));
    assertTrue(take(whole, all));
    Snapshots.check(whole.store);
    assertEquals(origin.store.tree().root(), whole.store.tree().root());
  }

  @Test
  void nothingIsTakenWhoseDotsAreTaken() {
    fill();
    Envelope other = versions().getFirst();
    Envelope mine = origin2(other.dots());
    assertTrue(take(whole, packed(List.of(mine))));
    assertFalse(take(whole, packed(List.of(other))));
    assertNull(
        Consignment.pack(inOrder(mine, other), ContentSchema.ANY), "two at one place of a log");
  }

  private Envelope origin2(List<Dot> dots) {
    Written written = single.put("elsewhere", "{}");
    Envelope envelope = Objects.requireNonNull(single.graph().envelope(written.version().id()));
    return envelope.withDots(dots);
  }

  private static List<Envelope> inOrder(Envelope one, Envelope two) {
    boolean before = one.version().key().group().compareTo(two.version().key().group()) < 0;
    return before ? List.of(one, two) : List.of(two, one);
  }

  @Test
  void whatIsNotWhatItMustBeIsNotPacked() {
    fill();
    Written first = origin.put("chain", "1");
    Written second = origin.put("chain", "2");
    Envelope parent = Objects.requireNonNull(origin.graph().envelope(first.version().id()));
    Envelope child = Objects.requireNonNull(origin.graph().envelope(second.version().id()));
    assertNotNull(Consignment.pack(List.of(parent, child), ContentSchema.ANY));
    assertNull(Consignment.pack(List.of(child), ContentSchema.ANY), "no parent");
    assertNull(Consignment.pack(List.of(child, parent), ContentSchema.ANY), "child first");
    assertNull(Consignment.pack(List.of(parent, parent), ContentSchema.ANY), "twice");
    Envelope lie =
        new Envelope(parent.version(), parent.dots(), null, Bytes.utf8("\"x\""), Bytes.EMPTY);
    assertNull(Consignment.pack(List.of(lie), ContentSchema.ANY), "another document");
    Envelope before = origin2(List.of());
    assertNull(
        Consignment.pack(inOrder(parent, before).reversed(), ContentSchema.ANY), "out of order");
    ContentSchema none = (_, _) -> "no";
    assertNull(Consignment.pack(List.of(parent), none), "the schema says no");
  }
}
