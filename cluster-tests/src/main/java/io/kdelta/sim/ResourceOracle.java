package io.kdelta.sim;

import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.StorageLimits;
import io.kdelta.storage.StorageStats;
import java.util.List;

/**
 * O8: what a node holds does not grow with its uptime. At any moment no peer has more on its way
 * than its window, and memory stays within its limits; in quiet nothing waits, nothing stays
 * pinned, runs and files are few.
 */
final class ResourceOracle implements Oracle {
  /** Beside a window of frames: the batch that fills it, gossip, messages of a session. */
  private static final long BESIDE_WINDOW_BYTES = 128 << 10;

  /** Most sorted runs that lazy levelling leaves, with those that a merge is about to take. */
  private static final int RUNS_MAX = 16;

  /** Open files beside tables, blobs and segments: lock, manifest, the next segment, its like. */
  private static final int FILES_BESIDE = 8;

  /**
   * How long files may be held after the nodes agree: versions of a snapshot can be there by
   * another way before the last of its files is, and a lender waits half a minute for who says
   * nothing.
   */
  private static final long LENT_NANOS = 40_000_000_000L;

  private static final long LOOK_NANOS = 250_000_000L;

  private final World world;
  private long looks;

  ResourceOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void glance(SimNode node) {
    long most = 2L * Setup.NARROW.windowBytes() + BESIDE_WINDOW_BYTES;
    long sent = world.network().mostFramesOnWay();
    hold(sent <= most, sent + " bytes of frames are on their way, the window allows " + most);
    try {
      check(node, (Reply.Status) world.asker().ask(node, new Command.AdminStatus()), false);
    } catch (KdeltaException refused) {
      // It went down.
    }
  }

  @Override
  public void quiet(List<Audit> audits) {
    rest();
  }

  @Override
  public void cold(List<Audit> audits) {
    rest();
  }

  private void rest() {
    for (SimNode node : world.standing()) {
      long deadline = world.nowNanos() + LENT_NANOS;
      while (holdsFiles(node) && world.nowNanos() < deadline) {
        world.simulator().runUntil(world.nowNanos() + LOOK_NANOS);
      }
      check(node, status(node), true);
    }
  }

  private Reply.Status status(SimNode node) {
    return (Reply.Status) world.asker().ask(node, new Command.AdminStatus());
  }

  /** Whether it has something pinned, or files open that have no name any more. */
  private boolean holdsFiles(SimNode node) {
    if (status(node).storage().pins() > 0) return true;
    return node.disk().openFiles() > node.disk().list("").size() + FILES_BESIDE;
  }

  private void check(SimNode node, Reply.Status status, boolean quiet) {
    looks++;
    String name = World.name(node.index()) + " ";
    StorageStats storage = status.storage();
    StorageLimits limits = world.setup().storage();
    hold(
        storage.arenaBytes() <= limits.memtableBytesMax(),
        name + "has reserved " + storage.arenaBytes() + " bytes for memtables");
    hold(
        storage.unflushedMemtables() <= limits.unflushedMemtablesMax(),
        name + "has " + storage.unflushedMemtables() + " memtables that are no tables");
    if (!quiet) return;
    hold(status.stats().parked() == 0, name + "parks " + status.stats().parked() + " answers");
    hold(status.stats().inboxEvents() == 0, name + "has events waiting");
    hold(storage.pins() == 0, name + "has " + storage.pins() + " snapshots or cursors open");
    hold(storage.runs() <= RUNS_MAX, name + "has " + storage.runs() + " runs");
    long named = node.disk().list("").size();
    hold(
        named <= 2L * (storage.tables() + storage.blobs()) + 64,
        name + "has " + named + " files, " + storage.tables() + " tables");
    long open = node.disk().openFiles();
    hold(open <= named + FILES_BESIDE, name + "has " + open + " files open, " + named + " by name");
  }

  private static void hold(boolean holds, String what) {
    if (!holds) throw new OracleFailure("O8", what);
  }
}
