package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Files of another store on their way in, in the directory {@value #DIRECTORY} below the data.
 *
 * <p>Every piece is held against the list before it is written, and again when a later process goes
 * on with what it finds. The file {@value #LIST} (a SHA-256 of the list, then the list) is written
 * when all others are durable: where it is, all is. Nothing here is part of the store; whatever
 * becomes of it, only time is lost.
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
  private FileList list = new FileList(FileList.PIECE_BYTES_MAX, Bytes.EMPTY, List.of());
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
   * Begins, or goes on, to gather these files: what is there of other files goes.
   *
   * @return how many pieces of each file are there, from its beginning
   */
  public List<Integer> begin(FileList files) {
    close();
    list = files;
    held = new int[files.files().size()];
    boolean fresh = !store.exists(DIRECTORY);
    vfs.createDirectories("");
    if (fresh) store.syncDirectory("");
    Set<String> wanted = new TreeSet<>();
    for (FileList.Listed file : files.files()) wanted.add(file.name());
    if (vfs.exists(LIST)) vfs.delete(LIST);
    for (String name : vfs.list("")) {
      if (!wanted.contains(name)) vfs.delete(name);
    }
    for (int i = 0; i < held.length; i++) held[i] = salvage(files.files().get(i));
    vfs.syncDirectory("");
    List<Integer> pieces = new ArrayList<>();
    for (int count : held) pieces.add(count);
    return pieces;
  }

  /**
   * Keeps the next piece of a file.
   *
   * @throws KdeltaException.Corrupt when it is not the piece that the list names
   * @throws KdeltaException.Invalid when the one before it is not there
   */
  public void keep(int file, int piece, Bytes bytes) {
    FileList.Listed of = list.files().get(file);
    if (piece != held[file]) {
      // One before it was refused, when this one was on its way already.
      throw new KdeltaException.Invalid("piece " + piece, "does not follow what is there");
    }
    byte[] array = bytes.toArray();
    long at = (long) piece * list.pieceBytes();
    if (array.length != list.size(file, piece) || !of.matches(piece, array, array.length)) {
      throw new KdeltaException.Corrupt(of.name(), at, "a piece is not the one that was listed");
    }
    Vfs.File to = opened(file);
    to.append(ByteBuffer.wrap(array));
    held[file]++;
    unsynced += array.length;
    if (unsynced >= SYNC_BYTES || held[file] == of.pieces()) {
      to.sync();
      unsynced = 0;
    }
  }

  /** All pieces are there: makes that known to later processes. */
  public void complete() {
    close();
    vfs.syncDirectory("");
    Bytes encoded = list.encode();
    if (vfs.exists(LIST_PART)) vfs.delete(LIST_PART);
    try (Vfs.File file = vfs.create(LIST_PART)) {
      file.append(list.digest().buffer());
      file.append(encoded.buffer());
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
    Bytes whole = Bytes.wrap(bytes);
    try {
      FileList told = FileList.decode(whole.slice(FileList.DIGEST_BYTES));
      boolean same = told.digest().equals(whole.slice(0, FileList.DIGEST_BYTES));
      return same ? Optional.of(told) : Optional.empty();
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
    close();
    String name = list.files().get(file).name();
    Vfs.File next = vfs.exists(name) ? vfs.open(name) : vfs.create(name);
    open = next;
    openFile = file;
    return next;
  }

  /** How many pieces of a file are there, from its beginning; the rest of it is cut off. */
  private int salvage(FileList.Listed file) {
    if (!vfs.exists(file.name())) return 0;
    int sound = 0;
    try (Vfs.File present = vfs.open(file.name())) {
      byte[] bytes = new byte[list.pieceBytes()];
      while (sound < file.pieces()) {
        long from = (long) sound * list.pieceBytes();
        int size = (int) Math.min(bytes.length, file.bytes() - from);
        int read = present.readAt(from, ByteBuffer.wrap(bytes, 0, size));
        if (read != size || !file.matches(sound, bytes, size)) break;
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
