package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.WriteBatch;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Goal: derived data can be built from the apply stream, resumed from any position, dropped and
 * rebuilt. Method: an index from value to keys in a keyspace of its own, kept by the winner deltas
 * or caught up from the apply log, compared with the reads at random moments.
 */
final class ApplyStreamTest {
  private static final int KEYSPACE = Keyspace.DERIVED_MIN;

  /** Which keys have a value now: one row a pair, and a row with the position it reflects. */
  private static final class ValueIndex {
    private final TestNode node;

    ValueIndex(TestNode node) {
      this.node = node;
    }

    /** Takes the versions behind the position it stands at from the log. */
    void catchUp() {
      while (true) {
        List<AppliedRecord> records = node.graph().appliedAfter(position(), 7);
        if (records.isEmpty()) return;
        WriteBatch batch = new WriteBatch();
        for (AppliedRecord record : records) {
          refresh(batch, node.envelope(record.version()).version().key());
        }
        moveTo(batch, records.getLast().position());
        node.engine.apply(batch);
        node.settle();
      }
    }

    /** Takes what a commit tells, as the core does. */
    void take(Committed committed) {
      WriteBatch batch = new WriteBatch();
      for (Applied applied : committed.applied()) {
        assertEquals(position() + 1, committed.applied().getFirst().position());
        if (!applied.winnerChanged()) continue;
        Key key = applied.version().key();
        Head before = applied.winnerBefore();
        if (before != null && !before.deleted()) batch.delete(row(value(before), key));
        Head after = applied.winnerAfter();
        if (!after.deleted()) batch.put(row(value(after), key), Bytes.EMPTY);
      }
      if (committed.applied().isEmpty()) return;
      moveTo(batch, committed.applied().getLast().position());
      node.engine.apply(batch);
      node.settle();
    }

    void drop() {
      WriteBatch batch = new WriteBatch();
      try (Cursor cursor = all()) {
        while (cursor.next()) batch.delete(cursor.row().key());
      }
      batch.delete(RowKey.first(Bytes.of(KEYSPACE + 1)));
      node.engine.apply(batch);
    }

    long position() {
      Row row = node.engine.get(RowKey.first(Bytes.of(KEYSPACE + 1)));
      return row == null ? 0 : row.value().longAt(0);
    }

    Map<String, String> contents() {
      Map<String, String> found = new TreeMap<>();
      try (Cursor cursor = all()) {
        while (cursor.next()) {
          RowKey key = cursor.row().key();
          String previous = found.put(key.suffix().utf8(), key.point().slice(1).utf8());
          assertEquals(null, previous, "one value a key");
        }
      }
      return found;
    }

    private void refresh(WriteBatch batch, Key key) {
      String valueThen = contents().get(key.key());
      if (valueThen != null) batch.delete(row(Bytes.utf8(valueThen), key));
      Head now = node.graph().heads(key).winner().orElseThrow();
      if (!now.deleted()) batch.put(row(value(now), key), Bytes.EMPTY);
    }

    private void moveTo(WriteBatch batch, long position) {
      Bytes value = new ByteWriter().writeLong(position).toBytes();
      batch.put(RowKey.first(Bytes.of(KEYSPACE + 1)), value);
    }

    private Bytes value(Head head) {
      return contentOf(node, head);
    }

    private Cursor all() {
      return node.engine.cursor(
          RowKey.first(Bytes.of(KEYSPACE)), RowKey.first(Bytes.of(KEYSPACE + 1)));
    }

    private static RowKey row(Bytes value, Key key) {
      return new RowKey(Bytes.concat(Bytes.of(KEYSPACE), value), key.keyBytes());
    }
  }

  @Test
  void anIndexIsBuiltResumedDroppedAndRebuilt() {
    for (int seed = 1; seed <= 15; seed++) {
      SimEntropy entropy = new SimEntropy(seed);
      List<Envelope> graph = TestVersions.graph(entropy, 60);
      try (TestNode node = new TestNode(seed)) {
        ValueIndex index = new ValueIndex(node);
        for (Envelope envelope : TestVersions.shuffled(graph, entropy)) {
          Transaction transaction = node.store.begin();
          transaction.receiveDurably(envelope);
          Committed committed = transaction.commit();
          boolean asleep = entropy.nextInt(4) == 0;
          if (asleep) continue;
          boolean behind =
              !committed.applied().isEmpty()
                  && committed.applied().getFirst().position() != index.position() + 1;
          if (behind) {
            index.catchUp();
          } else {
            index.take(committed);
          }
          if (entropy.nextInt(10) == 0) node.reopen();
          if (entropy.nextInt(12) == 0) {
            index.drop();
            assertTrue(index.contents().isEmpty());
            index.catchUp();
          }
        }
        index.catchUp();
        Map<String, String> kept = index.contents();
        assertEquals(expected(node), kept, "seed " + seed);
        index.drop();
        index.catchUp();
        assertEquals(kept, index.contents(), "seed " + seed);
        assertEquals(node.store.appliedPosition(), index.position());
      }
    }
  }

  private static Map<String, String> expected(TestNode node) {
    Map<String, String> values = new TreeMap<>();
    try (KeyWalk walk = node.graph().keys("ns", "", null)) {
      while (walk.next()) {
        Heads heads = walk.heads();
        if (heads.live())
          values.put(heads.key().key(), contentOf(node, heads.winner().orElseThrow()).utf8());
      }
    }
    return values;
  }

  private static Bytes contentOf(TestNode node, Head head) {
    return Bytes.utf8(node.envelope(head.id()).version().content().hex());
  }
}
