package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.memory.Slab;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: what is shown without a copy is never used for longer than it may be, and an arena only by
 * its owner. Method: each rule of the arenas is broken on purpose, and -ea must say so.
 */
final class RowViewTest {
  private static final RowKey KEY = new RowKey(Bytes.utf8("key"), Bytes.of(1));
  private static final byte[] RAW = Bytes.concat(KEY.point(), KEY.suffix()).toArray();

  @Test
  void aViewDiesWithTheNextCallThatMayMoveWhatItShows() {
    try (StorageEngine engine = open()) {
      engine.apply(new WriteBatch().put(KEY, Bytes.of(1, 2)));
      List<Runnable> ends =
          List.of(
              () -> engine.apply(new WriteBatch().delete(RowKey.first(Bytes.of(9)))),
              engine::takeWork,
              () -> engine.snapshot().close(),
              () -> engine.group(KEY.point()).close());
      for (Runnable end : ends) {
        RowView view = new RowView();
        assertTrue(engine.get(RAW, 0, 3, 1, view));
        assertEquals(new Row(KEY, Bytes.of(1, 2), 1), view.row());
        end.run();
        assertThrows(AssertionError.class, view::valueSegment);
        assertThrows(AssertionError.class, view::value);
        assertThrows(AssertionError.class, view::suffix);
      }
    }
  }

  @Test
  void aViewShowsNothingBeforeARowAndAfterAMiss() {
    try (StorageEngine engine = open()) {
      engine.apply(new WriteBatch().put(KEY, Bytes.of(1)));
      RowView view = new RowView();
      assertThrows(AssertionError.class, view::valueSize);
      assertTrue(engine.first(RAW, 0, 3, view));
      assertEquals(1, view.valueSize());
      assertFalse(engine.get(RAW, 0, 2, 1, view));
      assertThrows(AssertionError.class, view::valueSize);
      assertThrows(IndexOutOfBoundsException.class, () -> keyOutside(engine));
    }
  }

  @Test
  void aCursorsViewDiesWhenItMovesOrCloses() {
    try (StorageEngine engine = open()) {
      engine.apply(
          new WriteBatch().put(KEY, Bytes.of(1)).put(RowKey.first(KEY.point()), KEY.point()));
      Cursor cursor = engine.cursor(RowKey.first(Bytes.of(0)), null);
      assertTrue(cursor.next());
      RowView view = cursor.view();
      engine.apply(new WriteBatch().delete(KEY));
      assertEquals(KEY.point(), view.value());
      assertTrue(cursor.next());
      assertThrows(AssertionError.class, view::value);
      assertEquals(Bytes.of(1), cursor.view().value());
      cursor.close();
      assertThrows(AssertionError.class, view::value);
    }
  }

  @Test
  void aMemtableIsWrittenByItsOwnerAndUntilItIsFrozen() throws InterruptedException {
    try (Memtable memtable = new Memtable(Slab.create(1 << 16), 1)) {
      WriteBatch batch = new WriteBatch().put(KEY, Bytes.of(1));
      memtable.apply(1, batch.array(), 0, batch.encodedSize());
      assertThrows(AssertionError.class, () -> memtable.sorted(new Scratch()));
      Throwable foreign = elsewhere(() -> memtable.apply(2, batch.array(), 0, batch.encodedSize()));
      assertInstanceOfWrongThread(foreign);
      memtable.freeze();
      assertEquals(null, elsewhere(() -> assertTrue(memtable.sorted(new Scratch()).next())));
      assertThrows(
          AssertionError.class, () -> memtable.apply(3, batch.array(), 0, batch.encodedSize()));
      assertInstanceOfWrongThread(elsewhere(memtable::clear));
    }
  }

  @Test
  void aBatchThatDoesNotFitItsReservationIsNoticed() {
    try (Memtable memtable = new Memtable(Slab.create(4096), 1)) {
      WriteBatch batch = new WriteBatch().put(KEY, Bytes.wrap(new byte[5000]));
      assertFalse(memtable.fits(batch));
      assertThrows(
          AssertionError.class, () -> memtable.apply(1, batch.array(), 0, batch.encodedSize()));
    }
  }

  private static void keyOutside(StorageEngine engine) {
    RowView view = new RowView();
    assertTrue(engine.first(RAW, 0, 3, view));
    view.suffixAt(1);
  }

  private static void assertInstanceOfWrongThread(@Nullable Throwable thrown) {
    assertTrue(thrown instanceof WrongThreadException, String.valueOf(thrown));
  }

  private static @Nullable Throwable elsewhere(Runnable use) throws InterruptedException {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread thread =
        new Thread(() -> {
          try {
            use.run();
          } catch (Throwable t) {
            thrown.set(t);
          }
        });
    thread.start();
    thread.join();
    return thrown.get();
  }

  private static StorageEngine open() {
    return StorageEngine.open(new SimVfs(new SimEntropy(1)), new SimEntropy(1), StoreModel.TINY);
  }
}
