package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The bytes of an edit, and of the file CURRENT; little-endian. Stateless.
 *
 * <p>A manifest has the header and records of {@link WalFormat}; its first record holds the whole
 * state, each further one a list of edits that count together. A payload is edits one after the
 * other, each a kind and its fields:
 *
 * <pre>
 *   u8 1  table added       u64 number, u64 bytes, u32 size, facts
 *   u8 2  table removed     u64 number
 *   u8 3  flushed           u64 lsn
 *   u8 4  segment named     u64 sequence, u64 file, u64 salt, u64 bytes
 *   u8 5  segment released  u64 sequence
 *   u8 6  set aside         u64 sequence, u64 offset, u64 bytes, u64 first lsn, u64 last lsn
 *   u8 7  blob file added   u64 number, u64 file, u64 bytes, u64 checksum
 *   u8 8  blob file removed u64 number
 *   u8 9  log ended         u64 sequence, u64 end, u64 last lsn
 *   u8 10 remembered        u64 offset, u64 bytes, u64 first lsn, u64 last lsn, u32 size, file name
 *   u8 11 forgotten
 * </pre>
 *
 * CURRENT, 28 bytes, replaced by rename:
 *
 * <pre>
 *    0  u64  magic "kdelta2C", the 2 being the format of the whole store
 *    8  u64  number of the manifest that counts
 *   16  u64  salt of that manifest
 *   24  u32  CRC32C of bytes 0 to 23
 * </pre>
 */
final class ManifestFormat {
  /** The type of every record of a manifest. */
  static final int RECORD_TYPE = 1;

  static final int CURRENT_BYTES = 28;

  private static final long CURRENT_MAGIC = 0x433261746C65646BL;

  /** "kdelta-C": a store of format 1, whose tables this build can not read. */
  private static final long CURRENT_MAGIC_1 = 0x432D61746C65646BL;

  private static final int FACTS_BYTES_MAX = 1 << 20;
  private static final int NAME_BYTES_MAX = 1 << 10;

  private ManifestFormat() {}

  /** Which manifest counts. */
  record Current(long number, long salt) {}

  static Bytes encode(List<ManifestEdit> edits) {
    ByteWriter out = new ByteWriter(64 * edits.size());
    for (ManifestEdit edit : edits) {
      switch (edit) {
        case ManifestEdit.TableAdded(long number, long bytes, Bytes facts) ->
            out.writeByte(1).writeLong(number).writeLong(bytes).writeSized(facts);
        case ManifestEdit.TableRemoved(long number) -> out.writeByte(2).writeLong(number);
        case ManifestEdit.BlobAdded(long number, long file, long bytes, long checksum) ->
            out.writeByte(7).writeLong(number).writeLong(file).writeLong(bytes).writeLong(checksum);
        case ManifestEdit.LogEnded(long sequence, long end, long lastLsn) ->
            out.writeByte(9).writeLong(sequence).writeLong(end).writeLong(lastLsn);
        case ManifestEdit.BlobRemoved(long number) -> out.writeByte(8).writeLong(number);
        case ManifestEdit.Flushed(long lsn) -> out.writeByte(3).writeLong(lsn);
        case ManifestEdit.SegmentNamed(long sequence, long file, long salt, long bytes) ->
            out.writeByte(4).writeLong(sequence).writeLong(file).writeLong(salt).writeLong(bytes);
        case ManifestEdit.SegmentReleased(long sequence) -> out.writeByte(5).writeLong(sequence);
        case ManifestEdit.SetAside(
                long sequence,
                long offset,
                long bytes,
                long firstLsn,
                long lastLsn) ->
            out.writeByte(6)
                .writeLong(sequence)
                .writeLong(offset)
                .writeLong(bytes)
                .writeLong(firstLsn)
                .writeLong(lastLsn);
        case ManifestEdit.Remembered(
                String file,
                long offset,
                long bytes,
                long firstLsn,
                long lastLsn) ->
            out.writeByte(10)
                .writeLong(offset)
                .writeLong(bytes)
                .writeLong(firstLsn)
                .writeLong(lastLsn)
                .writeSized(Bytes.utf8(file));
        case ManifestEdit.Forgotten() -> out.writeByte(11);
      }
    }
    return out.toBytes();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws KdeltaException.Invalid if it is anything else
   */
  static List<ManifestEdit> decode(Bytes payload) {
    ByteReader in = new ByteReader(payload, "manifest edit");
    List<ManifestEdit> edits = new ArrayList<>();
    while (in.remaining() > 0) {
      int kind = in.readByte();
      edits.add(
          switch (kind) {
            case 1 ->
                new ManifestEdit.TableAdded(
                    in.readLong(), in.readLong(), in.readSized(FACTS_BYTES_MAX));
            case 2 -> new ManifestEdit.TableRemoved(in.readLong());
            case 3 -> new ManifestEdit.Flushed(in.readLong());
            case 4 ->
                new ManifestEdit.SegmentNamed(
                    in.readLong(), in.readLong(), in.readLong(), in.readLong());
            case 5 -> new ManifestEdit.SegmentReleased(in.readLong());
            case 6 ->
                new ManifestEdit.SetAside(
                    in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong());
            case 7 ->
                new ManifestEdit.BlobAdded(
                    in.readLong(), in.readLong(), in.readLong(), in.readLong());
            case 8 -> new ManifestEdit.BlobRemoved(in.readLong());
            case 9 -> new ManifestEdit.LogEnded(in.readLong(), in.readLong(), in.readLong());
            case 10 -> remembered(in);
            case 11 -> new ManifestEdit.Forgotten();
            default -> throw in.invalid("unknown kind " + kind);
          });
    }
    return edits;
  }

  private static ManifestEdit.Remembered remembered(ByteReader in) {
    long offset = in.readLong();
    long bytes = in.readLong();
    long firstLsn = in.readLong();
    long lastLsn = in.readLong();
    String file = in.readSized(NAME_BYTES_MAX).utf8();
    return new ManifestEdit.Remembered(file, offset, bytes, firstLsn, lastLsn);
  }

  static Bytes encodeCurrent(Current current) {
    ByteWriter out = new ByteWriter(CURRENT_BYTES);
    out.writeLong(CURRENT_MAGIC).writeLong(current.number()).writeLong(current.salt());
    return out.writeInt(crc(out.toBytes())).toBytes();
  }

  /**
   * What CURRENT says, unless it is damaged.
   *
   * @throws KdeltaException.Invalid when the store was written by a build before format 2
   */
  static Optional<Current> decodeCurrent(Bytes bytes) {
    boolean whole = bytes.size() == CURRENT_BYTES && bytes.intAt(24) == crc(bytes.slice(0, 24));
    if (whole && bytes.longAt(0) == CURRENT_MAGIC_1) {
      throw new KdeltaException.Invalid(
          "store", "is of format 1, this build reads format 2: take its data from a peer");
    }
    boolean intact = whole && bytes.longAt(0) == CURRENT_MAGIC;
    return intact ? Optional.of(new Current(bytes.longAt(8), bytes.longAt(16))) : Optional.empty();
  }

  private static int crc(Bytes bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.buffer());
    return (int) crc.getValue();
  }
}
