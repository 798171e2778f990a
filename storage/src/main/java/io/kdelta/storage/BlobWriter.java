package io.kdelta.storage;

import io.kdelta.vfs.Vfs;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Writes the large values of one flush into a blob file, each content once: what an older file that
 * it knows of holds already is only referred to. The file is made with the first value. Layout:
 * {@link BlobFormat}. Owner: the table thread.
 */
final class BlobWriter implements AutoCloseable {
  /**
   * What the manifest needs to know of a finished file.
   *
   * @param number that references name
   * @param file the number in its name
   * @param bytes of the file
   * @param checksum that stands for all of it
   */
  record Finished(long number, long file, long bytes, long checksum) {
    ManifestEdit.BlobAdded added() {
      return new ManifestEdit.BlobAdded(number, file, bytes, checksum);
    }
  }

  private final Vfs vfs;
  private final LongSupplier numbers;
  private final List<String> written;
  private final BlobContents known;
  private final MessageDigest sha256 = sha256();
  private final Map<BlobContents.Digest, byte[]> added = new LinkedHashMap<>();
  private final List<Entry> entries = new ArrayList<>();
  private Vfs.@Nullable File file;
  private long number;
  private long fileNumber;
  private long position = BlobFormat.HEADER_BYTES;
  private int live;

  /** One line of the directory; size 0 for a dropped value. */
  private record Entry(long offset, int size, int crc, BlobContents.Digest digest) {}

  /**
   * @param numbers gives a new file number each time
   * @param known contents that older files hold
   * @param written is told of the file before it is created
   */
  BlobWriter(Vfs vfs, LongSupplier numbers, BlobContents known, List<String> written) {
    this.vfs = vfs;
    this.numbers = numbers;
    this.known = known;
    this.written = written;
  }

  /** Keeps a value and answers the reference to it. */
  byte[] add(MemorySegment segment, long offset, int size) {
    ByteBuffer value = segment.asSlice(offset, size).asByteBuffer();
    sha256.update(value.duplicate());
    BlobContents.Digest digest = BlobContents.Digest.of(sha256.digest());
    byte[] reference = known.reference(digest);
    if (reference == null) reference = added.get(digest);
    if (reference != null) return reference;
    if (file == null) {
      begin();
      number = fileNumber;
    }
    CRC32C crc = new CRC32C();
    crc.update(value.duplicate());
    reference = BlobFormat.reference(number, entries.size(), size, (int) crc.getValue());
    append(value, new Entry(position, size, (int) crc.getValue(), digest));
    added.put(digest, reference);
    return reference;
  }

  /** Begins a file that takes over a number, with all its entries in order. */
  void beginAgain(long ofNumber) {
    begin();
    number = ofNumber;
  }

  /** Keeps the next entry of the file that is written anew. */
  void keep(BlobFile source, int entry) {
    append(
        source.read(entry),
        new Entry(position, source.size(entry), source.crc(entry), source.digest(entry)));
  }

  /** Drops the next entry of the file that is written anew. */
  void drop() {
    entries.add(new Entry(0, 0, 0, BlobContents.Digest.ZERO));
  }

  /** Completes and syncs the file; null when there was no value. */
  @Nullable Finished finish() {
    if (file == null) return null;
    BlobFormat.Header header =
        new BlobFormat.Header(number, fileNumber, entries.size(), live, position);
    ByteBuffer directory =
        ByteBuffer.allocate(Math.multiplyExact(entries.size(), BlobFormat.ENTRY_BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (Entry entry : entries) {
      directory.putLong(entry.offset).putInt(entry.size).putInt(entry.crc);
      entry.digest.writeTo(directory);
    }
    byte[] encoded = BlobFormat.encodeHeader(header);
    int crc = SSTableFormat.crc(directory.array(), 0, directory.capacity());
    byte[] footer = SSTableFormat.encodeFooter(encoded, crc);
    file.append(directory.flip());
    file.append(ByteBuffer.wrap(footer));
    file.writeAt(0, ByteBuffer.wrap(encoded));
    file.sync();
    return new Finished(number, fileNumber, file.size(), SSTableFormat.checksum(footer));
  }

  /** What this file holds, for later flushes. */
  void remember(BlobContents contents) {
    added.forEach(contents::add);
  }

  @Override
  public void close() {
    if (file != null) file.close();
  }

  private void begin() {
    fileNumber = numbers.getAsLong();
    String path = FileNames.blob(fileNumber);
    written.add(path);
    Vfs.File created = vfs.create(path);
    file = created;
    created.append(ByteBuffer.allocate(BlobFormat.HEADER_BYTES));
  }

  private void append(ByteBuffer value, Entry entry) {
    if (file == null) throw new AssertionError("no blob file was begun");
    file.append(value);
    position += entry.size;
    entries.add(entry);
    live++;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
