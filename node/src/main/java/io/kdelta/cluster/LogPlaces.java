package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.Snapshot;
import java.util.List;

/**
 * What a session reads of the logs here. Core thread.
 *
 * @param replica the store
 */
record LogPlaces(Replica replica) implements Snapshot.Places {
  @Override
  public List<Digest> at(Name writer, Run run) {
    Incarnation incarnation = new Incarnation(writer.high(), writer.low());
    return replica.versionsAt(incarnation, run.first(), run.last());
  }

  @Override
  public long writtenAt(Digest id) {
    return replica.envelope(id).map(found -> found.version().time().packed()).orElse(0L);
  }
}
