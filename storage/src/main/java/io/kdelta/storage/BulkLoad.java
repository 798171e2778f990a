package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Rows that come in the order of their keys, written straight into tables and blob files, beside
 * log and memtable: each byte once. Nothing of it is part of the store before {@link
 * StorageEngine#install}; until then the files lie in the directory {@value #DIRECTORY} below the
 * data, and whatever becomes of them, only time is lost.
 *
 * <p>Rows of one lane come in strictly growing order, and no lane reaches into the keys of another;
 * so several orders can be written side by side. Owner: one thread at a time. Memory: a block, a
 * chunk and 16 bytes a group of the open table, for each lane.
 */
public final class BulkLoad {
  /** Where the files lie, below the data. */
  static final String DIRECTORY = "loading";

  /** At which a blob file ends; about what a flush makes. */
  private static final long BLOB_FILE_BYTES = 64 << 20;

  private final Vfs store;
  private final Vfs vfs;
  private final LongSupplier numbers;
  private final SSTableWriter.Layout layout;
  private final long tableBytes;
  private final List<String> written = new ArrayList<>();
  private final List<SSTableWriter.Finished> tables = new ArrayList<>();
  private final List<Lane> lanes = new ArrayList<>();
  private final GivenRow row = new GivenRow();
  private final BulkBlobs blobs;
  private List<BlobWriter.Finished> blobFiles = List.of();
  private boolean begun;
  private boolean installed;

  /** What is written of one order of rows. */
  private static final class Lane {
    final Scratch scratch = new Scratch();
    Vfs.@Nullable File file;
    @Nullable SSTableWriter writer;
    @Nullable RowKey last;
  }

  BulkLoad(
      Vfs store, LongSupplier numbers, SSTableWriter.Layout layout, long tableBytes, int lanes) {
    this.store = store;
    this.vfs = store.below(DIRECTORY);
    this.numbers = numbers;
    this.layout = layout;
    this.tableBytes = tableBytes;
    this.blobs = new BulkBlobs(vfs, numbers, BLOB_FILE_BYTES, written);
    for (int i = 0; i < lanes; i++) this.lanes.add(new Lane());
  }

  /** Does away with what an earlier process left of a load. */
  static void sweep(Vfs store) {
    if (!store.exists(DIRECTORY)) return;
    Vfs left = store.below(DIRECTORY);
    for (String name : left.list("")) left.delete(name);
    store.delete(DIRECTORY);
  }

  /**
   * Writes the next row of a lane.
   *
   * @throws KdeltaException.Corrupt when it does not follow the one before
   */
  public void add(int lane, RowKey key, Bytes value) {
    if (!begun) begin();
    Lane to = lanes.get(lane);
    RowKey before = to.last;
    if (before != null && key.compareTo(before) <= 0) {
      throw new KdeltaException.Corrupt("row " + key.point(), 0, "comes twice, or out of order");
    }
    to.last = key;
    row.stand(key, value);
    SSTableWriter writer = to.writer;
    if (writer != null && ends(writer)) {
      end(to);
      writer = null;
    }
    if (writer == null) writer = open(to);
    writer.add(row);
  }

  /** Completes and syncs all files. */
  public void finish() {
    if (!begun) begin();
    for (Lane lane : lanes) end(lane);
    blobFiles = blobs.finish();
    vfs.syncDirectory("");
  }

  /** Lets go of what is open; touches no disk. */
  public void letGo() {
    for (Lane lane : lanes) {
      if (lane.file != null) lane.file.close();
      lane.file = null;
      lane.writer = null;
    }
    blobs.close();
  }

  /** The same, and does away with the files, unless they are the store's by now. */
  public void drop() {
    letGo();
    if (begun && !installed) sweep(store);
    begun = false;
  }

  /** The files are the store's from now on. */
  void installed() {
    installed = true;
  }

  /** The names of all files. */
  List<String> names() {
    return List.copyOf(written);
  }

  List<SSTableWriter.Finished> tables() {
    return List.copyOf(tables);
  }

  List<BlobWriter.Finished> blobs() {
    return blobFiles;
  }

  private void begin() {
    sweep(store);
    vfs.createDirectories("");
    begun = true;
  }

  /** A table is of one kind of keys, and no group lies in two. */
  private boolean ends(SSTableWriter writer) {
    if (!writer.beginsGroup(row)) return false;
    return writer.size() >= tableBytes || writer.full() || writer.beginsKind(row);
  }

  private SSTableWriter open(Lane lane) {
    long number = numbers.getAsLong();
    String path = FileNames.table(number);
    written.add(path);
    Vfs.File file = vfs.create(path);
    lane.file = file;
    SSTableWriter writer = new SSTableWriter(file, number, layout, blobs, lane.scratch);
    lane.writer = writer;
    return writer;
  }

  private void end(Lane lane) {
    SSTableWriter writer = lane.writer;
    Vfs.File file = lane.file;
    if (writer == null || file == null) return;
    tables.add(writer.finish());
    file.close();
    lane.writer = null;
    lane.file = null;
  }
}
