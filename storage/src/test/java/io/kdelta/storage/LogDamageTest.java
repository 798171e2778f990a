package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: what rots on disk is named or harmless; it is never handed over as data, and nothing behind
 * it is lost. Method: every byte of every file of a store is flipped, one at a time; files are
 * erased, cut and zeroed; the damaged store must open again and again afterwards.
 */
final class LogDamageTest {
  /** Bytes of each group that the last sync of the store had written. */
  private static final int LAST_GROUP = 3;

  @Test
  void everyByteOfEveryFileFlipped() {
    for (int stride : new int[] {1, 5}) {
      LogRig rig = store(stride > 1);
      TreeSet<String> outcomes = new TreeSet<>();
      for (String name : rig.vfs.list("")) {
        byte[] content = content(rig.vfs, name);
        for (int at = 0; at < content.length; at += stride) {
          // In the middle of nothing one byte stands for its neighbours.
          if (at % 16 != 0 && amongZeros(content, at)) continue;
          SimVfs copy = rig.vfs.copy(new SimEntropy(at));
          copy.flip(name, at, 1 << (at % 8));
          outcomes.add(judge(rig, copy, at % 16 == 0 ? 2 : 0, name + " byte " + at));
        }
      }
      assertTrue(
          outcomes.containsAll(List.of("harmless", "set aside", "cut", "refused")),
          outcomes.toString());
    }
  }

  @Test
  void everySectorOfEverySegmentZeroed() {
    LogRig rig = store(false);
    for (String name : rig.vfs.list("")) {
      if (!name.endsWith(FileNames.LOG)) continue;
      for (long at = 0; at < LogRig.TINY.segmentBytes(); at += 512) {
        SimVfs copy = rig.vfs.copy(new SimEntropy(at));
        copy.zero(name, at, 512);
        judge(rig, copy, 2, name + " sector at " + at);
      }
    }
  }

  @Test
  void everyFileErasedOrCut() {
    LogRig rig = store(false);
    TreeSet<String> outcomes = new TreeSet<>();
    for (String name : rig.vfs.list("")) {
      SimVfs erased = rig.vfs.copy(new SimEntropy(1));
      erased.erase(name);
      String outcome = judge(rig, erased, 2, name + " erased");
      if (name.endsWith(FileNames.LOG)) assertEquals("set aside", outcome, name + " erased");
      for (long to : new long[] {0, 100, 600, 1_000, 3_000, 4_090}) {
        if (to >= size(rig.vfs, name)) continue;
        SimVfs cut = rig.vfs.copy(new SimEntropy(to));
        cut.cut(name, to);
        outcomes.add(judge(rig, cut, 2, name + " cut at " + to));
      }
    }
    assertTrue(outcomes.contains("set aside"), outcomes.toString());
  }

  @Test
  void aBadRecordInTheMiddleLosesOnlyItself() {
    LogRig rig = store(false);
    Iterator<ManifestEdit.SegmentNamed> segments =
        rig.manifest.state().segments().values().iterator();
    segments.next();
    String second = FileNames.log(segments.next().file());
    rig.vfs.flip(second, WalFormat.HEADER_BYTES + 40, 1);
    rig.reopenAfterCrash();
    assertEquals(1, rig.wal.recovery().damage().size());
    Damage damage = rig.wal.recovery().damage().getFirst();
    assertEquals(second, damage.file());
    assertEquals(WalFormat.HEADER_BYTES, damage.offset());
    assertEquals(damage.firstLsn(), damage.lastLsn());
    assertFalse(damage.known());
    assertEquals(rig.acknowledged, rig.wal.lastLsn());
    assertEquals(rig.acknowledged - rig.flushed - 1, rig.recovered.size());
    assertFalse(rig.recovered.containsKey(damage.firstLsn()));
    // It stays set aside: the next open names it again, as known, and loses nothing more.
    rig.append(50);
    rig.write();
    rig.reopenAfterCrash();
    assertEquals(1, rig.wal.recovery().damage().size());
    assertTrue(rig.wal.recovery().damage().getFirst().known());
    assertEquals(rig.acknowledged - rig.flushed - 1, rig.recovered.size());
    // Once tables hold what followed, the segment goes, and with it the report.
    rig.append(50);
    rig.write();
    rig.flush(rig.wal.durableLsn());
    rig.reopenAfterCrash();
    assertEquals(List.of(), rig.wal.recovery().damage());
  }

