package io.kdelta.reconciliation;

import io.kdelta.reconciliation.DotSummary.Name;
import io.kdelta.reconciliation.DotSummary.Run;
import io.kdelta.reconciliation.DotSummary.Writer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The ids at positions that the peer lacks: all, or as many as a turn may push. A pure function of
 * what it is given.
 *
 * <p>Where there are more, those written first are taken, about: the log whose next version is the
 * oldest gives its next {@value #PIECE}, and so on. Parents were written before their children and
 * so are in this share or an earlier one, but for a few at the end; these the peer asks for.
 *
 * @param ids at those positions and in the set, each once or more
 * @param isCut whether there are more
 */
record DotShare(List<Digest> ids, boolean isCut) {
  private static final int PIECE = 256;

  /** Positions without ids are passed over in larger steps. */
  private static final int STEP_MAX = 1 << 14;

  /**
   * Ids of {@code set} that stand at {@code positions}: about {@code max} of them, and more only
   * behind positions that have none.
   */
  static DotShare of(DotSummary positions, Snapshot.Places places, MerkleTree set, int max) {
    List<Digest> ids = new ArrayList<>();
    if (positions.count() <= max) {
      for (Writer writer : positions.writers()) {
        for (Run run : writer.runs()) ids.addAll(places.at(writer.incarnation(), run));
      }
      return new DotShare(ids, false);
    }
    PriorityQueue<Log> logs =
        new PriorityQueue<>((one, two) -> {
          int order = Long.compareUnsigned(one.writtenAt, two.writtenAt);
          return order != 0 ? order : NAMES.compare(one.writer, two.writer);
        });
    for (Writer writer : positions.writers()) {
      Log log = new Log(writer, places, set);
      if (log.next()) logs.add(log);
    }
    while (ids.size() < max && !logs.isEmpty()) {
      Log oldest = logs.remove();
      ids.addAll(oldest.take(Math.min(PIECE, max - ids.size())));
      if (oldest.next()) logs.add(oldest);
    }
    return new DotShare(ids, !logs.isEmpty());
  }

  private static final Comparator<Writer> NAMES = Comparator.comparing(Writer::incarnation);

  /** What is left of one log, seen from its next version on. */
  private static final class Log {
    private final Writer writer;
    private final Snapshot.Places places;
    private final MerkleTree set;
    private int run;
    private long at;
    private List<Digest> head = List.of();
    private long writtenAt;

    Log(Writer writer, Snapshot.Places places, MerkleTree set) {
      this.writer = writer;
      this.places = places;
      this.set = set;
      this.at = writer.runs().getFirst().first();
    }

    /** Looks for the next version; whether there is one. */
    boolean next() {
      int step = 1;
      head = List.of();
      while (head.isEmpty() && run < writer.runs().size()) {
        head = read(step);
        step = Math.min(2 * step, STEP_MAX);
      }
      if (head.isEmpty()) return false;
      writtenAt = places.writtenAt(head.getFirst());
      return true;
    }

    /** The next version, and those behind it: about {@code count} in all, or more if it is one. */
    List<Digest> take(int count) {
      List<Digest> taken = new ArrayList<>(head);
      while (taken.size() < count && run < writer.runs().size()) {
        taken.addAll(read(count - taken.size()));
      }
      return taken;
    }

    private List<Digest> read(int count) {
      Run whole = writer.runs().get(run);
      long last = Math.min(whole.last(), at + count - 1);
      Name name = writer.incarnation();
      List<Digest> ids = new ArrayList<>(places.at(name, new Run(at, last)));
      ids.removeIf(id -> !set.contains(id));
      if (last < whole.last()) {
        at = last + 1;
      } else if (++run < writer.runs().size()) {
        at = writer.runs().get(run).first();
      }
      return ids;
    }
  }
}
