package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.ManifestEdit.LogEnded;
import io.kdelta.storage.ManifestEdit.SegmentNamed;
import io.kdelta.storage.ManifestEdit.SetAside;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log back after a crash. Used once, by the opener; it writes nothing.
 *
 * <p><b>The rule.</b> A bad record at LSN x is corruption if and only if something proves that x
 * was durable: a valid later record that carries a durable mark of at least x, a later segment (a
 * segment is synced to its end before the header of the next is written), or a table that already
 * holds x. Corruption is set aside and named, and what follows it is kept. Any other bad record is
 * a torn tail: it and all after it were never acknowledged, and are cut.
 *
 * <p>A bad part that an earlier open had set aside is passed over and never counts again, so that
 * damage can stop a node once but not at every start.
 *
 * <p>A log that ended in good order, and that tables hold in full, is not read at all.
 */
final class WalReader {
  private final Vfs vfs;
  private final ManifestState state;
  private final Wal.Sink sink;
  private final WalFormat format = new WalFormat();
  private final CorruptionTracker tracker = new CorruptionTracker();

  private final List<Damage> damage = new ArrayList<>();
  private final List<SetAside> newlySetAside = new ArrayList<>();
  private final List<Tail> tail = new ArrayList<>();
  private final List<Kept> kept = new ArrayList<>();

  /** Missing or cut, and younger than any seen to be used: it may have been the one in use. */
  private final List<Sighting> missingYoungest = new ArrayList<>();

  private KdeltaException.@Nullable Corrupt systematic;
  private WalRecovery.@Nullable Cut cut;
  private long firstLsn;
  private long lastLsn;
  private long durableMark;
  private long records;
  private WalFormat.Link end = WalFormat.Link.NONE;

  WalReader(Vfs vfs, ManifestState state, Wal.Sink sink) {
    this.vfs = vfs;
    this.state = state;
    this.sink = sink;
    durableMark = state.flushedLsn();
    lastLsn = state.flushedLsn();
  }

  /** A record above the durable mark: it must be written again before anybody sees it. */
  record Tail(long lsn, int type, Bytes payload) {}

  /** A segment that was used, and the last LSN up to and including it. */
  record Kept(SegmentNamed segment, long lastLsn, boolean damaged) {}

  /**
   * What was found.
   *
   * @param end where the durable part of the log ends: the predecessor of the segment that follows;
   *     a youngest segment of which nothing is durable, not even its header, is no part of it
   * @param tail what comes after it
   * @param kept the segments that were used, oldest first
   * @param systematic why nothing more was read, if the damage is everywhere
   */
  record Outcome(
      WalRecovery recovery,
      WalFormat.Link end,
      List<Tail> tail,
      List<Kept> kept,
      List<SetAside> newlySetAside,
      Optional<KdeltaException.Corrupt> systematic) {}

  /** One segment as the first look at it showed. */
  private record Sighting(
      SegmentNamed segment,
      Optional<WalFormat.Header> header,
      boolean present,
      boolean whole,
      boolean used) {}

  Outcome read() {
    return state.ended().isPresent() ? ended(state.ended().orElseThrow()) : readBack();
  }

  /** Tables hold all that the log holds, durably, so nothing in it is looked at. */
  private Outcome ended(LogEnded log) {
    for (SegmentNamed segment : state.segments().values()) {
      if (segment.sequence() <= log.sequence()) kept.add(new Kept(segment, log.lastLsn(), false));
    }
    long flushed = state.flushedLsn();
    return new Outcome(
        new WalRecovery(flushed + 1, flushed, flushed, 0, 0, Optional.empty(), damage),
        new WalFormat.Link(log.sequence(), log.end(), flushed),
        tail,
        kept,
        newlySetAside,
        Optional.empty());
  }

  private Outcome readBack() {
    List<Sighting> used = used();
    if (used.isEmpty() && missingYoungest.isEmpty()) {
      // Every manifest of a log names at least one segment that was used.
      for (SegmentNamed segment : state.segments().values()) {
        setAside(segment, 0, segment.bytes(), lastLsn + 1, Damage.UNKNOWN, "nothing can be read");
      }
    }
    for (int i = 0; i < used.size() && systematic == null; i++) {
      Sighting next = i + 1 < used.size() ? used.get(i + 1) : null;
      read(used.get(i), next, lastLsnBefore(used.subList(i + 1, used.size())), i == 0);
    }
    if (systematic == null) finish();
    return new Outcome(
        new WalRecovery(
            firstLsn, lastLsn, durableMark, records, tail.size(), Optional.ofNullable(cut), damage),
        end,
        tail,
        kept,
        newlySetAside,
        Optional.ofNullable(systematic));
  }

