package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Errand;
import io.kdelta.storage.FileList;
import io.kdelta.storage.IncomingFiles;
import io.kdelta.storage.Lending;
import io.kdelta.storage.PieceSeal;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: the files of a node give back all its versions, each once, parents first, and nothing else
 * of it. Method: a node with short and long histories, large documents and deletes lends its files;
 * another one stores what is read of them; readings begin anew after every key.
 */
final class VersionSourceTest {
  private static final int BATCH = 2_000;

  private final TestNode lender = new TestNode(1);
  private final TestNode receiver = new TestNode(2);
  private final SimVfs disk = new SimVfs(new SimEntropy(3));
  private final IncomingFiles incoming = new IncomingFiles(disk);

  @AfterEach
  void close() {
    lender.close();
    receiver.close();
  }

  private FileList lend() {
    for (int i = 0; i < 200; i++) lender.put("long", "{\"n\":" + i + "}");
    for (int i = 0; i < 30; i++) lender.put("key-" + i % 20, "{\"n\":" + i + "}");
    for (int i = 0; i < 3; i++) lender.put("large", "\"" + "x".repeat(6_000 + i) + "\"");
    lender.write(Draft.delete(new Key("ns", "key-3")));
    Errand errand = lender.engine.lend(1 << 10, FileList.Check.LATER);
    for (int i = 0; i < 100 && !errand.done(); i++) lender.settle();
    try (Lending lending = errand.lending().orElseThrow()) {
      FileList list = lending.list();
      incoming.begin(list, Bytes.utf8("lender"));
      for (int file = 0; file < list.files().size(); file++) {
        for (int piece = 0; piece < list.pieces(file); piece++) {
          Bytes bytes = lending.read(file, piece);
          incoming.keep(file, piece, bytes, PieceSeal.of(bytes));
        }
      }
      return list;
    }
  }

  private List<Envelope> versions(FileList list, Bytes after) {
    List<Envelope> all = new ArrayList<>();
    try (VersionSource source = new VersionSource(incoming.read(list), after)) {
      for (var batch = source.next(BATCH); !batch.isEmpty(); batch = source.next(BATCH)) {
        all.addAll(batch);
      }
    }
    return all;
  }

  @Test
  void everyVersionComesOnceBehindItsParents() {
    FileList list = lend();
    List<Envelope> all = versions(list, Bytes.EMPTY);
    assertEquals(lender.store.tree().count(), all.size());
    TreeSet<Digest> seen = new TreeSet<>();
    for (Envelope envelope : all) {
      assertTrue(seen.containsAll(envelope.version().parents()));
      assertTrue(seen.add(envelope.version().id()));
      assertEquals(null, Verification.documentFlaw(envelope));
    }
  }

  @Test
  void whoStoresThemHasTheSameSetUnderItsOwnName() {
    FileList list = lend();
    NodeId self = receiver.store.node();
    for (Envelope envelope : versions(list, Bytes.EMPTY)) {
      Transaction transaction = receiver.store.begin();
      assertTrue(transaction.receive(envelope) instanceof Reception.Visible);
      transaction.commit();
      receiver.settle();
    }
    assertEquals(lender.store.tree().root(), receiver.store.tree().root());
    assertEquals(self, receiver.store.node());
    assertNotEquals(lender.store.node(), receiver.store.node());
    assertTrue(receiver.store.incarnation().isEmpty());
    receiver.put("own", "1");
    assertNotEquals(lender.store.incarnation(), receiver.store.incarnation());
  }

  @Test
  void aReadingGoesOnBehindTheKeysThatAreFinished() {
    FileList list = lend();
    TreeSet<Digest> all = new TreeSet<>();
    Bytes after = Bytes.EMPTY;
    int readings = 0;
    while (true) {
      try (VersionSource source = new VersionSource(incoming.read(list), after)) {
        List<Envelope> batch = source.next(BATCH);
        if (batch.isEmpty()) break;
        // A key that is longer than a batch is begun again until a reading comes to its end.
        while (source.finished().equals(after) && !batch.isEmpty()) {
          for (Envelope envelope : batch) all.add(envelope.version().id());
          batch = source.next(BATCH);
        }
        for (Envelope envelope : batch) all.add(envelope.version().id());
        after = source.finished();
      }
      readings++;
    }
    assertTrue(readings > 3, readings + " readings");
    assertEquals(lender.store.tree().count(), all.size());
  }
}
