package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Checks one table: every checksum, the order of the keys, and that each derived section (groups,
 * filter, index, blobs) is exactly what the rows give. Used once, by one thread.
 */
final class TableCheck {
  private static final long FILTER_MIX = 0x9E3779B97F4A7C15L;

  private final Vfs.File file;
  private final TableShape shape;
  private final SortedMap<Long, BlobCheck> blobs;
  private final Findings findings;
  private final long[] groups;
  private final long[] filter;
  private final TreeMap<Long, BitSet> referred = new TreeMap<>();
  private final TreeMap<Long, Long> referredBytes = new TreeMap<>();
  private Image index;
  private byte @Nullable [] lastKey;
  private int lastPoint;
  private byte @Nullable [] firstKey;
  private int groupCount;
  private long rows;
  private long tombstones;

  private TableCheck(
      Vfs.File file, TableShape shape, SortedMap<Long, BlobCheck> blobs, Findings findings) {
    this.file = file;
    this.shape = shape;
    this.blobs = blobs;
    this.findings = findings;
    this.groups = new long[shape.groups()];
    this.filter = new long[8 * shape.filterLines()];
    this.index = new Image(file.path(), 0, new byte[0]);
  }

  /** What a table that is whole tells. */
  record Outcome(TableShape shape, Bytes firstPoint, Bytes lastPoint) {}

  /** Checks the table; null when its rows can not be trusted. */
  static @Nullable Outcome check(
      Vfs.File file, Catalog.Table named, SortedMap<Long, BlobCheck> blobs, Findings findings) {
    try {
      TableShape shape = TableShape.read(file, named);
      if (!chunks(file, shape, findings)) return null;
      return new TableCheck(file, shape, blobs, findings).rows();
    } catch (KdeltaException.Corrupt found) {
      findings.damage(found);
      return null;
    }
  }

  private static boolean chunks(Vfs.File file, TableShape shape, Findings findings) {
    Image footer = Image.read(file, shape.footerAt(), TableShape.FOOTER_BYTES);
    Image sums = Image.read(file, shape.checksumsAt(), shape.footerAt() - shape.checksumsAt());
    if (sums.crc(0, sums.size()) != footer.i32(TableShape.HEADER_BYTES)) {
      findings.damage(file.path(), shape.checksumsAt(), "the checksum of the checksums");
      return false;
    }
    boolean whole = true;
    for (int chunk = 0; chunk < shape.chunks(); chunk++) {
      long from = Math.max(TableShape.HEADER_BYTES, (long) chunk * TableShape.CHUNK_BYTES);
      long end = Math.min((chunk + 1L) * TableShape.CHUNK_BYTES, shape.checksumsAt());
      Image part = Image.read(file, from, end - from);
      if (part.crc(0, part.size()) == sums.i32(4 * chunk)) continue;
      findings.damage(file.path(), from, "the checksum of a chunk of " + part.size() + " bytes");
      whole = false;
    }
    return whole;
  }

  private Outcome rows() {
    index = Image.read(file, shape.indexAt(), shape.indexBytes());
    int block = -1;
    // The file stays open for the caller.
    TableRows source = new TableRows(file, shape);
    while (source.next()) {
      row(source);
      if (source.block() != block) indexKey(source.block(), source.key, source);
      block = source.block();
    }
    byte[] last = lastKey;
    byte[] first = firstKey;
    if (last == null || first == null) throw index.corrupt(0, "is a table without rows");
    ends(last);
    counts();
    groups();
    filter();
    blobs();
    return new Outcome(shape, Bytes.wrap(first), Bytes.copyOf(last, 0, lastPoint));
  }

  private void row(TableRows source) {
    byte[] last = lastKey;
    if (last != null && source.compare(last, lastPoint, last.length) <= 0) {
      throw source.corrupt("row " + rows + " is not behind the row before");
    }
    boolean begins =
        last == null
            || Arrays.compareUnsigned(source.key, 0, source.pointSize, last, 0, lastPoint) != 0;
    if (begins) {
      if (!source.whole) throw source.corrupt("row " + rows + " begins a group and is not whole");
      group(source);
    }
    rows++;
    if (source.kind == TableRows.DELETE) tombstones++;
    if (source.kind == TableRows.BLOB) refer(source);
    lastKey = Arrays.copyOf(source.key, source.keySize);
    lastPoint = source.pointSize;
    if (firstKey == null) firstKey = Arrays.copyOf(source.key, source.pointSize);
  }

  private void group(TableRows source) {
    if (groupCount == groups.length) {
      throw source.corrupt("has more groups than the " + groups.length + " of its header");
    }
    long hash = Hashing.xxh64(source.key, source.pointSize, shape.seed());
    long place = ((long) source.block() << shape.placeBits()) + source.place();
    groups[groupCount++] = (hash & 0xFFFFFFFF00000000L) | (place & 0xFFFFFFFFL);
    int line = (int) Math.unsignedMultiplyHigh(hash, shape.filterLines());
    long bits = Long.rotateLeft(hash * FILTER_MIX, 32);
    for (int i = 0; i < 6; i++, bits >>>= 9) {
      filter[8 * line + (int) ((bits & 511) >>> 6)] |= 1L << (bits & 63);
    }
  }

