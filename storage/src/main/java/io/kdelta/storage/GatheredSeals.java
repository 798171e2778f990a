package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The seals of the pieces that {@link IncomingFiles} gathers, as far as they are known, in a file
 * of their own, so that a later process can tell what is whole.
 *
 * <p>The file only grows, and is made anew with every beginning. It needs no checksum: a seal that
 * a crash or rot changed fits no piece. Owner: that of the files.
 *
 * <pre>
 * 4 + n     who lends, behind its length
 * 4         bytes of a piece
 * each:     1 + n name of a file behind its length | u32 piece | u64 seal
 * </pre>
 */
final class GatheredSeals implements AutoCloseable {
  static final String FILE = "SEALS";

  private static final String PART = "SEALS.part";
  private static final int LENDER_BYTES_MAX = 64;
  private static final int RECORD_BYTES_MAX = 64;

  private final FileList list;
  private final List<ByteWriter> seals = new ArrayList<>();
  private final ByteWriter unwritten = new ByteWriter(1_024);
  private Vfs.@Nullable File open;

  private GatheredSeals(FileList list) {
    this.list = list;
    for (int i = 0; i < list.files().size(); i++) seals.add(new ByteWriter());
  }

  /** What an earlier process knew of files of that lender, by name: a seal for each piece. */
  static Map<String, Bytes> known(Vfs vfs, FileList list, Bytes lender) {
    Map<String, Bytes> found = new TreeMap<>();
    if (!vfs.exists(FILE)) return found;
    ByteReader in = new ByteReader(whole(vfs, list), "seals");
    Map<String, ByteWriter> seals = new TreeMap<>();
    try {
      boolean same = in.readSized(LENDER_BYTES_MAX).equals(lender);
      if (!same || in.readInt() != list.pieceBytes()) return found;
      while (in.remaining() > 0) {
        String name = in.read(in.readByte()).utf8();
        int piece = in.readInt();
        long seal = in.readLong();
        ByteWriter of = seals.computeIfAbsent(name, _ -> new ByteWriter());
        // What does not follow is the rest of a write that was torn.
        if (piece != of.size() / PieceSeal.BYTES) break;
        of.writeLong(seal);
      }
    } catch (KdeltaException.Invalid torn) {
      // The end of the file did not reach the disk; what is before it counts.
    }
    seals.forEach((name, of) -> found.put(name, of.toBytes()));
    return found;
  }

  private static Bytes whole(Vfs vfs, FileList list) {
    try (Vfs.File file = vfs.openForReading(FILE)) {
      long most = LENDER_BYTES_MAX + (list.pieces() + 1) * RECORD_BYTES_MAX;
      byte[] bytes = new byte[(int) Math.min(file.size(), Math.min(most, FileList.BYTES_MAX * 4L))];
      int read = file.readAt(0, ByteBuffer.wrap(bytes));
      return Bytes.wrap(bytes).slice(0, read);
    }
  }

  /**
   * Makes the file anew, with what is sound of the pieces that are there.
   *
   * @param sound by file: the seals of its first pieces
   */
  static GatheredSeals begin(Vfs vfs, FileList list, Bytes lender, List<Bytes> sound) {
    GatheredSeals made = new GatheredSeals(list);
    made.unwritten.writeSized(lender).writeInt(list.pieceBytes());
    for (int file = 0; file < sound.size(); file++) {
      Bytes of = sound.get(file);
      for (int at = 0; at < of.size(); at += PieceSeal.BYTES) made.add(file, of.longAt(at));
    }
    if (vfs.exists(PART)) vfs.delete(PART);
    boolean begun = false;
    try {
      made.open = vfs.create(PART);
      made.write();
      vfs.rename(PART, FILE);
      begun = true;
      return made;
    } finally {
      if (!begun) made.close();
    }
  }

  /** Takes the seal of the next piece of a file, which lies in memory until {@link #write}. */
  void add(int file, long seal) {
    ByteWriter of = seals.get(file);
    Bytes name = Bytes.utf8(list.files().get(file).name());
    unwritten.writeByte(name.size()).write(name);
    unwritten.writeInt(of.size() / PieceSeal.BYTES).writeLong(seal);
    of.writeLong(seal);
  }

  /** Makes what was added durable. */
  void write() {
    Vfs.File file = open;
    if (file == null || unwritten.size() == 0) return;
    file.append(unwritten.toBytes().buffer());
    unwritten.clear();
    file.sync();
  }

  /** All seals, by file. */
  List<Bytes> all() {
    List<Bytes> all = new ArrayList<>();
    for (ByteWriter of : seals) all.add(of.toBytes());
    return all;
  }

  /** Lets go of the file, with what was added. */
  @Override
  public void close() {
    Vfs.File file = open;
    open = null;
    if (file == null) return;
    try {
      if (unwritten.size() > 0) file.append(unwritten.toBytes().buffer());
    } catch (KdeltaException.DiskFault lost) {
      // These pieces are fetched once more.
      unwritten.clear();
    } finally {
      file.close();
    }
  }
}
