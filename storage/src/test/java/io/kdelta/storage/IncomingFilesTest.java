package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: what one store lends another one reads, row by row, and nothing but that. Method: a store
 * of rows large and small lends its files, which come piece by piece over crashes at every piece;
 * then single bytes of what is sent, kept and listed are changed.
 */
final class IncomingFilesTest {
  private static final int PIECE = 4 << 10;

  private final SimVfs lenderDisk = new SimVfs(new SimEntropy(1));
  private final SimVfs disk = new SimVfs(new SimEntropy(2));

  private static final StorageLimits LIMITS =
      new StorageLimits(32 << 10, 3, 8L << 20, 128 << 10, 1 << 10, 64 << 10, 512 << 10);

  private StorageEngine lender() {
    StorageEngine engine = StorageEngine.open(lenderDisk, new SimEntropy(3), LIMITS);
    for (int i = 0; i < 300; i++) {
      WriteBatch batch = new WriteBatch();
      batch.put(key(i), value(i));
      if (i % 7 == 0) batch.delete(key(i / 2));
      engine.apply(batch);
      engine.runInline();
    }
    return engine;
  }

  private static RowKey key(int i) {
    return RowKey.first(Bytes.utf8("key-" + (1_000 + i)));
  }

  private static Bytes value(int i) {
    return Bytes.utf8(("value " + i + " ").repeat(i % 50 == 3 ? 900 : 3));
  }

  private static Lending lend(StorageEngine engine) {
    Errand errand = engine.lend(PIECE);
    for (int i = 0; i < 100 && !errand.done(); i++) engine.runInline();
    return errand.lending().orElseThrow();
  }

  private static List<Row> rows(Cursor cursor) {
    List<Row> rows = new ArrayList<>();
    while (cursor.next()) rows.add(new Row(cursor.row().key(), cursor.row().value(), 0));
    return rows;
  }

  private static void gather(Lending lending, IncomingFiles incoming) {
    FileList list = lending.list();
    List<Integer> held = incoming.begin(list);
    for (int file = 0; file < list.files().size(); file++) {
      for (int piece = held.get(file); piece < list.files().get(file).pieces(); piece++) {
        incoming.keep(file, piece, lending.read(file, piece));
      }
    }
    incoming.complete();
  }

