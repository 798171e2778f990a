package io.kdelta.sim;

import io.kdelta.causal.SetVerifier;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.SimVfs;
import java.util.List;

/**
 * O12: what is known to be lost is named in a report, one by one. A node whose disk has rotted
 * lists as many lost versions as rows on its disk say, read by the verifier's own code.
 */
final class HonestyOracle implements Oracle {
  private static final String LOST = "lost here until a peer brings it back: ";

  private final World world;
  private long looks;

  HonestyOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void quiet(List<Audit> audits) {
    look();
  }

  @Override
  public void cold(List<Audit> audits) {
    look();
  }

  private void look() {
    for (SimNode node : world.standing()) {
      if (node.rotten()) whole(node);
    }
  }

  /** Every row of a lost version on the disk is one line of the report. */
  private void whole(SimNode node) {
    looks++;
    Command status = new Command.AdminStatus();
    List<String> report =
        ((Reply.Status) world.asker().ask(node, status))
            .recovery().stream().filter(line -> line.startsWith(LOST)).toList();
    SimVfs disk = node.disk().copy(new SimEntropy(looks));
    disk.setCapacity(Long.MAX_VALUE);
    disk.failNothing();
    Findings findings = new Findings();
    SetVerifier set = new SetVerifier(findings);
    long rows;
    try {
      StoreVerifier.Summary summary =
          new StoreVerifier(disk, findings, (done, total) -> {}).verify(set::row);
      if (summary.liveRows() < 0 || findings.damage() > 0) return; // As below.
      rows = set.finish().lost();
    } catch (KdeltaException unreadable) {
      return; // It rots still, and nothing has touched that yet.
    }
    if (rows == report.size()) return;
    String name = World.name(node.index());
    throw new OracleFailure(
        "O12",
        name + " names " + report.size() + " lost versions, its disk " + rows + ": " + report);
  }
}
