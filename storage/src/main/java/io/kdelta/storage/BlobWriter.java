package io.kdelta.storage;

import io.kdelta.vfs.Vfs;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes the large values of one flush into a blob file, each content once: what an older file that
 * it knows of holds already is only referred to. The file is made with the first value. Layout:
 * {@link BlobFormat}. Owner: the table thread. Values that are added stay where they lie until it
 * is closed.
 */
final class BlobWriter implements LargeValues, AutoCloseable {
  static final int BUFFER_BYTES = 128 << 10;

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
  private final @Nullable BlobContents known;
  private final @Nullable ByteBuffer lent;
  private final Map<BlobContents.Mark, Added> added = new LinkedHashMap<>();
  private final List<Entry> entries = new ArrayList<>();
  private Vfs.@Nullable File file;
  private long number;
  private long fileNumber;
  private long position = BlobFormat.HEADER_BYTES;
  private int live;

  /** What is not written yet: a write of a value alone leaves a page half full each time. */
  private ByteBuffer unwritten = ByteBuffer.allocate(0);

  /** One line of the directory; size 0 for a dropped value. */
  private record Entry(long offset, int size, int crc) {}

  /** A value of this file. */
  private static final class Added {
    private final MemorySegment segment;
    private final long offset;
    private final int entry;
    private final byte[] reference;

    Added(MemorySegment segment, long offset, int entry, byte[] reference) {
      this.segment = segment;
      this.offset = offset;
      this.entry = entry;
      this.reference = reference;
    }

    boolean isAt(MemorySegment other, long otherOffset, int size) {
      long end = offset + size;
      return MemorySegment.mismatch(segment, offset, end, other, otherOffset, otherOffset + size)
          < 0;
    }
  }

  /**
   * @param numbers gives a new file number each time
   * @param known contents that older files hold; null where no value comes twice
   * @param written is told of the file before it is created
   */
  BlobWriter(Vfs vfs, LongSupplier numbers, @Nullable BlobContents known, List<String> written) {
    this(vfs, numbers, known, written, null);
  }

  /**
   * The same for one of many files, none of which refers to another.
   *
   * @param buffer of {@value #BUFFER_BYTES} bytes, its own until it is finished
   */
  BlobWriter(Vfs vfs, LongSupplier numbers, List<String> written, ByteBuffer buffer) {
    this(vfs, numbers, null, written, buffer);
  }

  private BlobWriter(
      Vfs vfs,
      LongSupplier numbers,
      @Nullable BlobContents known,
      List<String> written,
      @Nullable ByteBuffer lent) {
    this.vfs = vfs;
    this.numbers = numbers;
    this.known = known;
    this.written = written;
    this.lent = lent;
  }

  @Override
  public byte[] add(MemorySegment segment, long offset, int size) {
    ByteBuffer value = segment.asSlice(offset, size).asByteBuffer();
    int crc = SSTableFormat.crc(segment, offset, size);
    BlobContents.Mark mark = new BlobContents.Mark(crc, size);
    if (known != null) {
      byte[] older = known.reference(mark, value);
      if (older != null) return older;
      Added same = added.get(mark);
      if (same != null && same.isAt(segment, offset, size)) return same.reference;
    }
    if (file == null) {
      begin();
      number = fileNumber;
    }
    byte[] reference = BlobFormat.reference(number, entries.size(), size, crc);
    if (known != null) added.put(mark, new Added(segment, offset, entries.size(), reference));
    append(value, new Entry(position, size, crc));
    return reference;
  }

  /** Begins a file that takes over a number, with all its entries in order. */
  void beginAgain(long ofNumber) {
    begin();
    number = ofNumber;
  }

  /** Keeps the next entry of the file that is written anew. */
  void keep(BlobFile source, int entry) {
    append(source.read(entry), new Entry(position, source.size(entry), source.crc(entry)));
  }

  /** Drops the next entry of the file that is written anew. */
  void drop() {
    entries.add(new Entry(0, 0, 0));
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
      directory.position(directory.position() + BlobFormat.DIGEST_BYTES);
    }
    writeOut();
    byte[] encoded = BlobFormat.encodeHeader(header);
    int crc = SSTableFormat.crc(directory.array(), 0, directory.capacity());
    byte[] footer = SSTableFormat.encodeFooter(encoded, crc);
    file.append(directory.flip());
    file.append(ByteBuffer.wrap(footer));
    file.writeAt(0, ByteBuffer.wrap(encoded));
    file.sync();
    return new Finished(number, fileNumber, file.size(), SSTableFormat.checksum(footer));
  }

  /** What this file, open by now, holds, for later flushes. */
  void remember(BlobContents contents, BlobFile opened) {
    added.forEach((mark, one) -> contents.add(mark, opened, one.entry, one.reference));
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
    unwritten = lent == null ? ByteBuffer.allocate(BUFFER_BYTES) : lent.clear();
    unwritten.put(new byte[BlobFormat.HEADER_BYTES]);
  }

  private void append(ByteBuffer value, Entry entry) {
    if (value.remaining() > unwritten.remaining()) writeOut();
    if (value.remaining() > unwritten.remaining()) file().append(value);
    else unwritten.put(value);
    position += entry.size;
    entries.add(entry);
    live++;
  }

  private void writeOut() {
    file().append(unwritten.flip());
    unwritten.clear();
  }

  private Vfs.File file() {
    if (file == null) throw new AssertionError("no blob file was begun");
    return file;
  }
}