  /**
   * The segments that make up the log, oldest first: from the youngest that was written to, back
   * along the predecessors, or to the one named before it where a header is bad.
   */
  private List<Sighting> used() {
    TreeMap<Long, Sighting> seen = new TreeMap<>();
    for (SegmentNamed segment : state.segments().values()) {
      seen.put(segment.sequence(), look(segment));
    }
    List<Sighting> chain = new ArrayList<>();
    for (Sighting sighting : seen.descendingMap().values()) {
      if (chain.isEmpty() && !sighting.used() && !sighting.whole())
        missingYoungest.addFirst(sighting);
      if (chain.isEmpty() ? sighting.used() : precedes(sighting, chain.getFirst())) {
        chain.addFirst(sighting);
      }
    }
    return chain;
  }

  private static boolean precedes(Sighting sighting, Sighting next) {
    return next.header().isEmpty()
        || next.header().orElseThrow().predecessor().sequence() == sighting.segment().sequence();
  }

  private Sighting look(SegmentNamed segment) {
    String name = FileNames.log(segment.file());
    if (!vfs.exists(name)) return new Sighting(segment, Optional.empty(), false, false, false);
    try (Vfs.File file = vfs.openForReading(name)) {
      byte[] start = new byte[WalFormat.HEADER_BYTES];
      file.readAt(0, ByteBuffer.wrap(start));
      Optional<WalFormat.Header> header =
          format
              .decodeHeader(WalFormat.SEGMENT_MAGIC, start)
              .filter(h -> h.salt() == segment.salt() && h.sequence() == segment.sequence());
      // A header that rotted away must not make acknowledged records look never written.
      boolean used =
          header.isPresent()
              || scan(FileWindow.of(file), segment, bytes(segment), 0, RecordScan.LSN_MAX).count()
                  > 0;
      return new Sighting(segment, header, true, file.size() >= segment.bytes(), used);
    }
  }

  /**
   * How far the part of the log reaches that lies before these segments. What a segment holds of
   * what comes after that is the torn tail of its day, which an opening copied into the next: it
   * must not be read twice, wherever in the old segment it went astray.
   */
  private static long lastLsnBefore(List<Sighting> segments) {
    for (Sighting segment : segments) {
      if (segment.header().isPresent()) return segment.header().get().predecessor().lastLsn();
    }
    return RecordScan.LSN_MAX;
  }

  private void read(Sighting sighting, @Nullable Sighting next, long lsnLast, boolean first) {
    SegmentNamed segment = sighting.segment();
    Optional<WalFormat.Link> told =
        next == null ? Optional.empty() : next.header().map(WalFormat.Header::predecessor);
    if (!sighting.present()) {
      if (first) firstLsn = lastLsn + 1;
      missing(sighting, told.map(WalFormat.Link::lastLsn).orElse(Damage.UNKNOWN));
      seal(segment, told, WalFormat.HEADER_BYTES);
      kept.add(new Kept(segment, lastLsn, true));
      return;
    }
    try (Vfs.File file = vfs.openForReading(FileNames.log(segment.file()))) {
      read(sighting, next, lsnLast, first, told, FileWindow.of(file));
    }
  }

  private void read(
      Sighting sighting,
      @Nullable Sighting next,
      long lsnLast,
      boolean first,
      Optional<WalFormat.Link> told,
      FileWindow window) {
    SegmentNamed segment = sighting.segment();
    int damageBefore = damage.size();
    int to = told.map(link -> (int) Math.min(link.end(), segment.bytes())).orElse(bytes(segment));
    // What the header says about the end of the part before stands above what was read there.
    long expected =
        sighting.header().map(h -> h.predecessor().lastLsn() + 1).orElse(first ? 0L : lastLsn + 1);
    RecordScan scan = scan(window, segment, to, expected, lsnLast);
    if (first) begin(expected, scan, segment);
    int count = scan.count();
    if (next == null) {
      sighting.header().ifPresent(header -> end = header.predecessor());
      count = countKept(scan, segment, lastLsn + 1);
    } else if (count > 0) {
      durableMark = Math.max(durableMark, scan.lsn(count - 1));
    }
    deliver(segment, window, scan, count, next == null);
    if (systematic == null) {
      told.ifPresent(link -> checkEnd(segment, scan, link));
      checkShape(sighting, next != null, scan);
    }
    if (next != null) seal(segment, told, scan.end());
    kept.add(new Kept(segment, lastLsn, damage.size() > damageBefore));
  }

