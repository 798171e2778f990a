package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.BatchHasher;
import io.kdelta.storage.BulkLoad;
import io.kdelta.storage.Errand;
import io.kdelta.storage.FileList;
import io.kdelta.storage.IncomingFiles;
import io.kdelta.storage.Lending;
import io.kdelta.storage.PieceSeal;
import io.kdelta.vfs.SimVfs;

/** A lender, what its files were when it lent them, and a disk for them. */
final class Lent implements AutoCloseable {
  final TestNode lender;
  final IncomingFiles incoming;
  final FileList list;

  Lent(TestNode lender, long seed) {
    this.lender = lender;
    this.incoming = new IncomingFiles(new SimVfs(new SimEntropy(seed)));
    Errand errand = lender.engine.lend(1 << 10, FileList.Check.LATER);
    for (int i = 0; i < 100 && !errand.done(); i++) lender.settle();
    try (Lending lending = errand.lending().orElseThrow()) {
      list = lending.list();
      incoming.begin(list, Bytes.utf8("lender"));
      for (int file = 0; file < list.files().size(); file++) {
        for (int piece = 0; piece < list.pieces(file); piece++) {
          Bytes bytes = lending.read(file, piece);
          incoming.keep(file, piece, bytes, PieceSeal.of(bytes));
        }
      }
    }
  }

  /** Empty if everything was loaded; otherwise why not. */
  String loadInto(TestNode node, int bytesMax) {
    BulkLoad tables = node.engine.bulkLoad(SnapshotLoad.LANES);
    String flaw = "";
    try (SnapshotLoad load =
        new SnapshotLoad(
            incoming.read(list),
            ContentSchema.ANY,
            new SimEntropy(bytesMax),
            node.time.epochMicros())) {
      while (flaw.isEmpty() && !load.ended()) {
        SnapshotLoad.Part part = load.next(bytesMax);
        String unfit = load.unfit();
        if (unfit != null) flaw = unfit;
        else if (!part.sound(BatchHasher.SIDE_BY_SIDE)) flaw = "a document";
        else part.rows().forEach(row -> tables.add(row.lane(), row.key(), row.value()));
      }
      if (flaw.isEmpty()) {
        tables.finish();
        Loaded loaded = load.loaded();
        node.engine.install(
            tables,
            failure -> {
              assertTrue(failure.isEmpty(), "the disk does not fail");
              node.store.load(loaded);
            });
        node.settle();
      }
    } catch (KdeltaException | IndexOutOfBoundsException | IllegalArgumentException e) {
      flaw = e.toString();
    }
    tables.drop();
    return flaw;
  }

  void receiveInto(TestNode node) {
    try (VersionSource source = new VersionSource(incoming.read(list), Bytes.EMPTY)) {
      for (var some = source.next(5_000); !some.isEmpty(); some = source.next(5_000)) {
        for (Envelope each : some) {
          assertTrue(node.receive(each) instanceof Reception.Visible);
        }
      }
    }
    SnapshotLoadTest.tend(node);
  }

  @Override
  public void close() {
    lender.close();
  }
}
