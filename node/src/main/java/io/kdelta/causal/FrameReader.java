package io.kdelta.causal;

import io.kdelta.causal.StoredRows.Placed;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Row;
import io.kdelta.storage.Rows;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Cuts frames out of a log, for {@link CausalStore#frame}. Pure; on the core thread. */
final class FrameReader {
  private FrameReader() {}

  /**
   * Whole batches from {@code fromSeq} on, at least one, then as many as fit; null for none.
   *
   * @param before the chain value there, if it is known
   */
  static @Nullable Frame read(
      Rows rows,
      CausalGraph graph,
      LogState log,
      @Nullable Digest before,
      long fromSeq,
      int bytesMax) {
    Incarnation incarnation = log.incarnation();
    List<Frame.Entry> whole = new ArrayList<>();
    List<Frame.Entry> batch = new ArrayList<>();
    long bytes = 0;
    Digest after = null;
    for (long seq = fromSeq; whole.size() + batch.size() < Frame.COUNT_MAX; seq++) {
      Row row = rows.get(Keyspace.position(incarnation, seq));
      if (row == null) break;
      Placed placed = StoredRows.position(row);
      Envelope envelope = graph.envelope(placed.id());
      if (envelope == null) break;
      envelope = envelope.withDots(List.of(new Dot(incarnation, seq)));
      bytes += envelope.size();
      if (!whole.isEmpty() && bytes > bytesMax) break;
      batch.add(new Frame.Entry(envelope, placed.continues()));
      if (placed.continues()) continue;
      whole.addAll(batch);
      batch.clear();
      after = placed.chain();
    }
    if (whole.isEmpty()) return null;
    return new Frame(incarnation, log.node(), fromSeq, before, after, whole);
  }
}
