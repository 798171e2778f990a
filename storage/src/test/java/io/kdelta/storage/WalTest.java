package io.kdelta.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimVfs;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: what was acknowledged is there after any crash, in order and whole, and nothing else is but
 * a prefix of what was appended. Method: examples; a crash at every call of a fixed script; every
 * kind of fault at every call; seeded random runs against a model with many crashes.
 */
final class WalTest {
  @Test
  void anEmptyLogStartsAtOne() {
    LogRig rig = LogRig.create(1);
    assertEquals(0, rig.wal.lastLsn());
    assertEquals(1, rig.wal.recovery().firstLsn());
    assertTrue(rig.append(10));
    assertEquals(1, rig.wal.lastLsn());
    assertEquals(0, rig.wal.durableLsn());
    rig.write();
    assertEquals(1, rig.wal.durableLsn());
  }

  @Test
  void whatWasWrittenIsReadBackOverManySegments() {
    LogRig rig = LogRig.create(2);
    for (int i = 0; i < 60; i++) {
      assertTrue(rig.append(i * 9));
      if (i % 3 == 0) rig.write();
    }
    rig.write();
    rig.reopenAfterCrash();
    checkSound(rig);
    assertEquals(60, rig.recovered.size());
    assertEquals(List.of(), rig.wal.recovery().damage());
    assertTrue(rig.manifest.state().segments().size() > 4);
  }

  @Test
  void flushedSegmentsAreUsedAgain() {
    LogRig rig = LogRig.create(3);
    for (int i = 0; i < 400; i++) {
      assertTrue(rig.append(200));
      rig.write();
      if (i % 10 == 9) rig.flush(rig.wal.durableLsn());
      rig.prepare();
    }
    long logs = rig.vfs.list("").stream().filter(name -> name.endsWith(FileNames.LOG)).count();
    assertTrue(logs <= 6, logs + " log files");
    rig.reopenAfterCrash();
    checkSound(rig);
    assertTrue(rig.recovered.size() <= 10);
  }

  @Test
  void twoBuffersOneIsFilledWhileTheOtherIsWritten() {
    LogRig rig = LogRig.create(4);
    rig.append(10);
    WalWrite write = rig.wal.takeWrite().orElseThrow();
    rig.append(20);
    assertEquals(Optional.empty(), rig.wal.takeWrite().map(_ -> "a second piece"));
    write.run();
    assertEquals(0, rig.wal.durableLsn());
    rig.wal.written(write);
    assertEquals(1, rig.wal.durableLsn());
    rig.write();
    assertEquals(2, rig.wal.durableLsn());
  }

  @Test
  void aLogWithoutRoomSaysSoBeforeAnythingIsAppended() {
    LogRig rig = LogRig.create(5);
    assertFalse(rig.wal.fits(rig.wal.payloadBytesMax() + 1));
    int fitted = 0;
    while (rig.wal.fits(100)) {
      rig.wal.append(1, Bytes.wrap(new byte[100]));
      fitted++;
    }
    assertTrue(fitted > 20 && fitted < 64, fitted + " fitted");
    assertEquals(fitted, rig.wal.lastLsn());
    rig.write();
    rig.prepare();
    assertTrue(rig.wal.fits(100));
    assertTrue(rig.wal.fits(rig.wal.payloadBytesMax()));
  }

  @Test
  void aFailedSyncFencesTheLogForGood() {
    LogRig rig = LogRig.create(6);
    rig.append(10);
    rig.write();
    rig.append(10);
    rig.vfs.failCall(2, SimVfs.Fault.SYNC_LOSES_PAGES);
    rig.write();
    assertTrue(rig.wal.fenced());
    assertTrue(rig.wal.failure().isPresent());
    assertFalse(rig.wal.fits(1));
    assertFalse(rig.wal.wantsSegment());
    assertEquals(1, rig.wal.durableLsn());
    assertTrue(rig.wal.takeWrite().isEmpty());
    rig.reopenAfterCrash();
    checkSound(rig);
  }

  @Test
  void whatOnlyThePageCacheHeldIsWrittenAgainBeforeItIsServed() {
    LogRig rig = LogRig.create(7);
    rig.append(10);
    rig.write();
    rig.append(20);
    WalWrite write = rig.wal.takeWrite().orElseThrow();
    rig.vfs.failCall(2, SimVfs.Fault.SYNC_LOSES_PAGES);
    write.run();
    // The process dies; the lost pages are still readable, and a sync of that file proves nothing.
    rig.vfs.kill();
    rig.open();
    assertEquals(2, rig.recovered.size());
    rig.acknowledged = rig.wal.durableLsn();
    assertEquals(2, rig.acknowledged);
    rig.reopenAfterCrash();
    checkSound(rig);
    assertEquals(2, rig.recovered.size());
  }

  @Test
  void noRoomForASegmentIsNotAFence() {
    LogRig rig = LogRig.create(8);
    rig.prepare();
    rig.vfs.setCapacity(rig.vfs.used());
    while (rig.append(300)) {}
    assertFalse(rig.wal.fenced());
    assertTrue(rig.wal.failure().orElseThrow().full());
    rig.vfs.setCapacity(Long.MAX_VALUE);
    rig.prepare();
    assertTrue(rig.append(300));
    assertTrue(rig.wal.failure().isEmpty());
    rig.write();
    rig.reopenAfterCrash();
    checkSound(rig);
  }