  @Test
  void theRowsAreThoseOfTheLender() {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine)) {
      FileList told = FileList.decode(lending.list().encode());
      assertEquals(lending.list(), told);
      assertTrue(told.files().stream().anyMatch(file -> file.name().endsWith(".blob")));
      IncomingFiles incoming = new IncomingFiles(disk);
      assertEquals(Optional.empty(), incoming.recall());
      gather(lending, incoming);
      assertEquals(Optional.of(told), incoming.recall());
      RowKey first = RowKey.first(Bytes.of(1));
      try (ForeignTables tables = incoming.read(told);
          Cursor theirs = engine.cursor(first, null)) {
        List<Row> rows = rows(tables.cursor(first, null));
        assertTrue(rows.size() > 200);
        assertEquals(rows(theirs), rows);
        assertEquals(
            rows.subList(100, rows.size()), rows(tables.cursor(rows.get(100).key(), null)));
      }
      incoming.drop();
      assertFalse(disk.exists(IncomingFiles.DIRECTORY));
      assertEquals(Optional.empty(), incoming.recall());
    }
  }

  @Test
  void filesStayAsLongAsTheyAreLent() {
    try (StorageEngine engine = lender()) {
      Lending lending = lend(engine);
      List<String> names = lending.list().files().stream().map(FileList.Listed::name).toList();
      engine.compact();
      for (int i = 0; i < 20; i++) engine.runInline();
      for (String name : names) assertTrue(lenderDisk.exists(name), name);
      lending.close();
      lending.close();
      for (int i = 0; i < 20; i++) engine.runInline();
      assertFalse(names.stream().allMatch(lenderDisk::exists));
      assertEquals(0, engine.stats().pins());
    }
  }

  @Test
  void aLendingThatNobodyWaitsForIsLetGoByItsOwnEnd() {
    try (StorageEngine engine = lender()) {
      Errand errand = engine.lend(PIECE);
      errand.abandon();
      for (int i = 0; i < 100 && !errand.done(); i++) engine.runInline();
      assertTrue(errand.done());
      assertEquals(0, engine.stats().pins());
    }
  }

  @Test
  void itGoesOnAfterAPowerLossBehindEveryPiece() {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine)) {
      FileList list = lending.list();
      int sent = 0;
      int pieces = list.files().stream().mapToInt(FileList.Listed::pieces).sum();
      for (int file = 0; file < list.files().size(); file++) {
        for (int piece = 0; piece < list.files().get(file).pieces(); piece++) {
          IncomingFiles incoming = new IncomingFiles(disk);
          List<Integer> held = incoming.begin(list);
          // Pieces of whole files were synced; of this one any number may be left.
          for (int i = 0; i < file; i++) {
            assertEquals(list.files().get(i).pieces(), held.get(i), list.files().get(i).name());
          }
          for (int next = held.get(file); next <= piece; next++) {
            incoming.keep(file, next, lending.read(file, next));
            sent++;
          }
          disk.crash();
          assertEquals(Optional.empty(), new IncomingFiles(disk).recall());
        }
      }
      assertTrue(sent >= pieces);
      gather(lending, new IncomingFiles(disk));
      disk.crash();
      IncomingFiles after = new IncomingFiles(disk);
      assertEquals(Optional.of(list), after.recall());
      try (ForeignTables tables = after.read(list);
          Cursor cursor = tables.cursor(RowKey.first(Bytes.of(1)), null)) {
        assertTrue(rows(cursor).size() > 200);
      }
    }
  }

  @Test
  void aPieceThatWasNotListedIsRefused() {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine)) {
      IncomingFiles incoming = new IncomingFiles(disk);
      incoming.begin(lending.list());
      byte[] piece = lending.read(0, 0).toArray();
      piece[piece.length / 2] ^= 1;
      assertThrows(
          KdeltaException.Corrupt.class, () -> incoming.keep(0, 0, Bytes.wrap(piece.clone())));
      // It was on its way when the one before it was refused.
      Bytes next = lending.read(0, 1);
      assertThrows(KdeltaException.Invalid.class, () -> incoming.keep(0, 1, next));
      Bytes shorter = lending.read(0, 0).slice(0, 100);
      assertThrows(KdeltaException.Corrupt.class, () -> incoming.keep(0, 0, shorter));
      piece[piece.length / 2] ^= 1;
      incoming.keep(0, 0, Bytes.wrap(piece));
    }
  }

  @Test
  void whatRottedMeanwhileIsFetchedAgain() {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine)) {
      FileList list = lending.list();
      gather(lending, new IncomingFiles(disk));
      String path = IncomingFiles.DIRECTORY + "/" + list.files().getFirst().name();
      try (Vfs.File file = disk.open(path)) {
        file.writeAt(PIECE + 7L, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      }
      IncomingFiles again = new IncomingFiles(disk);
      List<Integer> held = again.begin(list);
      assertEquals(1, held.getFirst());
      assertEquals(Optional.empty(), again.recall());
      gather(lending, again);
      assertEquals(Optional.of(list), again.recall());
    }
  }

  @Test
  void aListWithOneByteChangedIsNoListOrAnother() {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine)) {
      byte[] bytes = lending.list().encode().toArray();
      for (int i = 0; i < bytes.length; i++) {
        byte[] changed = bytes.clone();
        changed[i] ^= 64;
        try {
          FileList other = FileList.decode(Bytes.wrap(changed));
          assertFalse(other.equals(lending.list()));
        } catch (KdeltaException.Invalid expected) {
          assertFalse(String.valueOf(expected.getMessage()).isEmpty());
        }
      }
    }
  }
}
