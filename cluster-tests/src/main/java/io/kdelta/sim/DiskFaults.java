package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What the {@link Nemesis} does to disks. What destroys something happens only to a disk of which
 * others hold everything ({@link Atlas}).
 */
final class DiskFaults {
  private static final long SECOND = 1_000_000_000L;
  private static final int SECTOR = 512;
  private static final int RANGE_MAX = 8_192;
  private static final int LOG_HEAD = 512;

  private final Nemesis nemesis;
  private final Stage stage;
  private final World world;
  private final Entropy dice;

  /** The one disk whose log rots in this run. */
  private final int rotting;

  DiskFaults(Nemesis nemesis, Stage stage) {
    this.nemesis = nemesis;
    this.stage = stage;
    this.world = stage.world();
    this.dice = nemesis.dice();
    this.rotting = dice.nextInt(nemesis.nodes());
  }

  /** A call that comes soon fails; should it end the process, that is started again. */
  void failCall(int victim, int nthMax, String suffix, SimVfs.Fault fault, long lasts) {
    stage.perform(new Action.FailCall(victim, 1 + dice.nextInt(nthMax), suffix, fault));
    nemesis.startAfter(victim, lasts);
  }

  /**
   * A sync fails and loses pages. Often it is one of the log, and soon after the power fails, as it
   * does to disks that go bad: what was promised in between is put to the test at once.
   */
  void loseSyncs(int victim, long lasts) {
    if (dice.nextInt(3) == 0) {
      failCall(victim, 20, "", SimVfs.Fault.SYNC_LOSES_PAGES, lasts);
      return;
    }
    stage.perform(
        new Action.FailCall(victim, 1 + dice.nextInt(4), ".log", SimVfs.Fault.SYNC_LOSES_PAGES));
    nemesis.later(
        lasts / 4,
        () -> {
          if (nemesis.stopped()) return;
          stage.perform(new Action.PowerLoss(victim));
          comeBack(victim, 0);
        });
  }

  void slow(int victim, long lasts) {
    long work = 10_000_000 + Math.floorMod(dice.nextLong(), SECOND);
    long call = dice.nextInt(2) == 0 ? 0 : 1 + Math.floorMod(dice.nextLong(), SECOND / 50);
    stage.perform(new Action.SlowDisk(victim, work, call));
    nemesis.later(lasts, () -> stage.perform(new Action.HealDisk(victim)));
  }

  /** What takes away something that was kept. */
  void destroy(Nemesis.Fault fault, int victim) {
    switch (fault) {
      case LOG_ROT -> rotLog();
      case ROT_AT_REST -> rot(victim);
      case ROT_WHILE_UP -> rotRunning(victim);
      case WIPE -> wipe(victim);
      case ROLL_BACK -> rollBack(victim);
      default -> throw new AssertionError(fault + " destroys nothing");
    }
  }

  /** Flips a byte in a log of a machine that is off. */
  private void rotLog() {
    stage.perform(new Action.PowerLoss(rotting));
    SimVfs disk = world.nodes().get(rotting).disk();
    List<String> logs = disk.files().stream().filter(name -> name.endsWith(".log")).toList();
    if (!logs.isEmpty() && allowed(rotting)) {
      String log = logs.get(dice.nextInt(logs.size()));
      stage.perform(new Action.Flip(rotting, log, draw(written(disk, log)), 1 << dice.nextInt(8)));
    }
    comeBack(rotting, 0);
  }

  /** Any damage to any file of a machine that is off, when the others hold all of it. */
  private void rot(int victim) {
    stage.perform(new Action.PowerLoss(victim));
    rot(victim, allowed(victim));
  }

  /** The same whatever the others hold: beyond the atlas. */
  void ruin(int victim) {
    stage.perform(new Action.PowerLoss(victim));
    rot(victim, true);
  }

  private void rot(int victim, boolean allowed) {
    SimVfs disk = world.nodes().get(victim).disk();
    List<String> files = disk.files().stream().filter(name -> disk.sizeOf(name) > 0).toList();
    if (!files.isEmpty() && allowed) {
      int count = dice.nextInt(3) == 0 ? 1 + dice.nextInt(4) : 1;
      for (int i = 0; i < count; i++) {
        stage.perform(damage(victim, disk, files));
        files = disk.files().stream().filter(name -> disk.sizeOf(name) > 0).toList();
        if (files.isEmpty()) break;
      }
    }
    comeBack(victim, 0);
  }

