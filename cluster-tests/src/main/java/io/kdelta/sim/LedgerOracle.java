package io.kdelta.sim;

import java.util.List;

/**
 * O1 and ACK-TRUTH once everything is quiet: every node holds what was acknowledged or read, and
 * nothing of what was refused; a cold start takes no key away.
 */
final class LedgerOracle implements Oracle {
  private final World world;
  private List<String> keysBefore = List.of();
  private long looks;

  LedgerOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void quiet(List<Audit> audits) {
    audit(audits, "after the faults stopped");
    if (!audits.isEmpty()) keysBefore = audits.getFirst().graph().keys();
  }

  @Override
  public void cold(List<Audit> audits) {
    audit(audits, "after a cold start of everything");
    for (String path : keysBefore) {
      if (audits.getFirst().graph().heads(path).isEmpty()) {
        throw new OracleFailure("O1", path + " is gone");
      }
    }
  }

  private void audit(List<Audit> audits, String when) {
    for (Audit audit : audits) {
      looks++;
      world.ledger().audit(audit.name() + " " + when, audit.graph(), audit.notes());
    }
  }
}
