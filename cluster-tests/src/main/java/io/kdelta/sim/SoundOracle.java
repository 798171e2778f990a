package io.kdelta.sim;

import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.error.KdeltaException;
import java.util.List;

/** O7: no crash, kill or failed sync may leave damage; only bytes that rot do. */
final class SoundOracle implements Oracle {
  private final World world;

  SoundOracle(World world) {
    this.world = world;
  }

  @Override
  public void glance(SimNode node) {
    try {
      check(node, (Reply.Status) world.asker().ask(node, new Command.AdminStatus()));
    } catch (KdeltaException refused) {
      // It went down.
    }
  }

  @Override
  public void quiet(List<Audit> audits) {
    for (SimNode node : world.standing()) glance(node);
  }

  @Override
  public void cold(List<Audit> audits) {
    for (SimNode node : world.standing()) glance(node);
  }

  /** What a node says of its own recovery. */
  static void check(SimNode node, Reply.Status status) {
    if (node.rotten()) return;
    for (String note : status.recovery()) {
      if (note.startsWith("set aside")) {
        throw new OracleFailure("O7", World.name(node.index()) + " has " + note);
      }
    }
  }
}
