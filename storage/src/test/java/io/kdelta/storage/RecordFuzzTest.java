package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: the readers of records, of manifest edits and of CURRENT answer what was written or say no,
 * whatever the bytes; they take memory in proportion to the bytes, and end. Method: seeded {@link
 * Mutation}s of good bytes and random bytes; edits also behind a checksum that is right.
 */
final class RecordFuzzTest {
  private static final long SALT = 0x1234567890ABCDEFL;

  private final WalFormat format = new WalFormat();

  @Test
  void recordsOfALogAreThoseThatWereWrittenOrNone() {
    for (int seed = 1; seed <= 4_000; seed++) {
      SimEntropy dice = new SimEntropy(seed);
      TreeMap<Long, Bytes> written = new TreeMap<>();
      byte[] image = new byte[(1 + dice.nextInt(40)) << 7];
      int at = WalFormat.HEADER_BYTES;
      long first = 1L + dice.nextInt(1000);
      for (long lsn = first; ; lsn++) {
        byte[] payload = new byte[dice.nextInt(200)];
        dice.fill(payload);
        if (at + WalFormat.recordBytes(payload.length) > image.length) break;
        long mark = Math.max(0, lsn - 1 - dice.nextInt(3));
        at += format.encode(SALT, lsn, mark, 1, Bytes.wrap(payload), image, at);
        written.put(lsn, Bytes.wrap(payload));
      }
      byte[] bad = Mutation.draw(dice).of(image, dice);
      long expected = dice.nextInt(2) == 0 ? 0 : first;
      RecordScan scan =
          RecordScan.of(
              format, FileWindow.of(bad), WalFormat.HEADER_BYTES, bad.length, SALT, expected);
      long before = 0;
      for (int i = 0; i < scan.count(); i++) {
        assertTrue(scan.lsn(i) > before, "seed " + seed + ": LSNs grow");
        before = scan.lsn(i);
        assertEquals(written.get(before), WalFormat.payload(bad, scan.offset(i)), "seed " + seed);
      }
      assertTrue(scan.end() <= Math.max(bad.length, WalFormat.HEADER_BYTES), "seed " + seed);
      var _ = format.decodeHeader(WalFormat.SEGMENT_MAGIC, bad);
    }
  }

  @Test
  void aChangedHeaderIsNoHeader() {
    byte[] good = new byte[WalFormat.HEADER_BYTES];
    WalFormat.Header header =
        new WalFormat.Header(
            WalFormat.SEGMENT_MAGIC, SALT, 7, 8192, new WalFormat.Link(6, 4000, 99), true);
    format.encodeHeader(header, good, 0);
    for (int seed = 1; seed <= 4_000; seed++) {
      byte[] bad = Mutation.draw(new SimEntropy(seed)).of(good, new SimEntropy(seed));
      format
          .decodeHeader(WalFormat.SEGMENT_MAGIC, bad)
          .ifPresent(found -> assertEquals(header, found));
    }
  }

  @Test
  void editsBehindARightChecksumAreEditsOrInvalid() {
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    TreeSet<String> reasons = new TreeSet<>();
    int read = 0;
    for (int seed = 1; seed <= 20_000; seed++) {
      SimEntropy dice = new SimEntropy(seed);
      byte[] good = ManifestFormat.encode(edits(dice)).toArray();
      byte[] bad = Mutation.draw(dice).of(good, dice);
      long before = thread.getCurrentThreadAllocatedBytes();
      try {
        List<ManifestEdit> found = ManifestFormat.decode(Bytes.wrap(bad));
        assertEquals(found, ManifestFormat.decode(ManifestFormat.encode(found)), "seed " + seed);
        read++;
      } catch (KdeltaException.Invalid refused) {
        reasons.add(String.valueOf(refused.getMessage()).replaceAll("[0-9]+", "n"));
      }
      long taken = thread.getCurrentThreadAllocatedBytes() - before;
      // Reading, writing and reading again; an edit has 9 bytes or more.
      assertTrue(taken < 1_000_000 + 60L * bad.length, "seed " + seed + " takes " + taken);
    }
    assertTrue(read > 1_000 && reasons.size() > 2, read + " read, " + reasons);
  }

  @Test
  void currentIsWhatWasWrittenOrNothing() {
    ManifestFormat.Current current = new ManifestFormat.Current(77, SALT);
    byte[] good = ManifestFormat.encodeCurrent(current).toArray();
    for (int seed = 1; seed <= 4_000; seed++) {
      SimEntropy dice = new SimEntropy(seed);
      byte[] bad = Mutation.draw(dice).of(good, dice);
      ManifestFormat.decodeCurrent(Bytes.wrap(bad))
          .ifPresent(found -> assertEquals(current, found));
    }
  }

  private static List<ManifestEdit> edits(SimEntropy dice) {
    List<ManifestEdit> edits = new ArrayList<>();
    for (int i = dice.nextInt(6); i >= 0; i--) {
      long number = 1L + dice.nextInt(1000);
      edits.add(
          switch (dice.nextInt(10)) {
            case 0 ->
                new TableFacts(number, dice.nextLong() >>> 32, TableFacts.State.SOUND)
                    .added(number, 4096);
            case 1 -> new ManifestEdit.TableRemoved(number);
            case 2 -> new ManifestEdit.Flushed(number);
            case 3 -> new ManifestEdit.SegmentNamed(number, number, dice.nextLong(), 8192);
            case 4 -> new ManifestEdit.SegmentReleased(number);
            case 5 -> new ManifestEdit.BlobAdded(number, number, 8192, dice.nextLong() >>> 32);
            case 6 -> new ManifestEdit.BlobRemoved(number);
            case 7 -> new ManifestEdit.Remembered(FileNames.log(number), 128, 64, number, number);
            case 8 -> new ManifestEdit.Forgotten();
            default -> new ManifestEdit.SetAside(number, 128, 64, number, number + 1);
          });
    }
    return edits;
  }
}
