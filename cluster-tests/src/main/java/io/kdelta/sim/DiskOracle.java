package io.kdelta.sim;

import io.kdelta.causal.SetVerifier;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;
import java.util.List;

/**
 * O7: the disk images of every run, read by code that shares nothing with the engine. At any moment
 * a disk that never rotted holds a whole store: as it is, which is what a kill leaves, and as a
 * power failure would leave it. And no crash, kill or failed sync may make a node say that it found
 * damage; only bytes that change by themselves do.
 */
final class DiskOracle implements Oracle {
  /** Disks that are read in the middle of a run: one glance in so many. */
  private static final int GLANCES_A_LOOK = 6;

  private final World world;
  private final Sightings sightings;
  private final Entropy sampling;
  private long images;

  DiskOracle(World world, Sightings sightings) {
    this.world = world;
    this.sightings = sightings;
    this.sampling = world.chance("oracle O7");
  }

  @Override
  public long looks() {
    return images;
  }

  @Override
  public void glance(SimNode node) {
    saysSound(node);
    if (sampling.nextInt(GLANCES_A_LOOK) == 0) isSound(node);
  }

  @Override
  public void quiet(List<Audit> audits) {
    for (SimNode node : world.standing()) saysSound(node);
    isSound(world.standing().getFirst());
  }

  @Override
  public void cold(List<Audit> audits) {
    for (SimNode node : world.standing()) {
      saysSound(node);
      isSound(node);
    }
  }

  /** What a node says of its own recovery. */
  private void saysSound(SimNode node) {
    try {
      check(node, (Reply.Status) world.asker().ask(node, new Command.AdminStatus()));
    } catch (KdeltaException refused) {
      // It went down.
    }
  }

  static void check(SimNode node, Reply.Status status) {
    if (node.rotten()) return;
    for (String note : status.recovery()) {
      if (note.startsWith("set aside")) {
        throw new OracleFailure("O7", World.name(node.index()) + " has " + note);
      }
    }
  }

  private void isSound(SimNode node) {
    if (node.rotten()) return;
    String name = World.name(node.index());
    verify(name + " as it is", copy(node));
    SimVfs crashed = copy(node);
    crashed.crash();
    verify(name + " without power", crashed);
  }

  private SimVfs copy(SimNode node) {
    SimVfs copy = node.disk().copy(sampling.split("image " + ++images));
    copy.setCapacity(Long.MAX_VALUE);
    copy.failNothing();
    return copy;
  }

  private void verify(String what, SimVfs disk) {
    Findings findings = new Findings();
    SetVerifier set = new SetVerifier(findings);
    try {
      StoreVerifier.Summary summary =
          new StoreVerifier(disk, findings, (done, total) -> {}).verify(set::row);
      if (summary.liveRows() >= 0) sightings.onDisk(set.finish().parked());
    } catch (KdeltaException.NotFound empty) {
      return; // The first start did not get as far as a store.
    } catch (KdeltaException.Corrupt | KdeltaException.Invalid damage) {
      throw new OracleFailure("O7", "the disk of " + what + " is unreadable: " + damage);
    }
    if (findings.damage() > 0) {
      throw new OracleFailure("O7", "the disk of " + what + ": " + findings.kept());
    }
  }
}