  /** Notes where the log starts, and whether that is in time. */
  private void begin(long expected, RecordScan scan, SegmentNamed segment) {
    long due = state.flushedLsn() + 1;
    boolean gapAtFront = !scan.gaps().isEmpty() && scan.gaps().getFirst().record() == 0;
    if (expected != 0) firstLsn = expected;
    else if (scan.count() == 0 || gapAtFront) firstLsn = due;
    else firstLsn = scan.lsn(0);
    lastLsn = firstLsn - 1;
    if (firstLsn > due) {
      setAside(segment, WalFormat.HEADER_BYTES, 0, due, firstLsn - 1, "starts too late");
    }
  }

  /** The header and the size of a segment that was used. */
  private void checkShape(Sighting sighting, boolean sealed, RecordScan scan) {
    SegmentNamed segment = sighting.segment();
    long size = size(segment);
    if (size < segment.bytes()) {
      long last = sealed ? lastLsn : Damage.UNKNOWN;
      setAside(segment, size, segment.bytes() - size, lastLsn + 1, last, "the file was cut");
    }
    boolean headerDue = sealed || (scan.count() > 0 && scan.markFrom(0) >= scan.lsn(0));
    if (sighting.header().isEmpty() && headerDue) {
      setAside(segment, 0, WalFormat.HEADER_BYTES, lastLsn + 1, lastLsn, "bad header");
    }
  }

  /** In the youngest segment: how many records stay once the torn tail is cut. */
  private int countKept(RecordScan scan, SegmentNamed segment, long expected) {
    for (RecordScan.Gap gap : scan.gaps()) {
      if (proven(scan, gap, expected)) continue;
      durableMark = Math.max(durableMark, scan.markFrom(0));
      cut = new WalRecovery.Cut(FileNames.log(segment.file()), gap.offset(), gap.firstLsn());
      return gap.record();
    }
    durableMark = Math.max(durableMark, scan.markFrom(0));
    return scan.count();
  }

  private boolean proven(RecordScan scan, RecordScan.Gap gap, long expected) {
    long missing = gap.firstLsn() != 0 ? gap.firstLsn() : expected;
    return Math.max(scan.markFrom(gap.record()), state.flushedLsn()) >= missing;
  }

  private void deliver(
      SegmentNamed segment, FileWindow window, RecordScan scan, int count, boolean youngest) {
    int gap = 0;
    int reached = WalFormat.HEADER_BYTES;
    for (int i = 0; i < count && systematic == null; i++) {
      boolean found = gap < scan.gaps().size() && scan.gaps().get(gap).record() == i;
      if (found) setAside(segment, scan.gaps().get(gap++));
      else tracker.good();
      int offset = scan.offset(i);
      lastLsn = scan.lsn(i);
      int head = window.at(offset, WalFormat.RECORD_BYTES_MIN);
      int length = WalFormat.length(window.array(), head);
      int at = window.at(offset, length);
      byte[] image = window.array();
      int type = WalFormat.type(image, at);
      reached = offset + length;
      if (youngest && lastLsn > durableMark) {
        // What a proven gap swallowed before this record belongs to the durable part.
        if (found) end = new WalFormat.Link(segment.sequence(), offset, lastLsn - 1);
        tail.add(new Tail(lastLsn, type, WalFormat.payload(image, at)));
      } else if (youngest) {
        end = new WalFormat.Link(segment.sequence(), reached, lastLsn);
      }
      if (lastLsn > state.flushedLsn()) {
        records++;
        int payload = at + WalFormat.RECORD_HEADER_BYTES;
        sink.record(lastLsn, type, image, payload, WalFormat.payloadBytes(image, at));
      }
    }
    if (youngest && cut == null) noteTear(segment, window, reached);
  }

