package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The tables and blob files of another store, open for reading: its rows in order, the newest of
 * each. Nothing in them is believed but what their checksums say.
 *
 * <p>Owner: one thread, which reads and closes it.
 */
public final class ForeignTables implements AutoCloseable {
  private final List<SSTable> tables = new ArrayList<>();
  private final List<BlobFile> blobs = new ArrayList<>();
  private final List<Run> newestFirst = new ArrayList<>();

  private ForeignTables() {}

  /**
   * Opens the files that a catalog names.
   *
   * @throws KdeltaException.Corrupt when one is missing or not what the catalog says
   * @throws KdeltaException.Invalid when it is no catalog
   */
  static ForeignTables open(Vfs directory, Bytes catalog) {
    ManifestState state = ManifestState.EMPTY.after(ManifestFormat.decode(catalog));
    ForeignTables foreign = new ForeignTables();
    boolean opened = false;
    try {
      for (ManifestEdit.BlobAdded named : state.blobs().values()) {
        foreign.blobs.add(BlobFile.open(directory, named));
      }
      TreeMap<Long, List<SSTable>> byAge = new TreeMap<>();
      for (ManifestEdit.TableAdded named : state.tables().values()) {
        byAge
            .computeIfAbsent(TableFacts.of(named).run(), _ -> new ArrayList<>())
            .add(foreign.table(directory, named));
      }
      for (var run : byAge.descendingMap().entrySet()) {
        run.getValue().sort((one, other) -> one.first().compareTo(other.first()));
        foreign.newestFirst.add(new Run(run.getKey(), run.getValue()));
      }
      opened = true;
      return foreign;
    } finally {
      if (!opened) foreign.close();
    }
  }

  private SSTable table(Vfs directory, ManifestEdit.TableAdded named) {
    SSTableWriter.Finished expected =
        new SSTableWriter.Finished(named.number(), named.bytes(), TableFacts.of(named).checksum());
    SSTable table = SSTable.open(directory, expected);
    tables.add(table);
    for (BlobFile blob : blobs) table.link(blob);
    if (table.missingBlob() != 0) {
      throw new KdeltaException.Corrupt(
          table.path(),
          0,
          "it refers to blob file " + table.missingBlob() + ", which is not there");
    }
    return table;
  }

  /** The rows from one key on (inclusive) to another (exclusive; null: the end). */
  public Cursor cursor(RowKey from, @Nullable RowKey to) {
    List<RowSource> sources = new ArrayList<>();
    for (Run run : newestFirst) sources.add(run.walk());
    return MergeCursor.range(sources, from, to, () -> {});
  }

  @Override
  public void close() {
    for (SSTable table : tables) table.close();
    for (BlobFile blob : blobs) blob.close();
    tables.clear();
    blobs.clear();
    newestFirst.clear();
  }
}
