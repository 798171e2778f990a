package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Goal: whatever single call of a whole node to its disk fails, in whatever way, and wherever its
 * machine or its process stops, also on top of a power loss or of a byte that rots, nothing that
 * was acknowledged is lost, nothing refused appears, and the cluster agrees again. Method: {@link
 * FixedStory} once for each call at which the fault can happen; {@link Enumeration} says which of
 * them a short run leaves out. After each telling all oracles look.
 */
final class FailTheNthCallTest {
  /** More calls than the start of a victim makes. */
  private static final long CALLS_OF_A_RECOVERY = 150;

  /** A start, the repair, and the peers' help. */
  private static final long CALLS_OF_A_REPAIR = 300;

  @ParameterizedTest
  @EnumSource(SimVfs.Fault.class)
  void keepsEveryPromise(SimVfs.Fault fault) {
    Enumeration enumeration = new Enumeration(fault + " at the Nth call");
    List<Long> places = enumeration.of(Enumeration.places(fault));
    for (long nth : places) {
      enumeration.tell(nth, 1, (stage, victim) -> plan(victim.disk(), nth, fault));
    }
    assertTrue(enumeration.done() > places.size() / 2, "the fault seldom happened");
  }

  @ParameterizedTest
  @EnumSource(
      value = SimVfs.Fault.class,
      names = {"IO_ERROR", "DISK_FULL", "SYNC_LOSES_PAGES", "POWER_LOSS", "KILL"})
  void keepsEveryPromiseInARecovery(SimVfs.Fault fault) {
    Enumeration enumeration = new Enumeration(fault + " at the Nth call behind a power loss");
    long calls = Enumeration.places(SimVfs.Fault.POWER_LOSS);
    for (long nth : enumeration.of(CALLS_OF_A_RECOVERY)) {
      // Each recovery is from another power loss; 7,919 is a prime.
      long lostAt = 1 + nth * 7_919 % calls;
      enumeration.tell(
          nth,
          2,
          (stage, victim) -> {
            SimVfs disk = victim.disk();
            if (disk.faultsHappened() == 1) soon(disk, nth, fault);
            plan(disk, lostAt, SimVfs.Fault.POWER_LOSS);
          });
    }
    assertTrue(enumeration.done() > 0, "no fault ever happened in a recovery");
  }

  @ParameterizedTest
  @EnumSource(
      value = SimVfs.Fault.class,
      names = {"IO_ERROR", "DISK_FULL", "SYNC_LOSES_PAGES", "POWER_LOSS", "KILL"})
  void keepsEveryPromiseInARepair(SimVfs.Fault fault) {
    Enumeration enumeration = new Enumeration(fault + " at the Nth call behind a flipped byte");
    for (long nth : enumeration.of(CALLS_OF_A_REPAIR)) {
      enumeration.tell(
          nth,
          1,
          (stage, victim) -> {
            // The first start behind the kill of the story, when the other node has everything.
            if (victim.life() == 0 || victim.rotten()) return;
            flip(stage, victim.disk(), nth);
            soon(victim.disk(), nth, fault);
          });
    }
    assertTrue(enumeration.done() > 0, "no fault ever happened in a repair");
  }

  /** A byte of a log or a table changes while nobody looks, each time another one. */
  private static void flip(Stage stage, SimVfs disk, long nth) {
    List<String> files =
        disk.list("").stream().filter(n -> n.endsWith(".log") || n.endsWith(".table")).toList();
    String file = files.get((int) (nth % files.size()));
    long size;
    try (Vfs.File open = disk.open(file)) {
      size = open.size();
    }
    // The end of a log is empty: most of what is written lies in its first half.
    long offset = nth * 7_919 % (file.endsWith(".log") ? size / 2 : size);
    stage.perform(new Action.Flip(FixedStory.VICTIM, file, offset, 1 << (int) (nth % 8)));
  }

  /** Plans a fault for about the nth call from now on, counting those that can fail so. */
  private static void soon(SimVfs disk, long nth, SimVfs.Fault fault) {
    long all = Enumeration.places(SimVfs.Fault.POWER_LOSS);
    disk.failCallThatCan(1 + nth * Enumeration.places(fault) / all, fault);
  }

  /** Plans a fault for the nth of the calls that can fail so, counted over all lives. */
  private static void plan(SimVfs disk, long nth, SimVfs.Fault fault) {
    long left = nth - disk.callsThatCan(fault);
    if (left > 0) disk.failCallThatCan(left, fault);
  }
}
