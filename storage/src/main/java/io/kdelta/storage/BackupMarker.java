package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The file BACKUP: says that a directory is a copy that is kept, and of what. No engine opens such
 * a directory, so that its files stay what they were; a restore makes a store of it. Immutable.
 *
 * <pre>
 * offset size  type   meaning (little-endian)
 * 0      8     u64    magic "kdelta-B"
 * 8      4     u32    size of the label
 * 12     n            label: what the owner of the store calls it
 * 12+n   4     u32    CRC32C of all before
 * </pre>
 *
 * @param label equal for all backups of one store
 */
record BackupMarker(Bytes label) {
  static final String NAME = "BACKUP";
  static final int LABEL_BYTES_MAX = 1_024;

  private static final long MAGIC = 0x422D61746C65646BL;
  private static final int BYTES_MAX = 16 + LABEL_BYTES_MAX;

  BackupMarker {
    if (label.size() > LABEL_BYTES_MAX) {
      throw new KdeltaException.Invalid("label", "longer than " + LABEL_BYTES_MAX + " bytes");
    }
  }

  /** Throws Invalid unless the directory is empty or holds a backup, finished or not, of this. */
  void requireOwn(Vfs target, List<String> names) {
    if (!names.contains(NAME)) {
      StoreCopy.empty(names);
      return;
    }
    if (!read(target).label().equals(label)) {
      throw new KdeltaException.Invalid("directory", "holds the backup of another node");
    }
  }

  /** Says so in the directory, durably; nothing to do when it is said. */
  void write(Vfs target) {
    if (target.exists(NAME)) return;
    ByteWriter out = new ByteWriter(BYTES_MAX).writeLong(MAGIC).writeSized(label);
    String fresh = NAME + ".part";
    try (Vfs.File file = target.create(fresh)) {
      file.append(out.writeInt(crc(out.toBytes())).toBytes().buffer());
      file.sync();
    }
    target.rename(fresh, NAME);
    target.syncDirectory("");
  }

  /** What the directory says of itself; Corrupt when that can not be read. */
  static BackupMarker read(Vfs vfs) {
    byte[] image;
    try (Vfs.File file = vfs.openForReading(NAME)) {
      if (file.size() > BYTES_MAX) throw damaged();
      image = new byte[(int) file.size()];
      file.readAt(0, ByteBuffer.wrap(image));
    }
    try {
      Bytes bytes = Bytes.wrap(image);
      ByteReader in = new ByteReader(bytes, NAME);
      boolean magic = in.readLong() == MAGIC;
      Bytes label = in.readSized(LABEL_BYTES_MAX);
      boolean sound = in.readInt() == crc(bytes.slice(0, bytes.size() - 4));
      in.end();
      if (magic && sound) return new BackupMarker(label);
    } catch (KdeltaException.Invalid unreadable) {
      throw damaged();
    }
    throw damaged();
  }

  private static KdeltaException.Corrupt damaged() {
    return new KdeltaException.Corrupt(NAME, 0, "can not be read");
  }

  private static int crc(Bytes bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.buffer());
    return (int) crc.getValue();
  }
}
