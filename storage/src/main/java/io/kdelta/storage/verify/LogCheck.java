package io.kdelta.storage.verify;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log by the rule of recovery and changes nothing. Layouts: the engine's WalFormat and
 * WriteBatch. Used once, by one thread.
 *
 * <p>LSNs are dense. What is bad below a durable mark, before the end that the next segment names,
 * or in a segment that was sealed, is damage; what is bad at the end of the youngest segment and
 * above every durable mark was never acknowledged: a note.
 */
final class LogCheck {
  private static final int BATCH = 1;
  private static final int SEGMENT_BYTES_MAX = 1 << 30;

  private final Vfs vfs;
  private final Catalog catalog;
  private final Findings findings;
  private final @Nullable List<LogRow> rows;
  private long lastLsn;
  private long records;
  private boolean first = true;

  /**
   * A row of the log that no table holds yet.
   *
   * @param at where its key lies in the image; the value follows it
   */
  record LogRow(
      Image image,
      long lsn,
      int order,
      int kind,
      int at,
      int pointSize,
      int keySize,
      int valueSize) {
    int valueAt() {
      return at + keySize;
    }
  }

  /** A segment with what its file says. */
  private record Sighting(
      Catalog.Segment segment, @Nullable Image image, Optional<Records.Header> header) {
    String name() {
      return StoreFiles.log(segment.file());
    }
  }

  /**
   * @param rows takes the rows above the flushed LSN; null when nobody wants them
   */
  LogCheck(Vfs vfs, Catalog catalog, Findings findings, @Nullable List<LogRow> rows) {
    this.vfs = vfs;
    this.catalog = catalog;
    this.findings = findings;
    this.rows = rows;
  }

  /** Records that are valid, and the last LSN. */
  record Outcome(long records, long lastLsn) {}

  Outcome check() {
    lastLsn = catalog.flushedLsn;
    TreeMap<Long, Sighting> all = new TreeMap<>();
    for (Catalog.Segment segment : catalog.segments.values()) {
      all.put(segment.sequence(), look(segment));
    }
    List<Sighting> chain = chain(all);
    if (chain.isEmpty()) {
      // Every manifest of a log names at least one segment that was used.
      for (Sighting sighting : all.values()) {
        if (sighting.image() == null) continue;
        findings.damage(sighting.name(), 0, "no header and no record of it can be read");
      }
    }
    for (int i = 0; i < chain.size(); i++) {
      read(chain.get(i), i + 1 < chain.size() ? chain.get(i + 1) : null);
    }
    Catalog.Ended ended = catalog.ended;
    if (ended != null && lastLsn != ended.lastLsn()) {
      findings.damage(
          "", 0, "the log ends at " + lastLsn + ", it was closed at " + ended.lastLsn());
    }
    if (lastLsn < catalog.flushedLsn) {
      findings.damage(
          "", 0, "the log ends at " + lastLsn + ", before what tables hold: " + catalog.flushedLsn);
    }
    return new Outcome(records, lastLsn);
  }

  private Sighting look(Catalog.Segment segment) {
    String name = StoreFiles.log(segment.file());
    if (segment.bytes() < Records.HEADER_BYTES || segment.bytes() > SEGMENT_BYTES_MAX) {
      findings.damage(name, 0, "is named with " + segment.bytes() + " bytes");
      return new Sighting(segment, null, Optional.empty());
    }
    if (!vfs.exists(name)) {
      findings.damage(name, 0, "the file is missing");
      return new Sighting(segment, null, Optional.empty());
    }
    try (Vfs.File file = vfs.openForReading(name)) {
      if (file.size() < segment.bytes()) {
        findings.damage(
            name, file.size(), "the file is cut: " + segment.bytes() + " bytes are due");
      }
      Image image = Image.read(file, 0, Math.min(file.size(), segment.bytes()));
      Optional<Records.Header> header =
          Records.header(image, Records.SEGMENT_MAGIC)
              .filter(h -> h.salt() == segment.salt() && h.sequence() == segment.sequence());
      if (header.isPresent() && header.get().bytes() != segment.bytes()) {
        findings.damage(name, 32, "its header says " + header.get().bytes() + " bytes");
      }
      return new Sighting(segment, image, header);
    } catch (KdeltaException.Corrupt found) {
      findings.damage(found);
      return new Sighting(segment, null, Optional.empty());
    }
  }

  /** The segments in use, oldest first: back from the youngest along the predecessors. */
  private static List<Sighting> chain(NavigableMap<Long, Sighting> all) {
    List<Sighting> chain = new ArrayList<>();
    for (Sighting sighting : all.descendingMap().values()) {
      if (chain.isEmpty()) {
        if (used(sighting)) chain.addFirst(sighting);
        continue;
      }
      Optional<Records.Header> next = chain.getFirst().header();
      boolean precedes =
          next.isEmpty() || next.get().predecessor() == sighting.segment().sequence();
      if (precedes) chain.addFirst(sighting);
    }
    return chain;
  }

  private static boolean used(Sighting sighting) {
    if (sighting.header().isPresent()) return true;
    Image image = sighting.image();
    if (image == null) return false;
    return !Records.scan(image, image.size(), sighting.segment().salt(), 0).entries.isEmpty();
  }