  private void refer(TableRows source) {
    Image image = source.image();
    long number = image.i64(source.valueAt);
    long entry = image.u32(source.valueAt + 8);
    long size = image.u32(source.valueAt + 12);
    BlobCheck blob = blobs.get(number);
    if (blob == null)
      throw source.corrupt("refers to blob file " + number + ", which is not there");
    blob.require(entry, size, image.i32(source.valueAt + 16));
    BitSet entries = referred.computeIfAbsent(number, _ -> new BitSet());
    if (entries.get((int) entry)) return;
    entries.set((int) entry);
    referredBytes.merge(number, size, Long::sum);
  }

  private void indexKey(int number, byte[] key, TableRows row) {
    int ends = 8 * (shape.blocks() + 1);
    int text = ends + 4 * (shape.blocks() + 1);
    long start = number == 0 ? 0 : index.u32(ends + 4 * (number - 1));
    long end = index.u32(ends + 4 * number);
    boolean fits = start <= end && end <= index.size() - text;
    int size = fits ? (int) (end - start) : 0;
    int at = text + (int) start;
    boolean same =
        size == 2 + row.keySize
            && index.u16(at) == row.pointSize
            && Arrays.equals(index.bytes, at + 2, at + size, key, 0, row.keySize);
    if (!same) throw index.corrupt(8 * number, "the index has another first key for the block");
  }

  private void ends(byte[] last) {
    int blocks = shape.blocks();
    int ends = 8 * (blocks + 1);
    int text = ends + 4 * (blocks + 1);
    long start = blocks == 0 ? 0 : index.u32(ends + 4 * (blocks - 1));
    long end = index.u32(ends + 4 * blocks);
    boolean fits = end - start == 2L + last.length && text + end == index.size();
    int at = text + (int) start;
    boolean same =
        fits
            && index.u16(at) == lastPoint
            && Arrays.equals(index.bytes, at + 2, at + 2 + last.length, last, 0, last.length);
    if (!same) throw index.corrupt(ends, "the index has another last key");
    long rowsEnd = index.i64(8 * blocks) & Long.MAX_VALUE;
    zeros(rowsEnd, shape.groupsAt());
    zeros(shape.groupsAt() + 8L * groups.length, shape.filterAt());
    zeros(shape.indexAt() + shape.indexBytes(), shape.blobsAt());
    zeros(shape.blobsAt() + shape.blobsBytes(), shape.checksumsAt());
    zeros(shape.checksumsAt() + 4L * shape.chunks(), shape.footerAt());
  }

  private void zeros(long from, long end) {
    if (end - from >= 64 || end < from) {
      throw new KdeltaException.Corrupt(file.path(), from, "a gap between two sections");
    }
    Image gap = Image.read(file, from, end - from);
    if (!gap.zeros(0, gap.size())) throw gap.corrupt(0, "bytes between two sections");
  }

  private void counts() {
    must(rows == shape.rows(), 4, rows + " rows, the header says " + shape.rows());
    must(
        tombstones == shape.tombstones(),
        24,
        tombstones + " deletes, the header says " + shape.tombstones());
    must(
        groupCount == shape.groups(),
        28,
        groupCount + " groups, the header says " + shape.groups());
  }

  private void groups() {
    Image column = Image.read(file, shape.groupsAt(), 8L * groups.length);
    // Ascending unsigned: the sort below is signed.
    for (int i = 0; i < groups.length; i++) groups[i] ^= Long.MIN_VALUE;
    Arrays.sort(groups);
    for (int i = 0; i < groups.length; i++) {
      if (column.i64(8 * i) == (groups[i] ^ Long.MIN_VALUE)) continue;
      throw column.corrupt(8 * i, "the column of groups is not what the rows give");
    }
  }

  private void filter() {
    Image lines = Image.read(file, shape.filterAt(), 64L * shape.filterLines());
    for (int i = 0; i < filter.length; i++) {
      if (lines.i64(8 * i) == filter[i]) continue;
      throw lines.corrupt(8 * i, "the filter is not what the rows give");
    }
  }

  private void blobs() {
    Image section = Image.read(file, shape.blobsAt(), shape.blobsBytes());
    if (referred.isEmpty()) {
      must(section.size() == 0, 52, "a blobs section that no row asks for");
      return;
    }
    boolean same = section.u32(0) == referred.size() && section.i32(4) == 0;
    int at = 8;
    for (Long number : referred.keySet()) {
      same &=
          section.i64(at) == number
              && section.i64(at + 8) == referredBytes.getOrDefault(number, 0L)
              && section.u32(at + 16) == referred.get(number).cardinality()
              && section.i32(at + 20) == 0;
      at += 24;
    }
    for (BitSet entries : referred.values()) {
      for (int entry = entries.nextSetBit(0); entry >= 0; entry = entries.nextSetBit(entry + 1)) {
        same &= section.i32(at) == entry;
        at += 4;
      }
    }
    if (!same || at != section.size()) {
      throw section.corrupt(0, "the blobs section is not what the rows give");
    }
  }

  private void must(boolean holds, long at, String otherwise) {
    if (!holds) findings.damage(file.path(), at, otherwise);
  }
}
