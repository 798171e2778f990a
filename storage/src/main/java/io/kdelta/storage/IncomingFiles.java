package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Files of another store on their way in, in the directory {@value #DIRECTORY} below the data.
 *
 * <p>Every piece is held against the list, or the seal that came with it, before it is written, and
 * again when a later process goes on with what it finds; seals lie in a file beside ({@link
 * GatheredSeals}). The file {@value #LIST} (a SHA-256 of the list, then the list with all seals) is
 * written when all others are durable: where it is, all is. Nothing here is part of the store;
 * whatever becomes of it, only time is lost.
 *
 * <p>Owner: one thread at a time, that of chores.
 */
public final class IncomingFiles implements AutoCloseable {
  /** Where they lie, below the data. */
  public static final String DIRECTORY = "incoming";

  static final String LIST = "LIST";
  private static final String LIST_PART = "LIST.part";

  /** Written bytes after which a file is synced, so that no sync takes long. */
  private static final long SYNC_BYTES = 8 << 20;

  private final Vfs store;
  private final Vfs vfs;
  private FileList list =
      new FileList(FileList.PIECE_BYTES_MAX, FileList.Check.LATER, Bytes.EMPTY, List.of());
  private @Nullable GatheredSeals seals;
  private int[] held = new int[0];
  private Vfs.@Nullable File open;
  private int openFile = -1;
  private long unsynced;

  /** Those of the store in this directory. */
  public IncomingFiles(Vfs store) {
    this.store = store;
    this.vfs = store.below(DIRECTORY);
  }

  /**
   * Begins, or goes on, to gather these files: what is there of other files, or of the same names
   * from another lender, goes.
   *
   * @param lender who lends them: of one lender, files of one name and size are the same
   * @return how many pieces of each file are there, from its beginning
   */
  public List<Integer> begin(FileList files, Bytes lender) {
    close();
    list = files;
    held = new int[files.files().size()];
    boolean fresh = !store.exists(DIRECTORY);
    vfs.createDirectories("");
    if (fresh) store.syncDirectory("");
    Set<String> wanted = new TreeSet<>();
    for (FileList.Listed file : files.files()) wanted.add(file.name());
    boolean later = files.check() == FileList.Check.LATER;
    Map<String, Bytes> known =
        later ? GatheredSeals.known(vfs, files, lender) : Collections.emptySortedMap();
    if (vfs.exists(LIST)) vfs.delete(LIST);
    for (String name : vfs.list("")) {
      boolean kept = wanted.contains(name) || (later && name.equals(GatheredSeals.FILE));
      if (!kept) vfs.delete(name);
    }
    List<Bytes> sound = new ArrayList<>();
    for (int i = 0; i < held.length; i++) {
      Bytes told = known.getOrDefault(files.files().get(i).name(), Bytes.EMPTY);
      held[i] = salvage(i, told);
      sound.add(told.slice(0, later ? held[i] * PieceSeal.BYTES : 0));
    }
    if (later) seals = GatheredSeals.begin(vfs, files, lender, sound);
    vfs.syncDirectory("");
    List<Integer> pieces = new ArrayList<>();
    for (int count : held) pieces.add(count);
    return pieces;
  }

  /**
   * Keeps the next piece of a file.
   *
   * @param seal that came with it; of no meaning where the list has digests
   * @throws KdeltaException.Corrupt when it is not the piece that was listed, or sent
   * @throws KdeltaException.Invalid when the one before it is not there
   */
  public void keep(int file, int piece, Bytes bytes, long seal) {
    FileList.Listed of = list.files().get(file);
    if (piece != held[file]) {
      // One before it was refused, when this one was on its way already.
      throw new KdeltaException.Invalid("piece " + piece, "does not follow what is there");
    }
    GatheredSeals beside = seals;
    boolean whole = bytes.size() == list.size(file, piece);
    boolean[] same = new boolean[1];
    if (whole && beside != null) same[0] = PieceSeal.of(bytes) == seal;
    else if (whole)
      bytes.feed((a, from, size) -> same[0] = list.matches(file, piece, a, from, size));
    if (!same[0]) {
      long at = (long) piece * list.pieceBytes();
      throw new KdeltaException.Corrupt(of.name(), at, "a piece is not the one that was sent");
    }
    Vfs.File to = opened(file);
    to.append(bytes.buffer());
    held[file]++;
    unsynced += bytes.size();
    if (beside != null) beside.add(file, seal);
    if (unsynced >= SYNC_BYTES || held[file] == list.pieces(file)) {
      to.sync();
      unsynced = 0;
      if (beside != null) beside.write();
    }
  }

  /** All pieces are there: makes that known to later processes. */
  public void complete() {
    GatheredSeals beside = seals;
    FileList whole = beside == null ? list : list.sealed(beside.all());
    close();
    vfs.syncDirectory("");
    byte[] encoded = whole.encode().toArray();
    if (vfs.exists(LIST_PART)) vfs.delete(LIST_PART);
    try (Vfs.File file = vfs.create(LIST_PART)) {
      file.append(ByteBuffer.wrap(FileList.sha256(encoded, 0, encoded.length)));
      file.append(ByteBuffer.wrap(encoded));
      file.sync();
    }
    vfs.rename(LIST_PART, LIST);
    vfs.syncDirectory("");
  }

  /** The files of an earlier process, if all of them came. */
  public Optional<FileList> recall() {
    if (!store.exists(DIRECTORY) || !vfs.exists(LIST)) return Optional.empty();
    byte[] bytes;
    try (Vfs.File file = vfs.openForReading(LIST)) {
      if (file.size() > FileList.BYTES_MAX) return Optional.empty();
      bytes = new byte[(int) file.size()];
      if (file.readAt(0, ByteBuffer.wrap(bytes)) != bytes.length) return Optional.empty();
    }
    if (bytes.length < FileList.DIGEST_BYTES) return Optional.empty();
    int head = FileList.DIGEST_BYTES;
    Bytes whole = Bytes.wrap(bytes);
    Bytes found = Bytes.wrap(FileList.sha256(bytes, head, bytes.length - head));
    if (!found.equals(whole.slice(0, head))) return Optional.empty();
    try {
      return Optional.of(FileList.decode(whole.slice(head)));
    } catch (KdeltaException.Invalid rotten) {
      return Optional.empty();
    }
  }

  /** The files of a list that was completed, to be read. */
  public ForeignTables read(FileList files) {
    return ForeignTables.open(vfs, files.catalog());
  }

  /** Does away with all of it. The list goes first: without it what is left counts as nothing. */
  public void drop() {
    close();
    if (!store.exists(DIRECTORY)) return;
    if (vfs.exists(LIST)) {
      vfs.delete(LIST);
      vfs.syncDirectory("");
    }
    for (String name : vfs.list("")) vfs.delete(name);
    store.delete(DIRECTORY);
    store.syncDirectory("");
  }

  /** Lets go of the file that is written; what was not synced may be lost. */
  @Override
  public void close() {
    closeFile();
    GatheredSeals beside = seals;
    seals = null;
    if (beside != null) beside.close();
  }

  private void closeFile() {
    Vfs.File file = open;
    open = null;
    openFile = -1;
    unsynced = 0;
    if (file != null) file.close();
  }

  private Vfs.File opened(int file) {
    Vfs.File present = open;
    if (present != null && openFile == file) return present;
    if (present != null && unsynced > 0) present.sync();
    closeFile();
    String name = list.files().get(file).name();
    Vfs.File next = vfs.exists(name) ? vfs.open(name) : vfs.create(name);
    open = next;
    openFile = file;
    return next;
  }

  /**
   * How many pieces of a file are there, from its beginning; the rest of it is cut off.
   *
   * @param told their seals, where the list has no digests
   */
  private int salvage(int index, Bytes told) {
    FileList.Listed file = list.files().get(index);
    if (!vfs.exists(file.name())) return 0;
    boolean later = list.check() == FileList.Check.LATER;
    int most = list.pieces(index);
    if (later) most = Math.min(most, told.size() / PieceSeal.BYTES);
    int sound = 0;
    try (Vfs.File present = vfs.open(file.name())) {
      byte[] bytes = new byte[list.pieceBytes()];
      while (sound < most) {
        long from = (long) sound * list.pieceBytes();
        int size = list.size(index, sound);
        int read = present.readAt(from, ByteBuffer.wrap(bytes, 0, size));
        if (read != size) break;
        boolean same =
            later
                ? PieceSeal.of(bytes, 0, size) == told.longAt(sound * PieceSeal.BYTES)
                : list.matches(index, sound, bytes, 0, size);
        if (!same) break;
        sound++;
      }
      long end = Math.min(file.bytes(), (long) sound * list.pieceBytes());
      if (present.size() > end) present.truncate(end);
      // What an earlier process wrote and did not sync may be in memory alone.
      present.sync();
    }
    return sound;
  }
}
