package io.kdelta.storage;

import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the files of a {@link BulkLoad} part of the store: gives them their names, and has the
 * manifest name all of them in one edit. It may be done again after an append that failed.
 */
final class BulkInstall extends TableWork.Output {
  /** Older than any run that was ever flushed. */
  static final long AGE = 0;

  final BulkLoad load;
  private final List<SSTable> tables = new ArrayList<>();
  private final List<BlobFile> blobs = new ArrayList<>();

  BulkInstall(Vfs vfs, Manifest manifest, BulkLoad load) {
    super(vfs, manifest);
    this.load = load;
  }

  /** The tables, open, in key order. */
  List<SSTable> tables() {
    return tables;
  }

  /** The blob files, open. */
  List<BlobFile> blobs() {
    return blobs;
  }

  @Override
  void work() {
    Vfs loaded = vfs().below(BulkLoad.DIRECTORY);
    for (String name : load.names()) {
      if (!loaded.exists(name)) continue;
      written().add(name);
      vfs().rename(BulkLoad.DIRECTORY + "/" + name, name);
    }
    vfs().syncDirectory("");
    List<ManifestEdit> edits = new ArrayList<>();
    for (BlobWriter.Finished blob : load.blobs()) {
      blobs.add(BlobFile.open(vfs(), blob.added()));
      edits.add(blob.added());
    }
    for (SSTableWriter.Finished finished : load.tables()) {
      SSTable table = SSTable.open(vfs(), finished);
      tables.add(table);
      table.trust();
      for (BlobFile blob : blobs) table.link(blob);
      edits.add(
          new TableFacts(AGE, finished.checksum(), TableFacts.State.SOUND)
              .added(finished.number(), finished.bytes()));
    }
    tables.sort((one, other) -> one.first().compareTo(other.first()));
    append(edits);
    load.installed();
    // An empty directory is in nobody's way; the next load begins with removing it.
    var _ = remove(vfs(), BulkLoad.DIRECTORY);
  }

  @Override
  void letGo() {
    for (SSTable table : tables) table.close();
    tables.clear();
    for (BlobFile blob : blobs) blob.close();
    blobs.clear();
  }
}