  private void read(Sighting sighting, @Nullable Sighting next) {
    Optional<Records.Header> successor = next == null ? Optional.empty() : next.header();
    Image image = sighting.image();
    String name = sighting.name();
    if (image == null) {
      successor.ifPresent(header -> lastLsn = Math.max(lastLsn, header.lastLsn()));
      first = false;
      return;
    }
    long due = due(sighting, name);
    int end =
        successor.map(header -> Math.clamp(header.endsAt(), 0, image.size())).orElse(image.size());
    Records scan = Records.scan(image, end, sighting.segment().salt(), due);
    int count = next == null ? youngest(sighting, scan, due) : sealed(sighting, scan, successor);
    for (Records.Entry entry : scan.entries.subList(0, count)) take(name, scan, entry);
    if (sighting.header().isEmpty() && (next != null || count > 0)) {
      findings.damage(name, 0, "its header is damaged");
    }
    successor.ifPresent(header -> lastLsn = Math.max(lastLsn, header.lastLsn()));
    first = false;
  }

  /** The LSN that the first record has to have, 0 if nothing says it. */
  private long due(Sighting sighting, String name) {
    long due = sighting.header().map(header -> header.lastLsn() + 1).orElse(0L);
    if (first) {
      if (due > catalog.flushedLsn + 1) {
        findings.damage(name, 56, "starts at " + due + ", tables end at " + catalog.flushedLsn);
      }
      if (due != 0) lastLsn = due - 1;
    } else if (due != 0 && due != lastLsn + 1) {
      findings.damage(name, 56, "goes on at " + due + " behind " + lastLsn);
    }
    return due;
  }

  private int sealed(Sighting sighting, Records scan, Optional<Records.Header> successor) {
    for (Records.Gap gap : scan.gaps) bad(sighting, gap.at(), gap.end());
    if (successor.isPresent()) {
      long last = scan.entries.isEmpty() ? lastLsn : scan.entries.getLast().lsn();
      Records.Header header = successor.get();
      if (scan.end() != header.endsAt() || last != header.lastLsn()) {
        bad(sighting, scan.end(), (int) Math.clamp(header.endsAt(), scan.end(), 1L << 30));
      }
    }
    return scan.entries.size();
  }

  /** How many records of the youngest segment stay; what follows them is a torn tail. */
  private int youngest(Sighting sighting, Records scan, long due) {
    int count = scan.entries.size();
    for (Records.Gap gap : scan.gaps) {
      long missing = gap.lsn() != 0 ? gap.lsn() : due;
      long mark = Math.max(scan.markFrom(gap.before()), catalog.flushedLsn);
      if (mark >= Math.max(1, missing)) {
        bad(sighting, gap.at(), gap.end());
      } else {
        count = gap.before();
        break;
      }
    }
    int end = count == 0 ? Records.HEADER_BYTES : scan.entries.get(count - 1).end();
    if (count < scan.entries.size() || torn(scan, count, end)) {
      findings.note(sighting.name(), end, "a torn tail: it was never acknowledged");
    }
    return count;
  }

  /** Whether what lies behind the last record began as the next one; old uses leave other bytes. */
  private boolean torn(Records scan, int count, int end) {
    if (scan.image.size() - end < 32) return false;
    long last = count == 0 ? lastLsn : scan.entries.get(count - 1).lsn();
    long lsn = scan.image.i64(end + 8);
    long mark = scan.image.i64(end + 16);
    boolean marked = mark > 0 && mark >= scan.markFrom(0) && mark <= last;
    return lsn == last + 1 || (marked && scan.image.i32(end) > 0);
  }

  private void bad(Sighting sighting, int from, int to) {
    for (Catalog.SetAside part : catalog.setAside) {
      boolean known =
          part.sequence() == sighting.segment().sequence()
              && part.offset() <= from
              && part.offset() + Math.max(0, part.bytes()) >= to;
      if (!known) continue;
      findings.note(sighting.name(), from, "bad records that were set aside before");
      return;
    }
    findings.damage(
        sighting.name(), from, (to - from) + " bytes are no records, and were acknowledged");
  }

  private void take(String name, Records scan, Records.Entry entry) {
    lastLsn = entry.lsn();
    records++;
    if (entry.type() != BATCH) {
      findings.damage(name, entry.at(), "a record of type " + entry.type());
      return;
    }
    try {
      batch(scan.image, entry);
    } catch (KdeltaException.Corrupt found) {
      findings.damage(found);
    }
  }

  private void batch(Image image, Records.Entry entry) {
    int at = entry.payloadAt();
    int end = at + entry.payloadSize();
    if (entry.payloadSize() < 4) throw image.corrupt(at, "a batch of no rows");
    long count = image.u32(at);
    at += 4;
    for (long i = 0; i < count; i++) {
      if (end - at < 9) throw image.corrupt(at, "the batch ends early");
      int kind = image.u8(at);
      int pointSize = image.u16(at + 1);
      int keySize = pointSize + image.u16(at + 3);
      long valueSize = image.u32(at + 5);
      at += 9;
      boolean sane =
          (kind == 1 || (kind == 2 && valueSize == 0))
              && pointSize > 0
              && keySize <= TableRows.KEY_BYTES_MAX
              && keySize + valueSize <= end - at;
      if (!sane) throw image.corrupt(at - 9, "row " + i + " of the batch can not be");
      if (rows != null && entry.lsn() > catalog.flushedLsn) {
        rows.add(
            new LogRow(image, entry.lsn(), (int) i, kind, at, pointSize, keySize, (int) valueSize));
      }
      at += keySize + (int) valueSize;
    }
    if (at != end) throw image.corrupt(at, "bytes behind the last row of the batch");
  }
}