  @Test
  void systematicDamageStopsTheNodeButNotAtEveryStart() {
    LogRig rig = LogRig.create(31);
    for (int i = 0; i < 30; i++) {
      rig.append(40);
      rig.write();
    }
    String name = FileNames.log(rig.manifest.state().segments().firstEntry().getValue().file());
    int stride = WalFormat.recordBytes(40);
    for (int i = 0; i < 24; i += 2) {
      rig.vfs.flip(name, WalFormat.HEADER_BYTES + (long) i * stride + 30, 1);
    }
    int stops = 0;
    while (true) {
      rig.vfs.crash();
      try {
        rig.open();
        break;
      } catch (KdeltaException.Corrupt e) {
        assertEquals(name, e.file());
        stops++;
      }
    }
    assertTrue(stops >= 1 && stops <= 3, stops + " stops");
    assertEquals(12, rig.wal.recovery().damage().size());
    assertEquals(18, rig.recovered.size());
    assertEquals(30, rig.wal.lastLsn());
  }

  @Test
  void aGroupWhoseMiddleNeverReachedTheDiskIsCutThere() {
    LogRig rig = LogRig.create(32);
    rig.append(40);
    rig.write();
    for (int i = 0; i < 3; i++) rig.append(40);
    rig.write();
    String name = FileNames.log(rig.manifest.state().segments().firstEntry().getValue().file());
    // As if the sync had not succeeded: nothing later carries a mark that covers record 3.
    rig.vfs.zero(
        name, WalFormat.HEADER_BYTES + 2L * WalFormat.recordBytes(40), WalFormat.recordBytes(40));
    rig.reopenAfterCrash();
    assertEquals(List.of(), rig.wal.recovery().damage());
    assertEquals(3, rig.wal.recovery().cut().orElseThrow().lsn());
    assertEquals(2, rig.wal.lastLsn());
    assertEquals(1, rig.wal.recovery().copied());
  }

  @Test
  void aRecordThatWasCopiedIsNotReadWhereItWentAstray() {
    LogRig rig = LogRig.create(34);
    for (int i = 0; i < 4; i++) {
      rig.append(40);
      rig.write();
    }
    rig.append(40);
    rig.append(40);
    rig.write();
    ManifestEdit.SegmentNamed old = rig.manifest.state().segments().firstEntry().getValue();
    // The last group lies above the durable mark: it is copied, and the old segment ends before it.
    rig.reopenAfterCrash();
    assertEquals(2, rig.wal.recovery().copied());
    assertTrue(rig.manifest.state().segments().containsKey(old.sequence()));
    String name = FileNames.log(old.file());
    int stride = WalFormat.recordBytes(40);
    long third = WalFormat.HEADER_BYTES + 2L * stride;
    rig.vfs.flip(name, third + 30, 1);
    rig.vfs.misdirect(name, third + stride, name, third + 2L * stride, stride);
    for (int i = 0; i < 2; i++) {
      rig.reopenAfterCrash();
      assertEquals(List.of(1L, 2L, 5L, 6L), List.copyOf(rig.recovered.keySet()));
      assertEquals(6, rig.wal.lastLsn());
      Damage damage = rig.wal.recovery().damage().getFirst();
      assertEquals(name, damage.file());
      assertEquals(List.of(3L, 4L), List.of(damage.firstLsn(), damage.lastLsn()));
      assertEquals(i > 0, damage.known());
    }
  }

