package io.kdelta.storage;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The blob files that live, and what becomes of them: how much of each the tables still refer to
 * decides when it is written anew without its dropped values, or goes.
 *
 * <p>Every table counts a value that it refers to once; a value that two tables share is counted
 * twice, so a file never looks more dead than it is. Owner: the core thread; {@link #contents}
 * belongs to the table thread.
 */
final class Blobs {
  /** A file is written anew when at most one byte in so many is still referred to. */
  private static final int LIVE_SHARE = 2;

  private final BlobContents contents = new BlobContents();
  private final TreeMap<Long, BlobFile> files = new TreeMap<>();
  private final List<ManifestEdit.BlobAdded> unreadable;

  /** Files that no table refers to, as of the last count. */
  private List<BlobFile> dead = List.of();

  /** The first file of which at least half is dead, as of the last count. */
  private Optional<BlobFile> wasteful = Optional.empty();

  private boolean counted;

  /**
   * @param unreadable files that the manifest names and that could not be opened
   */
  Blobs(List<BlobFile> opened, List<ManifestEdit.BlobAdded> unreadable) {
    for (BlobFile blob : opened) files.put(blob.number(), blob);
    this.unreadable = new ArrayList<>(unreadable);
  }

  /** What the youngest files hold; only for table work. */
  BlobContents contents() {
    return contents;
  }

  int count() {
    return files.size();
  }

  /** Bytes of all files. */
  long bytes() {
    long bytes = 0;
    for (BlobFile blob : files.values()) bytes += blob.bytes();
    return bytes;
  }

  /** Values that reads had to verify. */
  long verifications() {
    long verifications = 0;
    for (BlobFile blob : files.values()) verifications += blob.verifications();
    return verifications;
  }

  /** A new file, or one that takes over the number of another, which is answered. */
  Optional<BlobFile> put(BlobFile blob, ReadView view) {
    Optional<BlobFile> replaced = Optional.ofNullable(files.put(blob.number(), blob));
    for (Run run : view.runs()) {
      for (SSTable table : run.tables()) table.link(blob);
    }
    counted = false;
    return replaced;
  }

  /** Tells a table the files that its rows refer to. */
  void link(SSTable table) {
    for (int i = 0; i < table.blobCount(); i++) {
      BlobFile blob = files.get(table.blobNumber(i));
      if (blob != null) table.link(blob);
    }
  }

  /** The tables have changed. */
  void changed() {
    counted = false;
  }

  /** Files that no table refers to. */
  List<BlobFile> dead(ReadView view) {
    count(view);
    return dead;
  }

  /** A file of which at least half is dead. */
  Optional<BlobFile> wasteful(ReadView view) {
    count(view);
    return wasteful;
  }

  /** The manifest does not name it any more. */
  void remove(BlobFile blob) {
    files.remove(blob.number());
    counted = false;
  }

  /** Files that could not be opened: they go once their loss was dealt with. */
  List<ManifestEdit.BlobAdded> unreadable() {
    return unreadable;
  }

  /** Tables of a view that refer to a file. */
  static List<SSTable> users(ReadView view, long number) {
    List<SSTable> users = new ArrayList<>();
    for (Run run : view.runs()) {
      for (SSTable table : run.tables()) {
        for (int i = 0; i < table.blobCount(); i++) {
          if (table.blobNumber(i) == number) users.add(table);
        }
      }
    }
    return users;
  }

  /** Nothing counts as seen any more. */
  void doubt() {
    for (BlobFile blob : files.values()) blob.doubt();
  }

  void close() {
    for (BlobFile blob : files.values()) blob.close();
    files.clear();
  }

  private void count(ReadView view) {
    if (counted) return;
    TreeMap<Long, Long> liveBytes = new TreeMap<>();
    for (Run run : view.runs()) {
      for (SSTable table : run.tables()) {
        for (int i = 0; i < table.blobCount(); i++) {
          liveBytes.merge(table.blobNumber(i), table.blobBytes(i), Long::sum);
        }
      }
    }
    List<BlobFile> unused = new ArrayList<>();
    wasteful = Optional.empty();
    for (BlobFile blob : files.values()) {
      long live = liveBytes.getOrDefault(blob.number(), 0L);
      if (live == 0) unused.add(blob);
      else if (wasteful.isEmpty() && live * LIVE_SHARE <= blob.valueBytes()) {
        wasteful = Optional.of(blob);
      }
    }
    dead = List.copyOf(unused);
    counted = true;
  }
}
