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
 * then single bytes of what is sent, kept and listed are changed. With pieces that bring their
 * seals, and with digests in the list.
 */
final class IncomingFilesTest {
  private static final int PIECE = 4 << 10;
  private static final Bytes LENDER = Bytes.utf8("lender");

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
    return lend(engine, FileList.Check.LATER);
  }

  private static Lending lend(StorageEngine engine, FileList.Check check) {
    Errand errand = engine.lend(PIECE, check);
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
    List<Integer> held = incoming.begin(list, LENDER);
    for (int file = 0; file < list.files().size(); file++) {
      for (int piece = held.get(file); piece < list.pieces(file); piece++) {
        keep(incoming, file, piece, lending.read(file, piece));
      }
    }
    incoming.complete();
  }

  private static void keep(IncomingFiles incoming, int file, int piece, Bytes bytes) {
    incoming.keep(file, piece, bytes, PieceSeal.of(bytes));
  }

  /** Stands for what was gathered; empty for nothing. */
  private static Bytes recalled(IncomingFiles incoming) {
    return incoming.recall().map(FileList::digest).orElse(Bytes.EMPTY);
  }

  @Test
  void theRowsAreThoseOfTheLender() {
    theRowsAreThoseOfTheLender(FileList.Check.LATER);
  }

  @Test
  void theRowsAreThoseOfTheLenderByDigests() {
    theRowsAreThoseOfTheLender(FileList.Check.SHA256);
  }

  private void theRowsAreThoseOfTheLender(FileList.Check check) {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine, check)) {
      FileList told = FileList.decode(lending.list().encode());
      assertEquals(lending.list(), told);
      assertTrue(told.files().stream().anyMatch(file -> file.name().endsWith(".blob")));
      IncomingFiles incoming = new IncomingFiles(disk);
      assertEquals(Optional.empty(), incoming.recall());
      gather(lending, incoming);
      assertEquals(told.digest(), recalled(incoming));
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
      Errand errand = engine.lend(PIECE, FileList.Check.LATER);
      errand.abandon();
      for (int i = 0; i < 100 && !errand.done(); i++) engine.runInline();
      assertTrue(errand.done());
      assertEquals(0, engine.stats().pins());
    }
  }

  @Test
  void itGoesOnAfterAPowerLossBehindEveryPiece() {
    itGoesOnAfterAPowerLossBehindEveryPiece(FileList.Check.LATER);
  }

  @Test
  void itGoesOnAfterAPowerLossBehindEveryPieceByDigests() {
    itGoesOnAfterAPowerLossBehindEveryPiece(FileList.Check.SHA256);
  }

  private void itGoesOnAfterAPowerLossBehindEveryPiece(FileList.Check check) {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine, check)) {
      FileList list = lending.list();
      int sent = 0;
      long pieces = list.pieces();
      for (int file = 0; file < list.files().size(); file++) {
        for (int piece = 0; piece < list.pieces(file); piece++) {
          IncomingFiles incoming = new IncomingFiles(disk);
          List<Integer> held = incoming.begin(list, LENDER);
          // Pieces of whole files were synced; of this one any number may be left.
          for (int i = 0; i < file; i++) {
            assertEquals(list.pieces(i), held.get(i), list.files().get(i).name());
          }
          for (int next = held.get(file); next <= piece; next++) {
            keep(incoming, file, next, lending.read(file, next));
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
      assertEquals(list.digest(), recalled(after));
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
      incoming.begin(lending.list(), LENDER);
      byte[] piece = lending.read(0, 0).toArray();
      long seal = PieceSeal.of(lending.read(0, 0));
      piece[piece.length / 2] ^= 1;
      assertThrows(
          KdeltaException.Corrupt.class,
          () -> incoming.keep(0, 0, Bytes.wrap(piece.clone()), seal));
      // It was on its way when the one before it was refused.
      Bytes next = lending.read(0, 1);
      assertThrows(KdeltaException.Invalid.class, () -> keep(incoming, 0, 1, next));
      Bytes shorter = lending.read(0, 0).slice(0, 100);
      assertThrows(KdeltaException.Corrupt.class, () -> keep(incoming, 0, 0, shorter));
      piece[piece.length / 2] ^= 1;
      incoming.keep(0, 0, Bytes.wrap(piece), seal);
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
      List<Integer> held = again.begin(list, LENDER);
      assertEquals(1, held.getFirst());
      assertEquals(Optional.empty(), again.recall());
      gather(lending, again);
      assertEquals(list.digest(), recalled(again));
    }
  }

  @Test
  void whatAnotherLenderCallsTheSameIsFetchedAnew() {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine)) {
      FileList list = lending.list();
      IncomingFiles incoming = new IncomingFiles(disk);
      incoming.begin(list, LENDER);
      keep(incoming, 0, 0, lending.read(0, 0));
      keep(incoming, 0, 1, lending.read(0, 1));
      incoming.close();
      assertEquals(2, new IncomingFiles(disk).begin(list, LENDER).getFirst());
      assertEquals(0, new IncomingFiles(disk).begin(list, Bytes.utf8("other")).getFirst());
      assertEquals(0, new IncomingFiles(disk).begin(list, LENDER).getFirst());
    }
  }

  @Test
  void sealsThatAreCutOrChangedCostTimeAlone() {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine)) {
      FileList list = lending.list();
      IncomingFiles incoming = new IncomingFiles(disk);
      incoming.begin(list, LENDER);
      int count = Math.min(4, list.pieces(0));
      assertTrue(count > 2);
      for (int i = 0; i < count; i++) keep(incoming, 0, i, lending.read(0, i));
      incoming.close();
      // A beginning writes down what it found.
      assertEquals(count, new IncomingFiles(disk).begin(list, LENDER).getFirst());
      String path = IncomingFiles.DIRECTORY + "/" + GatheredSeals.FILE;
      long size = disk.sizeOf(path);
      for (long at = 0; at < size; at++) {
        for (boolean cut : List.of(false, true)) {
          SimVfs other = disk.copy(new SimEntropy(at));
          try (Vfs.File file = other.open(path)) {
            if (cut) file.truncate(at);
            else file.writeAt(at, ByteBuffer.wrap(new byte[] {(byte) 0xA7}));
          }
          IncomingFiles later = new IncomingFiles(other);
          assertTrue(later.begin(list, LENDER).getFirst() <= count, "at " + at);
          gather(lending, later);
          assertEquals(list.digest(), recalled(later), "at " + at);
        }
      }
    }
  }

  @Test
  void aListWithOneByteChangedIsNoListOrAnother() {
    aListWithOneByteChangedIsNoListOrAnother(FileList.Check.LATER);
    aListWithOneByteChangedIsNoListOrAnother(FileList.Check.SHA256);
  }

  private void aListWithOneByteChangedIsNoListOrAnother(FileList.Check check) {
    try (StorageEngine engine = lender();
        Lending lending = lend(engine, check)) {
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