  @Test
  void aCrashAtEveryCall() {
    long calls = script(LogRig.create(9));
    assertTrue(calls > 50, calls + " calls");
    for (long n = 1; n <= calls + 20; n++) {
      for (int seed = 0; seed < 6; seed++) crashAt(n, seed);
    }
  }

  private static void crashAt(long n, int seed) {
    LogRig rig = LogRig.create(100 + seed);
    rig.vfs.failCall(n, SimVfs.Fault.POWER_LOSS);
    boolean powerLost = false;
    try {
      script(rig);
    } catch (SimVfs.PowerLoss e) {
      powerLost = true;
    }
    String place = "crash at call " + n + ", seed " + seed;
    try {
      if (powerLost && seed % 3 == 2) {
        // First the process alone, and the power only while the next one is recovering.
        rig.vfs.kill();
        rig.vfs.failCall(1 + (n * 7 + seed) % 40, SimVfs.Fault.POWER_LOSS);
        try {
          rig.open();
        } catch (SimVfs.PowerLoss e) {
          assertTrue(rig.acknowledged >= 0);
        }
      }
      rig.vfs.failNothing();
      rig.reopenAfterCrash();
      checkSound(rig);
      rig.adopt();
      rig.append(33);
      rig.write();
      rig.reopenAfterCrash();
      checkSound(rig);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(place, e);
    }
  }

  @Test
  void everyFaultAtEveryCall() {
    long calls = script(LogRig.create(9));
    for (SimVfs.Fault fault : SimVfs.Fault.values()) {
      if (fault == SimVfs.Fault.POWER_LOSS || fault == SimVfs.Fault.KILL) continue;
      for (long n = 1; n <= calls; n++) {
        LogRig rig = LogRig.create(200);
        rig.vfs.failCall(n, fault);
        try {
          script(rig);
        } catch (io.kdelta.error.KdeltaException.DiskFault expected) {
          assertTrue(expected.operation().length() > 0);
        }
        try {
          rig.vfs.failNothing();
          rig.reopenAfterCrash();
          checkSound(rig);
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(fault + " at call " + n, e);
        }
      }
    }
  }

  @Test
  void randomRunsAgainstAModel() {
    for (long seed = 0; seed < 300; seed++) {
      try {
        randomRun(seed);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static void randomRun(long seed) {
    LogRig rig = LogRig.create(seed);
    SimEntropy chance = new SimEntropy(seed).split("workload");
    for (int life = 0; life < 6; life++) {
      int steps = chance.nextInt(60);
      boolean planned = chance.nextInt(2) == 0;
      if (planned) rig.vfs.failCall(1 + chance.nextInt(60), SimVfs.Fault.POWER_LOSS);
      try {
        for (int i = 0; i < steps; i++) step(rig, chance);
      } catch (SimVfs.PowerLoss e) {
        assertTrue(planned);
      }
      rig.vfs.failNothing();
      if (chance.nextInt(4) == 0) rig.vfs.kill();
      else rig.vfs.crash();
      rig.open();
      checkSound(rig);
      rig.adopt();
      rig.acknowledged = rig.wal.durableLsn();
    }
  }

  private static void step(LogRig rig, SimEntropy chance) {
    switch (chance.nextInt(10)) {
      case 0, 1, 2 -> rig.write();
      case 3 -> rig.prepare();
      case 4 -> {
        long from = rig.flushed;
        long to = rig.wal.durableLsn();
        if (to > from) rig.flush(from + 1 + chance.nextInt((int) (to - from)));
      }
      default -> rig.append(chance.nextInt(chance.nextInt(5) == 0 ? 3_000 : 200));
    }
  }

  /** A life with everything in it: rolls, flushes, reuse, a rewrite of what was recovered. */
  private static long script(LogRig rig) {
    for (int i = 0; i < 40; i++) {
      rig.append(100 + 37 * i % 400);
      if (i % 2 == 0) rig.write();
      if (i % 3 == 0) rig.prepare();
      if (i % 9 == 8) rig.flush(Math.max(rig.flushed, rig.wal.durableLsn() - 2));
    }
    rig.write();
    return rig.vfs.calls();
  }

  /** Everything acknowledged is there, nothing else but what was appended, without a hole. */
  static void checkSound(LogRig rig) {
    WalRecovery found = rig.wal.recovery();
    assertEquals(List.of(), found.damage(), "damage where there is none");
    assertEquals(List.of(), rig.settled);
    assertTrue(
        rig.wal.lastLsn() >= rig.acknowledged,
        "acknowledged " + rig.acknowledged + ", recovered " + found);
    assertEquals(rig.wal.lastLsn(), rig.wal.durableLsn());
    long flushed = rig.manifest.state().flushedLsn();
    assertTrue(flushed <= rig.flushed);
    for (long lsn = flushed + 1; lsn <= rig.wal.lastLsn(); lsn++) {
      assertEquals(rig.appended.get(lsn), rig.recovered.get(lsn), "record " + lsn);
    }
    assertEquals(rig.wal.lastLsn() - flushed, rig.recovered.size());
  }
}
