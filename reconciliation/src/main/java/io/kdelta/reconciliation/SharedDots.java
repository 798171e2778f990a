package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * What two sides told each other of their positions in the last session that both saw agree: later
 * ones name its writers by number and tell only what has changed.
 *
 * <p>An immutable value, kept by the driver for each peer; losing it costs bytes and nothing else.
 *
 * @param mine what this side had told
 * @param theirs what the peer had told
 */
public record SharedDots(DotSummary mine, DotSummary theirs) {
  /** The writers of either, in order; both sides have the same list. */
  List<Name> names() {
    TreeSet<Name> names = new TreeSet<>();
    for (Writer writer : mine.writers()) names.add(writer.incarnation());
    for (Writer writer : theirs.writers()) names.add(writer.incarnation());
    return new ArrayList<>(names);
  }

  /** Four bytes that both sides compute alike, to see whether they have the same base. */
  int id() {
    return print(mine) ^ print(theirs);
  }

  private static int print(DotSummary summary) {
    ByteSink sink = new ByteSink(256);
    DotCodec.write(sink, DotReport.full(summary));
    return (int) Digest.sha256(sink.toBytes()).first();
  }
}
