package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.memory.Slab;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: groups come out in the order of their bytes, whatever the bytes. Method: keys made to be
 * awkward for windows of eight bytes (shared beginnings of every length, ends within a window,
 * zeros that look like an end, keys that are beginnings of others) against a sorted set, all at
 * once and in runs that grow while somebody walks.
 */
final class MemtableOrderTest {
  private final Scratch scratch = new Scratch();

  @Test
  void sortsWhateverTheKeysShare() {
    for (long seed = 1; seed <= 60; seed++) {
      Entropy entropy = new SimEntropy(seed);
      List<Bytes> points = points(entropy, 1 + entropy.nextInt(1500));
      TreeSet<Bytes> expected = new TreeSet<>();
      try (Memtable memtable = new Memtable(Slab.create(2 << 20), seed)) {
        long lsn = 0;
        int runs = 1 + entropy.nextInt(30);
        for (Bytes point : points) {
          WriteBatch batch = new WriteBatch().put(RowKey.first(point), Bytes.EMPTY);
          memtable.apply(++lsn, batch.array(), 0, batch.encodedSize());
          expected.add(point);
          if (lsn % runs == 0) assertTrue(memtable.walk(lsn).next());
        }
        same("seed " + seed + " in runs", expected, memtable.walk(lsn));
        memtable.freeze();
        same("seed " + seed + " frozen", expected, memtable.sorted(scratch));
      }
    }
  }

  private static void same(String where, SortedSet<Bytes> expected, RowSource walk) {
    for (Bytes point : expected) {
      assertTrue(walk.next(), where);
      assertEquals(point, walk.rowKey().point(), where);
    }
    assertFalse(walk.next(), where);
  }

  private static List<Bytes> points(Entropy entropy, int count) {
    byte[] shared = new byte[entropy.nextInt(40)];
    entropy.fill(shared);
    int alphabet = 1 + entropy.nextInt(4);
    List<Bytes> points = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] tail = new byte[1 + entropy.nextInt(entropy.nextInt(3) == 0 ? 40 : 6)];
      for (int j = 0; j < tail.length; j++) tail[j] = (byte) -entropy.nextInt(alphabet);
      points.add(Bytes.concat(Bytes.wrap(shared), Bytes.wrap(tail)));
    }
    return points;
  }
}