  /**
   * Reports a tear after which nothing valid follows. What an earlier use of the file left there is
   * none: neither its LSNs nor its marks reach up to here.
   */
  private void noteTear(SegmentNamed segment, FileWindow window, int offset) {
    if (bytes(segment) - offset < WalFormat.RECORD_BYTES_MIN) return;
    int at = window.at(offset, WalFormat.RECORD_BYTES_MIN);
    byte[] image = window.array();
    long mark = WalFormat.durableMark(image, at);
    boolean marked = mark >= durableMark && mark <= lastLsn && WalFormat.length(image, at) > 0;
    if (marked || WalFormat.lsn(image, at) == lastLsn + 1) {
      cut = new WalRecovery.Cut(FileNames.log(segment.file()), offset, lastLsn + 1);
    }
  }

  /** A sealed segment must reach as far as the next one says. */
  private void checkEnd(SegmentNamed segment, RecordScan scan, WalFormat.Link told) {
    if (scan.end() != told.end() || lastLsn != told.lastLsn()) {
      setAside(
          segment,
          scan.end(),
          Math.max(0, told.end() - scan.end()),
          lastLsn + 1,
          told.lastLsn(),
          "bad records at the end of a sealed segment");
    }
  }

  /** The log ends at the end of this segment, for all that is known so far. */
  private void seal(SegmentNamed segment, Optional<WalFormat.Link> told, long reached) {
    lastLsn = Math.max(lastLsn, told.map(WalFormat.Link::lastLsn).orElse(0L));
    durableMark = Math.max(durableMark, lastLsn);
    end = told.orElse(new WalFormat.Link(segment.sequence(), reached, lastLsn));
  }

  /** What the tables hold is durable, whatever the log says. */
  private void finish() {
    long flushed = state.flushedLsn();
    for (Kept last : kept) {
      if (lastLsn >= flushed || last.segment().sequence() != end.sequence()) continue;
      setAside(
          last.segment(), end.end(), 0, lastLsn + 1, flushed, "ends before what the tables hold");
    }
    lastLsn = Math.max(lastLsn, flushed);
    if (tail.isEmpty()) end = new WalFormat.Link(end.sequence(), end.end(), lastLsn);
    for (Sighting sighting : missingYoungest) missing(sighting, Damage.UNKNOWN);
    if (firstLsn == 0) firstLsn = lastLsn + 1;
  }

  private void missing(Sighting sighting, long last) {
    SegmentNamed segment = sighting.segment();
    String reason = sighting.present() ? "the file was cut" : "the file is missing";
    setAside(segment, 0, segment.bytes(), lastLsn + 1, last, reason);
  }

  private void setAside(SegmentNamed segment, RecordScan.Gap gap) {
    setAside(segment, gap.offset(), gap.bytes(), gap.firstLsn(), gap.lastLsn(), "bad record");
  }

  private void setAside(
      SegmentNamed segment, long offset, long bytes, long first, long last, String reason) {
    String file = FileNames.log(segment.file());
    boolean known = false;
    for (SetAside part : state.setAside()) {
      boolean same = part.offset() == offset && part.bytes() == bytes;
      known |= same && part.sequence() == segment.sequence();
    }
    // What tables hold is not lost.
    long firstLost = Math.max(first, state.flushedLsn() + 1);
    damage.add(
        new Damage(file, offset, bytes, firstLost, Math.max(last, firstLost - 1), reason, known));
    if (known) return;
    newlySetAside.add(new SetAside(segment.sequence(), offset, bytes, first, last));
    tracker.bad();
    if (tracker.systematic() && systematic == null) {
      systematic = new KdeltaException.Corrupt(file, offset, reason + "; the damage is systematic");
    }
  }

  private RecordScan scan(
      FileWindow window, SegmentNamed segment, int to, long expected, long lsnLast) {
    return RecordScan.of(
        format, window, WalFormat.HEADER_BYTES, to, segment.salt(), expected, lsnLast);
  }

  private static int bytes(SegmentNamed segment) {
    return Math.toIntExact(segment.bytes());
  }

  private long size(SegmentNamed segment) {
    try (Vfs.File file = vfs.openForReading(FileNames.log(segment.file()))) {
      return file.size();
    }
  }
}