  /** What lies on the disk of a running node changes under it; it finds out by itself. */
  private void rotRunning(int victim) {
    SimVfs disk = world.nodes().get(victim).disk();
    List<String> files = data(disk);
    if (files.isEmpty() || !allowed(victim)) return;
    String file = files.get(dice.nextInt(files.size()));
    // The head of a log that is yet to be written would take with it what nobody has a copy of.
    long head = file.endsWith(".log") ? LOG_HEAD : 0;
    long offset = head + draw(written(disk, file) - head);
    long sector = Math.max(head, offset / SECTOR * SECTOR);
    int count = SECTOR * (1 + dice.nextInt(RANGE_MAX / SECTOR));
    stage.perform(
        switch (dice.nextInt(4)) {
          case 0, 1 -> new Action.Flip(victim, file, offset, 1 << dice.nextInt(8));
          case 2 -> new Action.Zero(victim, file, sector, count);
          default -> {
            String source = files.get(dice.nextInt(files.size()));
            long from = draw(written(disk, source)) / SECTOR * SECTOR;
            yield new Action.Misdirect(victim, file, sector, source, from, count);
          }
        });
    stage.perform(new Action.Glance(victim));
  }

  /** The files that hold rows: the log, tables and large values. */
  private static List<String> data(SimVfs disk) {
    return disk.files().stream()
        .filter(name -> name.endsWith(".log") || name.endsWith(".table") || name.endsWith(".blob"))
        .filter(name -> disk.sizeOf(name) > 0)
        .toList();
  }

  private Action damage(int victim, SimVfs disk, List<String> files) {
    String file = files.get(dice.nextInt(files.size()));
    long offset = draw(written(disk, file));
    long sector = offset / SECTOR * SECTOR;
    int count = dice.nextInt(2) == 0 ? SECTOR : SECTOR * (1 + dice.nextInt(RANGE_MAX / SECTOR));
    return switch (dice.nextInt(7)) {
      case 0, 1 -> new Action.Flip(victim, file, offset, 1 << dice.nextInt(8));
      case 2 -> new Action.Zero(victim, file, sector, count);
      case 3 -> new Action.LostWrite(victim, file, sector, count);
      case 4 -> {
        String source = files.get(dice.nextInt(files.size()));
        long from = draw(written(disk, source)) / SECTOR * SECTOR;
        yield new Action.Misdirect(victim, file, sector, source, from, count);
      }
      case 5 -> new Action.SwapOlder(victim, file);
      default -> new Action.Erase(victim, file);
    };
  }

  /** The machine gets an empty disk. */
  private void wipe(int victim) {
    if (!allowed(victim)) return;
    stage.perform(new Action.Wipe(victim));
    comeBack(victim, dice.nextInt(5) * SECOND);
  }

  /** A backup of the whole machine is put back some time after it was made. */
  private void rollBack(int victim) {
    stage.perform(new Action.Remember(victim));
    long remembered = world.nowNanos();
    nemesis.later(
        Math.floorMod(dice.nextLong(), 20 * SECOND),
        () -> {
          if (nemesis.stopped() || !allowed(victim)) return;
          // What was a copy of another node's disk then would be its twin for ever.
          if (world.nodes().get(victim).receipts().replacedWithin(world.nowNanos() - remembered)) {
            return;
          }
          stage.perform(new Action.RollBack(victim));
          comeBack(victim, dice.nextInt(5) * SECOND);
        });
  }

  private boolean allowed(int victim) {
    return world.atlas().covers(world.nodes().get(victim));
  }

  private void comeBack(int victim, long afterNanos) {
    if (afterNanos > 0) {
      nemesis.startAfter(victim, afterNanos);
      return;
    }
    stage.perform(new Action.Start(victim));
    stage.perform(new Action.Glance(victim));
  }

  private long draw(long bound) {
    return Math.floorMod(dice.nextLong(), Math.max(1, bound));
  }

  /** Where the zeros of a preallocated file begin. */
  private static long written(SimVfs disk, String path) {
    SimVfs copy = disk.copy(new io.kdelta.env.SimEntropy(0));
    try (Vfs.File file = copy.open(path)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
      file.readAt(0, bytes);
      int end = bytes.position();
      while (end > 0 && bytes.get(end - 1) == 0) end--;
      return end;
    }
  }
}