  @Test
  void aRecordOfAnEarlierUseOfTheFileNeverPasses() {
    LogRig rig = LogRig.create(33);
    for (int i = 0; i < 200; i++) {
      rig.append(100);
      rig.write();
      rig.prepare();
      if (i % 20 == 19) rig.flush(rig.wal.durableLsn());
    }
    for (int i = 0; i < 40; i++) {
      rig.reopenAfterCrash();
      WalTest.checkSound(rig);
      rig.append(100 + i);
      rig.write();
      rig.acknowledged = rig.wal.durableLsn();
      rig.prepare();
    }
  }

  /** Several segments, one of them used twice, a flush, and a last group of three records. */
  private static LogRig store(boolean settledInFresh) {
    LogRig rig = LogRig.create(30);
    for (int i = 0; i < 36; i++) {
      rig.append(120 + 8 * i);
      if (i % 2 == 0) rig.write();
      rig.prepare();
      if (i == 14) rig.flush(rig.wal.durableLsn());
    }
    rig.write();
    rig.prepare();
    for (int i = 0; i < LAST_GROUP; i++) rig.append(90);
    rig.write();
    if (settledInFresh) {
      rig.reopenAfterCrash();
      rig.append(10);
      rig.write();
      rig.append(10);
      rig.write();
      rig.append(10);
    }
    return rig;
  }

  /** Opens the damaged copy, once and again, and says what became of it. */
  private static String judge(LogRig rig, SimVfs copy, int reopens, String what) {
    try {
      LogRig damaged;
      try {
        damaged = new LogRig(copy, new SimEntropy(5), LogRig.TINY);
      } catch (KdeltaException.Corrupt e) {
        return "refused";
      }
      String outcome = checkNamed(rig, damaged);
      List<Long> found = new ArrayList<>(damaged.recovered.keySet());
      for (int i = 0; i < reopens; i++) {
        copy.crash();
        damaged.open();
        for (Damage damage : damaged.wal.recovery().damage()) {
          assertTrue(damage.known(), "new at open " + i + ": " + damage);
        }
        assertTrue(damaged.recovered.keySet().containsAll(found));
        assertTrue(damaged.append(10));
        damaged.write();
        found.add(damaged.wal.lastLsn());
      }
      return outcome;
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(what, e);
    }
  }

  /** What was handed over is what was appended, and what is missing was named. */
  private static String checkNamed(LogRig rig, LogRig damaged) {
    WalRecovery recovery = damaged.wal.recovery();
    damaged.recovered.forEach((lsn, payload) -> assertEquals(rig.appended.get(lsn), payload));
    long cutAt = recovery.cut().map(WalRecovery.Cut::lsn).orElse(Long.MAX_VALUE);
    boolean torn = cutAt > rig.acknowledged - LAST_GROUP;
    assertTrue(torn || named(recovery, cutAt), "cut at " + cutAt);
    boolean missing = false;
    for (long lsn = damaged.manifest.state().flushedLsn() + 1; lsn <= rig.acknowledged; lsn++) {
      if (damaged.recovered.containsKey(lsn)) continue;
      missing = true;
      assertTrue(lsn >= cutAt || named(recovery, lsn), "record " + lsn + ": " + recovery);
    }
    if (!recovery.damage().isEmpty() || !damaged.settled.isEmpty()) return "set aside";
    return missing ? "cut" : "harmless";
  }

  private static boolean named(WalRecovery recovery, long lsn) {
    for (Damage damage : recovery.damage()) {
      if (damage.firstLsn() <= lsn && lsn <= damage.lastLsn()) return true;
    }
    return false;
  }

  private static boolean amongZeros(byte[] content, int at) {
    for (int i = Math.max(0, at - 32); i < Math.min(content.length, at + 32); i++) {
      if (content[i] != 0) return false;
    }
    return true;
  }

  private static byte[] content(SimVfs vfs, String name) {
    byte[] content = new byte[(int) size(vfs, name)];
    try (Vfs.File file = vfs.open(name)) {
      assertEquals(content.length, file.readAt(0, ByteBuffer.wrap(content)));
    }
    return content;
  }

  private static long size(SimVfs vfs, String name) {
    try (Vfs.File file = vfs.open(name)) {
      return file.size();
    }
  }
}
