package io.kdelta.storage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where the records of one file lie, and where something else lies between them. Immutable once
 * read; it keeps offsets, not bytes.
 *
 * <p>After a bad record every multiple of 8 is tried; the next valid record may have any greater
 * LSN that the bytes in between allow. The scan says what is there, not what it means: whether a
 * gap is damage or the torn end is the reader's decision.
 */
final class RecordScan {
  /**
   * More batches than a store ever sees: a million a second for 285 years. What is read as an LSN
   * elsewhere is nearly always greater, and so costs no checksum over what is read as its length.
   */
  static final long LSN_MAX = 1L << 53;

  private int[] offsets = new int[64];
  private long[] lsns = new long[64];
  private long[] marks = new long[64];
  private int count;
  private final List<Gap> gaps = new ArrayList<>();
  private int end;

  private final WalFormat format;
  private final FileWindow window;
  private final int to;
  private final long salt;
  private final long lsnLast;

  private RecordScan(WalFormat format, FileWindow window, int to, long salt, long lsnLast) {
    this.format = format;
    this.window = window;
    this.to = to;
    this.salt = salt;
    this.lsnLast = lsnLast;
  }

  /**
   * Bytes before a record that are not records.
   *
   * @param record index of the record that follows
   * @param firstLsn the LSN that should have come; 0 if nothing told which
   * @param lastLsn the one before that of the record that follows
   */
  record Gap(int record, int offset, int bytes, long firstLsn, long lastLsn) {}

  /**
   * Reads {@code [from, to)} of the file.
   *
   * @param lsnExpected of the first record; 0 if not known
   */
  static RecordScan of(
      WalFormat format, FileWindow window, int from, int to, long salt, long lsnExpected) {
    return of(format, window, from, to, salt, lsnExpected, LSN_MAX);
  }

  /**
   * The same where something says how far the part of the log goes that lies here.
   *
   * @param lsnLast what bears a greater LSN is no record here
   */
  static RecordScan of(
      WalFormat format,
      FileWindow window,
      int from,
      int to,
      long salt,
      long lsnExpected,
      long lsnLast) {
    RecordScan scan = new RecordScan(format, window, to, salt, lsnLast);
    int at = from;
    long expected = lsnExpected;
    while (expected <= lsnLast) {
      int found = at;
      if (expected == 0 || !scan.isRecord(at, expected, expected)) {
        found = scan.search(at, Math.max(1, expected), scan.count > 0);
        if (found < 0) break;
        long lsn = scan.lsnAt(found);
        if (found > at || (expected != 0 && lsn != expected)) {
          scan.gaps.add(new Gap(scan.count, at, found - at, expected, lsn - 1));
        }
      }
      at = scan.add(found);
      expected = scan.lsns[scan.count - 1] + 1;
    }
    scan.end = at;
    return scan;
  }

  int count() {
    return count;
  }

  int offset(int record) {
    return offsets[record];
  }

  long lsn(int record) {
    return lsns[record];
  }

  /** The highest durable mark in that record and all after it; 0 if there are none. */
  long markFrom(int record) {
    long highest = 0;
    for (int i = record; i < count; i++) highest = Math.max(highest, marks[i]);
    return highest;
  }

  List<Gap> gaps() {
    return gaps;
  }

  /** Where the last record ends. */
  int end() {
    return end;
  }

  private int search(int from, long lsnFrom, boolean lsnIsExact) {
    int last = to - WalFormat.RECORD_BYTES_MIN;
    for (int at = from; at <= last; at += WalFormat.ALIGNMENT) {
      // No record begins with zeros, and the unused part of a segment is nothing else.
      at = window.skipZeros(at, to);
      // The records that are missing took at least so many bytes each.
      int missingMax = (at - from) / WalFormat.RECORD_BYTES_MIN;
      long lsnTo = lsnIsExact ? Math.min(lsnFrom + missingMax, lsnLast) : lsnLast;
      if (isRecord(at, lsnFrom, lsnTo)) return at;
    }
    return -1;
  }

  private boolean isRecord(int at, long lsnFrom, long lsnTo) {
    if (to - at < WalFormat.RECORD_BYTES_MIN) return false;
    int head = window.at(at, WalFormat.RECORD_BYTES_MIN);
    if (!WalFormat.mayBeRecord(window.array(), head, to - at, lsnFrom, lsnTo)) return false;
    int length = WalFormat.length(window.array(), head);
    int whole = window.at(at, length);
    return format.isRecord(window.array(), whole, whole + length, salt, lsnFrom, lsnTo);
  }

  private long lsnAt(int at) {
    int index = window.at(at, WalFormat.RECORD_BYTES_MIN);
    return WalFormat.lsn(window.array(), index);
  }

  /** Notes a record and answers where it ends. */
  private int add(int at) {
    if (count == offsets.length) {
      offsets = Arrays.copyOf(offsets, 2 * count);
      lsns = Arrays.copyOf(lsns, 2 * count);
      marks = Arrays.copyOf(marks, 2 * count);
    }
    int index = window.at(at, WalFormat.RECORD_BYTES_MIN);
    offsets[count] = at;
    lsns[count] = WalFormat.lsn(window.array(), index);
    marks[count] = WalFormat.durableMark(window.array(), index);
    count++;
    return at + WalFormat.length(window.array(), index);
  }
}
