package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Files that never change, as one store tells them to another: what they are, and what every piece
 * of each is held against. A value without owner.
 *
 * <p>Three kinds. {@link Check#LATER}: a piece brings its {@link PieceSeal} along, so the list is
 * made without reading a file. {@link Check#SEAL}: the same list once all pieces have come, with
 * their seals. {@link Check#SHA256}: what peers ask for that know no other; the lender reads all of
 * its files for that. None of them is a proof against a liar: that is what every version is hashed
 * for when it is taken in. They find what a disk, a cut or a mixture of files made wrong.
 *
 * <pre>
 * size      field
 * 3         bytes of a piece; the last one of a file may be shorter
 * 1         kind: 0 SHA256, 1 LATER, 2 SEAL
 * 4 + n     catalog behind its length: edits that name the tables and blob files
 * 4         count of files
 * each:     1 + n name behind its length | 8 bytes of the file | 32, 0 or 8 for each of its pieces
 * </pre>
 *
 * @param pieceBytes bytes of a piece
 * @param check what pieces are held against
 * @param catalog what the lender's manifest says of the files
 * @param files by name, each once
 */
public record FileList(int pieceBytes, Check check, Bytes catalog, List<Listed> files) {
  /** Pieces of a size between these are taken. */
  public static final int PIECE_BYTES_MIN = 512;

  /** See {@link #PIECE_BYTES_MIN}. */
  public static final int PIECE_BYTES_MAX = 1 << 20;

  /** Longest encoded list, with seals: at pieces of 256 KiB it tells of some 500 GB. */
  public static final int BYTES_MAX = 16 << 20;

  static final int DIGEST_BYTES = 32;

  private static final int KIND_SHIFT = 24;

  /** Most pieces of one file. */
  private static final int PIECES_MAX = BYTES_MAX / PieceSeal.BYTES;

  /** What pieces are held against. The order is that of the bytes in the table above. */
  public enum Check {
    /** A SHA-256 in the list. */
    SHA256(DIGEST_BYTES),
    /** A seal that comes with the piece. */
    LATER(0),
    /** A seal in the list. */
    SEAL(PieceSeal.BYTES);

    private static final List<Check> ALL = List.of(values());

    private final int bytes;

    Check(int bytes) {
      this.bytes = bytes;
    }

    /** What the list has for a piece, in bytes. */
    public int bytes() {
      return bytes;
    }
  }

  /**
   * One file.
   *
   * @param name as the lender calls it, in one directory
   * @param bytes its size
   * @param digests what its pieces are held against, one after the other
   */
  public record Listed(String name, long bytes, Bytes digests) {}

  /** Copies the list; Invalid for names and sizes that can not be. */
  public FileList {
    files = List.copyOf(files);
    if (pieceBytes < PIECE_BYTES_MIN || pieceBytes > PIECE_BYTES_MAX) {
      throw new KdeltaException.Invalid("list of files", "pieces of " + pieceBytes + " bytes");
    }
    Set<String> names = new TreeSet<>();
    for (Listed file : files) {
      boolean ours = FileNames.number(file.name()) > 0;
      ours &= FileNames.isTable(file.name()) || FileNames.isBlob(file.name());
      if (!ours || !names.add(file.name())) {
        throw new KdeltaException.Invalid("list of files", "a file of the name " + file.name());
      }
      long pieces = file.bytes() < 1 ? 0 : (file.bytes() - 1) / pieceBytes + 1;
      boolean fits = pieces > 0 && pieces <= PIECES_MAX;
      if (!fits || pieces * check.bytes() != file.digests().size()) {
        throw new KdeltaException.Invalid("list of files", "the size of " + file.name());
      }
    }
  }

  /** How many pieces a file has. */
  public int pieces(int file) {
    return (int) ((files.get(file).bytes() - 1) / pieceBytes + 1);
  }

  /** How many pieces all files have. */
  public long pieces() {
    long pieces = 0;
    for (int i = 0; i < files.size(); i++) pieces += pieces(i);
    return pieces;
  }

  /** Whether it is too long to be told, or to be kept with its seals. */
  public boolean isTooLong() {
    long seals = check == Check.LATER ? pieces() * Check.SEAL.bytes() : 0;
    return encode().size() + seals > BYTES_MAX;
  }

  /** Whether these bytes are that piece, by what the list itself says. */
  boolean matches(int file, int piece, byte[] bytes, int from, int size) {
    Bytes digests = files.get(file).digests();
    Bytes told = digests.slice(piece * check.bytes(), (piece + 1) * check.bytes());
    return switch (check) {
      case LATER -> true;
      case SEAL -> told.longAt(0) == PieceSeal.of(bytes, from, size);
      case SHA256 -> told.equals(Bytes.wrap(sha256(bytes, from, size)));
    };
  }

  /** A list without seals as one with these, by file. */
  FileList sealed(List<Bytes> seals) {
    List<Listed> whole = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      Listed file = files.get(i);
      whole.add(new Listed(file.name(), file.bytes(), seals.get(i)));
    }
    return new FileList(pieceBytes, Check.SEAL, catalog, whole);
  }

  /** Bytes of all files. */
  public long bytes() {
    long bytes = 0;
    for (Listed file : files) bytes += file.bytes();
    return bytes;
  }

  /** How long a piece is. */
  public int size(int file, int piece) {
    long from = (long) piece * pieceBytes;
    return (int) Math.min(pieceBytes, files.get(file).bytes() - from);
  }

  /** Stands for what is listed, whether its seals are known yet or not. */
  public Bytes digest() {
    FileList told = this;
    if (check == Check.SEAL) {
      List<Listed> bare = new ArrayList<>();
      for (Listed file : files) bare.add(new Listed(file.name(), file.bytes(), Bytes.EMPTY));
      told = new FileList(pieceBytes, Check.LATER, catalog, bare);
    }
    byte[] bytes = told.encode().toArray();
    return Bytes.wrap(sha256(bytes, 0, bytes.length));
  }

  /** The bytes of the table above. */
  public Bytes encode() {
    ByteWriter out = new ByteWriter(1_024);
    out.writeInt(pieceBytes | Check.ALL.indexOf(check) << KIND_SHIFT).writeSized(catalog);
    out.writeInt(files.size());
    for (Listed file : files) {
      Bytes name = Bytes.utf8(file.name());
      out.writeByte(name.size()).write(name).writeLong(file.bytes()).write(file.digests());
    }
    return out.toBytes();
  }

  /** Reads what {@link #encode} wrote; anything else is {@link KdeltaException.Invalid}. */
  public static FileList decode(Bytes bytes) {
    ByteReader in = new ByteReader(bytes, "list of files");
    int head = in.readInt();
    int pieceBytes = head & ((1 << KIND_SHIFT) - 1);
    int kind = head >>> KIND_SHIFT;
    if (pieceBytes < PIECE_BYTES_MIN) throw in.invalid("pieces of " + pieceBytes + " bytes");
    if (kind >= Check.ALL.size()) throw in.invalid("kind " + kind + " is unknown");
    Check check = Check.ALL.get(kind);
    Bytes catalog = in.readSized(BYTES_MAX);
    int count = in.readCount(1 + Long.BYTES + check.bytes());
    List<Listed> files = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String name = in.read(in.readByte()).utf8();
      long size = in.readLong();
      long pieces = size < 1 ? 0 : (size - 1) / pieceBytes + 1;
      if (pieces < 1 || pieces > PIECES_MAX) throw in.invalid("a file's size");
      files.add(new Listed(name, size, in.read((int) pieces * check.bytes())));
    }
    in.end();
    return new FileList(pieceBytes, check, catalog, files);
  }

  static byte[] sha256(byte[] bytes, int from, int size) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(bytes, from, size);
      return sha.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
