package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Version;
import io.kdelta.core.Reply;
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
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    switch (outcome.reply()) {
      case Reply.Written written -> wrote(written);
      case Reply.Resolved resolved -> {
        if (resolved.written() != null) wrote(resolved.written());
      }
      case Reply.Value value -> saw(value.version().version());
      case Reply.HeadList heads -> {
        for (Envelope head : heads.heads()) saw(head.version());
      }
      case Reply.Changes changes -> {
        for (Envelope one : changes.versions()) saw(one.version());
      }
      case null, default -> {
        // It shows no version.
      }
    }
  }

  private void wrote(Reply.Written written) {
    for (Reply.Written.Result result : written.versions()) saw(result.version());
  }

  private void saw(Version version) {
    world.atlas().shown(version.id(), version.key().toString());
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
      boolean gone = audits.getFirst().graph().heads(path).isEmpty();
      if (gone && !world.atlas().mayMiss(path)) {
        throw new OracleFailure("O1", path + " is gone");
      }
    }
  }

  private void audit(List<Audit> audits, String when) {
    for (Audit audit : audits) {
      looks++;
      String who = audit.name() + " " + when;
      world.ledger().audit(who, audit.graph(), audit.notes(), world.atlas()::mayMiss);
    }
  }
}
