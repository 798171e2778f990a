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
 * Files that never change, as one store tells them to another: what they are, and a SHA-256 of
 * every piece of each. A value without owner.
 *
 * <pre>
 * size      field
 * 4         bytes of a piece; the last one of a file may be shorter
 * 4 + n     catalog behind its length: edits that name the tables and blob files
 * 4         count of files
 * each:     1 + n name behind its length | 8 bytes of the file | 32 for each of its pieces
 * </pre>
 *
 * @param pieceBytes bytes of a piece
 * @param catalog what the lender's manifest says of the files
 * @param files by name, each once
 */
public record FileList(int pieceBytes, Bytes catalog, List<Listed> files) {
  /** Pieces of a size between these are taken. */
  public static final int PIECE_BYTES_MIN = 512;

  /** See {@link #PIECE_BYTES_MIN}. */
  public static final int PIECE_BYTES_MAX = 1 << 20;

  /** Longest encoded list: at pieces of 512 KiB it tells of some 200 GB. */
  public static final int BYTES_MAX = 16 << 20;

  static final int DIGEST_BYTES = 32;

  /**
   * One file.
   *
   * @param name as the lender calls it, in one directory
   * @param bytes its size
   * @param digests of its pieces, one after the other
   */
  public record Listed(String name, long bytes, Bytes digests) {
    /** How many pieces it has. */
    public int pieces() {
      return digests.size() / DIGEST_BYTES;
    }

    /** Whether these bytes are that piece. */
    boolean matches(int piece, byte[] bytes, int size) {
      Bytes told = digests.slice(piece * DIGEST_BYTES, (piece + 1) * DIGEST_BYTES);
      return told.equals(Bytes.wrap(sha256(bytes, size)));
    }
  }

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
      long pieces = (file.bytes() + pieceBytes - 1) / pieceBytes;
      if (file.bytes() < 1 || pieces * DIGEST_BYTES != file.digests().size()) {
        throw new KdeltaException.Invalid("list of files", "the size of " + file.name());
      }
    }
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

  /** Stands for all of it: two lists of equal digests name the same bytes. */
  public Bytes digest() {
    byte[] bytes = encode().toArray();
    return Bytes.wrap(sha256(bytes, bytes.length));
  }

  /** The bytes of the table above. */
  public Bytes encode() {
    ByteWriter out = new ByteWriter(1_024).writeInt(pieceBytes).writeSized(catalog);
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
    int pieceBytes = in.readInt();
    if (pieceBytes < PIECE_BYTES_MIN) throw in.invalid("pieces of " + pieceBytes + " bytes");
    Bytes catalog = in.readSized(BYTES_MAX);
    int count = in.readCount(1 + Long.BYTES + DIGEST_BYTES);
    List<Listed> files = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String name = in.read(in.readByte()).utf8();
      long size = in.readLong();
      long pieces = size < 1 ? 0 : (size - 1) / pieceBytes + 1;
      if (pieces < 1 || pieces > in.remaining() / DIGEST_BYTES) throw in.invalid("a file's size");
      files.add(new Listed(name, size, in.read((int) pieces * DIGEST_BYTES)));
    }
    in.end();
    return new FileList(pieceBytes, catalog, files);
  }

  static byte[] sha256(byte[] bytes, int size) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(bytes, 0, size);
      return sha.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
