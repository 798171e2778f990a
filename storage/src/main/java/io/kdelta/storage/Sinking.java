package io.kdelta.storage;

import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which tables may become part of the bottom run as they are, without being written anew: those of
 * newer runs that meet no older table. Rows that come in the order of their keys, as those of a
 * snapshot or of a log do, are so written once.
 *
 * <p>A table has to be of a size, or the bottom would become dust; one with deletes has to be
 * merged, for the bottom has none. Newer rows of its keys stay above it as before. Owner: the core
 * thread.
 */
final class Sinking {
  private final long bytesMin;

  /** The view that was looked at last, and what was found in it. */
  private long askedFor = -1;

  private List<SSTable> found = List.of();

  /**
   * @param bytesMin a smaller table is merged instead
   */
  Sinking(long bytesMin) {
    this.bytesMin = bytesMin;
  }

  /** The piece that is due, while no merge is under way; none in most views. */
  @Nullable TableWork next(Vfs vfs, Manifest manifest, ReadView view) {
    if (view.sequence() != askedFor) {
      found = of(view.runs());
      askedFor = view.sequence();
    }
    if (found.isEmpty()) return null;
    return new TableWork.Sink(vfs, manifest, found, view.runs().getLast().age());
  }

  /** Shows these tables in the bottom run; no merge has begun since they were found. */
  static void show(Views views, List<SSTable> sunk) {
    List<Run> runs = views.current().runs();
    List<Run> next = new ArrayList<>();
    for (Run run : runs.subList(0, runs.size() - 1)) {
      List<SSTable> left = new ArrayList<>(run.tables());
      left.removeAll(sunk);
      if (!left.isEmpty()) next.add(new Run(run.age(), left));
    }
    Run bottom = runs.getLast();
    List<SSTable> all = new ArrayList<>(bottom.tables());
    all.addAll(sunk);
    all.sort((one, other) -> one.first().compareTo(other.first()));
    next.add(new Run(bottom.age(), all));
    views.show(views.current().memtables(), next);
  }

  private List<SSTable> of(List<Run> runs) {
    List<SSTable> sinking = new ArrayList<>();
    for (int i = 0; i < runs.size() - 1; i++) {
      for (SSTable table : runs.get(i).tables()) {
        boolean fit = table.bytes() >= bytesMin && table.tombstones() == 0;
        if (!fit || table.damage().isPresent()) continue;
        boolean met = false;
        for (Run older : runs.subList(i + 1, runs.size())) met |= older.meets(table);
        if (!met) sinking.add(table);
      }
    }
    return sinking;
  }
}
