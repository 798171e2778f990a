package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The bytes of a log segment and of a manifest: one header, then records; little-endian. Stateless
 * but for a checksum; owned by one thread.
 *
 * <p>Header, {@value #HEADER_BYTES} bytes at the start of the file, never written twice in one use
 * of the file and within one sector:
 *
 * <pre>
 *    0  u64  magic: "kdelta-L" for a segment, "kdelta-M" for a manifest
 *    8  u32  CRC32C of bytes 12 to 127
 *   12  u32  format, 1
 *   16  u64  salt of this use of the file
 *   24  u64  sequence: place in the log, or number of the manifest
 *   32  u64  size of the file in bytes, 0 for a manifest
 *   40  u64  predecessor: its sequence, 0 if there is none
 *   48  u64  predecessor: where its last record ends; bytes past it are never read
 *   56  u64  predecessor: its last LSN; the first record here has the next one
 *   64  u8   1 if the log rolled into this segment, 0 if an opening made it (or a manifest)
 *   65       zeros
 * </pre>
 *
 * <p>Record, at a multiple of 8, never split across segments:
 *
 * <pre>
 *    0  u32  length of the whole record, a multiple of 8
 *    4  u32  CRC32C of salt, length and bytes 8 to the end
 *    8  u64  LSN, one more than that of the record before
 *   16  u64  durable mark: the highest LSN known to be durable when this was written
 *   24  u8   type
 *   25  u8   flags: bits 0 to 2 count the bytes of padding, the others are 0
 *   26       payload, then 0 to 7 zeros
 * </pre>
 *
 * <p>The salt is random and new for each use, so a record of an earlier use of the file never
 * passes. It is assumed, as by every log that fills a sector in several writes, that a write
 * destroys nothing outside the bytes it was given.
 */
final class WalFormat {
  static final int HEADER_BYTES = 128;
  static final int RECORD_HEADER_BYTES = 26;
  static final int RECORD_BYTES_MIN = 32;
  static final int ALIGNMENT = 8;

  static final long SEGMENT_MAGIC = 0x4C2D61746C65646BL;
  static final long MANIFEST_MAGIC = 0x4D3261746C65646BL;

  private static final int FORMAT = 1;
  private static final int HEADER_CHECKED_FROM = 12;
  private static final int PADDING_MASK = 7;
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final CRC32C crc = new CRC32C();
  private final byte[] seed = new byte[12];

  /**
   * The header of one use of a file.
   *
   * @param magic what kind of file it is
   * @param bytes size of the file, 0 if it grows
   * @param rolled whether a running log went on here: then it was named in the manifest before
   */
  record Header(
      long magic, long salt, long sequence, long bytes, Link predecessor, boolean rolled) {}

  /**
   * Where the part of the log before a segment ends.
   *
   * @param sequence of the segment before, 0 if there is none
   * @param end offset after its last record
   * @param lastLsn LSN of its last record
   */
  record Link(long sequence, long end, long lastLsn) {
    static final Link NONE = new Link(0, 0, 0);
  }

  /** How many bytes a record with such a payload takes. */
  static int recordBytes(int payloadBytes) {
    return Math.addExact(RECORD_HEADER_BYTES, payloadBytes) + padding(payloadBytes);
  }

  /** The largest payload whose record fits into so many bytes. */
  static int payloadBytesMax(int recordBytes) {
    return (recordBytes & -ALIGNMENT) - RECORD_HEADER_BYTES;
  }

  void encodeHeader(Header header, byte[] target, int at) {
    Arrays.fill(target, at, at + HEADER_BYTES, (byte) 0);
    LONG.set(target, at, header.magic());
    INT.set(target, at + 12, FORMAT);
    LONG.set(target, at + 16, header.salt());
    LONG.set(target, at + 24, header.sequence());
    LONG.set(target, at + 32, header.bytes());
    LONG.set(target, at + 40, header.predecessor().sequence());
    LONG.set(target, at + 48, header.predecessor().end());
    LONG.set(target, at + 56, header.predecessor().lastLsn());
    target[at + 64] = (byte) (header.rolled() ? 1 : 0);
    INT.set(target, at + 8, headerCrc(target, at));
  }

  /** The header at the start of the image, if it is one of that kind and intact. */
  Optional<Header> decodeHeader(long magic, byte[] image) {
    boolean intact =
        image.length >= HEADER_BYTES
            && (long) LONG.get(image, 0) == magic
            && (int) INT.get(image, 8) == headerCrc(image, 0)
            && (int) INT.get(image, 12) == FORMAT;
    if (!intact) return Optional.empty();
    return Optional.of(
        new Header(
            magic,
            (long) LONG.get(image, 16),
            (long) LONG.get(image, 24),
            (long) LONG.get(image, 32),
            new Link(
                (long) LONG.get(image, 40), (long) LONG.get(image, 48), (long) LONG.get(image, 56)),
            image[64] == 1));
  }

  /** Writes one record and answers how many bytes it took. */
  int encode(
      long salt, long lsn, long durableMark, int type, Bytes payload, byte[] target, int at) {
    payload.copyTo(target, at + RECORD_HEADER_BYTES);
    return seal(salt, lsn, durableMark, type, payload.size(), target, at);
  }

  /**
   * Makes a record of a payload that lies in its place already, behind room for the header; answers
   * how many bytes it took.
   */
  int seal(
      long salt, long lsn, long durableMark, int type, int payloadBytes, byte[] target, int at) {
    int padding = padding(payloadBytes);
    int length = RECORD_HEADER_BYTES + payloadBytes + padding;
    if (durableMark >= lsn || at % ALIGNMENT != 0 || type < 0 || type > 255) {
      throw new AssertionError("record " + lsn + " mark " + durableMark + " at " + at);
    }
    INT.set(target, at, length);
    LONG.set(target, at + 8, lsn);
    LONG.set(target, at + 16, durableMark);
    target[at + 24] = (byte) type;
    target[at + 25] = (byte) padding;
    for (int i = at + length - padding; i < at + length; i++) target[i] = 0;
    INT.set(target, at + 4, recordCrc(salt, target, at, length));
    return length;
  }

  /**
   * Whether a whole, intact record of this use of the file lies there.
   *
   * @param lsnFrom the least LSN it may have
   * @param lsnTo the greatest; with it nearly all that is not a record is told without a checksum
   */
  boolean isRecord(byte[] image, int at, int limit, long salt, long lsnFrom, long lsnTo) {
    return mayBeRecord(image, at, limit - at, lsnFrom, lsnTo)
        && (int) INT.get(image, at + 4) == recordCrc(salt, image, at, length(image, at));
  }

  /** The part of {@link #isRecord} that looks at the record's header alone. */
  static boolean mayBeRecord(byte[] image, int at, int bytesMax, long lsnFrom, long lsnTo) {
    if (bytesMax < RECORD_BYTES_MIN) return false;
    int length = length(image, at);
    if (length < RECORD_BYTES_MIN || length % ALIGNMENT != 0 || length > bytesMax) return false;
    long lsn = lsn(image, at);
    long mark = durableMark(image, at);
    if (lsn < lsnFrom || lsn > lsnTo || mark < 0 || mark >= lsn) return false;
    int flags = image[at + 25];
    return (flags & ~PADDING_MASK) == 0 && length - RECORD_HEADER_BYTES >= flags;
  }

  static int length(byte[] image, int at) {
    return (int) INT.get(image, at);
  }

  static long lsn(byte[] image, int at) {
    return (long) LONG.get(image, at + 8);
  }

  static long durableMark(byte[] image, int at) {
    return (long) LONG.get(image, at + 16);
  }

  static int type(byte[] image, int at) {
    return image[at + 24] & 0xFF;
  }

  /** A copy of the payload of the record there. */
  static Bytes payload(byte[] image, int at) {
    return Bytes.copyOf(image, at + RECORD_HEADER_BYTES, payloadBytes(image, at));
  }

  /** How long the payload of the record there is; it begins behind the record's header. */
  static int payloadBytes(byte[] image, int at) {
    return length(image, at) - RECORD_HEADER_BYTES - (image[at + 25] & PADDING_MASK);
  }

  private static int padding(int payloadBytes) {
    return -(RECORD_HEADER_BYTES + payloadBytes) & PADDING_MASK;
  }

  private int headerCrc(byte[] image, int at) {
    crc.reset();
    crc.update(image, at + HEADER_CHECKED_FROM, HEADER_BYTES - HEADER_CHECKED_FROM);
    return (int) crc.getValue();
  }

  private int recordCrc(long salt, byte[] image, int at, int length) {
    LONG.set(seed, 0, salt);
    INT.set(seed, 8, length);
    crc.reset();
    crc.update(seed, 0, seed.length);
    crc.update(image, at + 8, length - 8);
    return (int) crc.getValue();
  }
}
