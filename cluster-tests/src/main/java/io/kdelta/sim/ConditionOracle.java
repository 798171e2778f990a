package io.kdelta.sim;

import io.kdelta.core.Reply;
import java.util.List;

/** A condition held where it was checked (O4): see {@link IfAbsent}. */
final class ConditionOracle implements Oracle {
  private final IfAbsent writes = new IfAbsent();
  private long looks;

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    boolean conditional = ask.request() instanceof Request.Put put && put.ifAbsent();
    if (!conditional || !(outcome.reply() instanceof Reply.Written reply)) return;
    looks++;
    for (Reply.Written.Result result : reply.versions()) {
      writes.wrote(result.version().id(), World.name(ask.node()));
    }
  }

  @Override
  public void quiet(List<Audit> audits) {
    var _ = writes.check(audits.getFirst().graph());
  }
}
