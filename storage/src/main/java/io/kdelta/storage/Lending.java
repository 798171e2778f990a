package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files of a store at one moment, pinned for another store that fetches them: none of them goes
 * before {@link #close}. Owner: the core; listing runs on the table thread, reading as a chore, a
 * piece at a time.
 */
public final class Lending implements AutoCloseable {
  /** How much one piece of listing reads. */
  private static final long LISTED_BYTES = 8 << 20;

  private final Vfs vfs;
  private final int pieceBytes;
  private final FileList.Check check;
  private final Bytes catalog;
  private final List<String> names = new ArrayList<>();
  private final List<Long> sizes = new ArrayList<>();
  private final List<FileList.Listed> listed = new ArrayList<>();
  private byte[] digests = new byte[0];
  private int piece;
  private @Nullable FileList list;
  private @Nullable Runnable unpin;

  Lending(Vfs vfs, ManifestState state, int pieceBytes, FileList.Check check) {
    this.vfs = vfs;
    this.pieceBytes = pieceBytes;
    this.check = check;
    List<ManifestEdit> edits = new ArrayList<>(state.tables().values());
    edits.addAll(state.blobs().values());
    this.catalog = ManifestFormat.encode(edits);
    for (ManifestEdit.TableAdded table : state.tables().values()) {
      names.add(FileNames.table(table.number()));
      sizes.add(table.bytes());
    }
    for (ManifestEdit.BlobAdded blob : state.blobs().values()) {
      names.add(FileNames.blob(blob.file()));
      sizes.add(blob.bytes());
    }
  }

  /** What is lent. */
  public FileList list() {
    FileList whole = list;
    if (whole == null) throw new AssertionError("the list is not whole yet");
    return whole;
  }

  /** One piece of a file, as it lies on the disk now. Table thread; throws DiskFault, Corrupt. */
  public Bytes read(int file, int index) {
    FileList whole = list();
    byte[] bytes = new byte[whole.size(file, index)];
    try (Vfs.File open = vfs.openForReading(names.get(file))) {
      read(open, (long) index * pieceBytes, bytes);
    }
    return Bytes.wrap(bytes);
  }

  /** Lets go of the files. */
  @Override
  public void close() {
    Runnable release = unpin;
    unpin = null;
    if (release != null) release.run();
  }

  void pinned(Runnable release) {
    unpin = release;
  }

  /**
   * Lists a part of the files, and reads and hashes it if pieces bring no seal; whether that was
   * the last. Table thread.
   */
  boolean listOn() {
    long budget = LISTED_BYTES;
    while (budget > 0 && listed.size() < names.size()) budget -= hashOn(budget);
    if (listed.size() < names.size()) return false;
    list = new FileList(pieceBytes, check, catalog, listed);
    return true;
  }

  /** Goes on with the first file that is not listed; how many bytes it read. */
  private long hashOn(long budget) {
    String name = names.get(listed.size());
    long size = sizes.get(listed.size());
    if (check == FileList.Check.LATER) {
      listed.add(new FileList.Listed(name, size, Bytes.EMPTY));
      return 0;
    }
    int pieces = Math.toIntExact((size + pieceBytes - 1) / pieceBytes);
    if (piece == 0) digests = new byte[Math.multiplyExact(pieces, FileList.DIGEST_BYTES)];
    long done = 0;
    try (Vfs.File open = vfs.openForReading(name)) {
      for (; piece < pieces && done < budget; piece++) {
        long from = (long) piece * pieceBytes;
        byte[] bytes = new byte[(int) Math.min(pieceBytes, size - from)];
        read(open, from, bytes);
        byte[] digest = FileList.sha256(bytes, 0, bytes.length);
        System.arraycopy(digest, 0, digests, piece * digest.length, digest.length);
        done += bytes.length;
      }
    }
    if (piece < pieces) return done;
    listed.add(new FileList.Listed(name, size, Bytes.wrap(digests)));
    piece = 0;
    return done;
  }

  private static void read(Vfs.File file, long from, byte[] into) {
    if (file.readAt(from, ByteBuffer.wrap(into)) != into.length) {
      throw new KdeltaException.Corrupt(file.path(), from, "the file is cut");
    }
  }
}
