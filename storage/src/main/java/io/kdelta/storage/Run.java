package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tables that together are one sorted run: no group lies in two of them. Immutable.
 *
 * @param age greater is newer; what a merge writes has the age of the oldest run in it
 * @param tables in key order, at least one
 */
record Run(long age, List<SSTable> tables) {
  Run {
    tables = List.copyOf(tables);
    if (tables.isEmpty()) throw new AssertionError("a run without tables");
  }

  long bytes() {
    long bytes = 0;
    for (SSTable table : tables) bytes += table.bytes();
    return bytes;
  }

  long rows() {
    long rows = 0;
    for (SSTable table : tables) rows += table.rows();
    return rows;
  }

  long tombstones() {
    long tombstones = 0;
    for (SSTable table : tables) tombstones += table.tombstones();
    return tombstones;
  }

  boolean damaged() {
    for (SSTable table : tables) {
      if (table.damage().isPresent()) return true;
    }
    return false;
  }

  /** What a plan of merges looks at. */
  List<Compaction.Shape> shape() {
    List<Compaction.Shape> shape = new ArrayList<>(tables.size());
    for (SSTable table : tables) {
      shape.add(
          new Compaction.Shape(
              table.first().point(),
              table.last().point(),
              table.bytes(),
              table.rows(),
              table.tombstones()));
    }
    return shape;
  }

  /** The shapes of these runs, in their order. */
  static List<List<Compaction.Shape>> shapes(List<Run> runs) {
    List<List<Compaction.Shape>> shapes = new ArrayList<>();
    for (Run run : runs) shapes.add(run.shape());
    return shapes;
  }

  /** The tables that begin at or after a group (null: all) and before another (null: all). */
  List<SSTable> from(@Nullable Bytes from, @Nullable Bytes to) {
    List<SSTable> some = new ArrayList<>();
    for (SSTable table : tables) {
      Bytes first = table.first().point();
      boolean before = from != null && first.compareTo(from) < 0;
      if (!before && (to == null || first.compareTo(to) < 0)) some.add(table);
    }
    return some;
  }

  /** The only table that can hold a group, or null. */
  @Nullable SSTable tableOf(byte[] key, int from, int pointSize) {
    int at = firstEndingAtOrAfter(key, from, pointSize);
    if (at == tables.size() || tables.get(at).comparePoint(key, from, pointSize) != 0) return null;
    return tables.get(at);
  }

  /** Whether a group could lie both here and between the first and the last one of a table. */
  boolean meets(SSTable table) {
    byte[] first = table.first().point().toArray();
    int at = firstEndingAtOrAfter(first, 0, first.length);
    return at < tables.size()
        && tables.get(at).first().point().compareTo(table.last().point()) <= 0;
  }

  /** Reads what gets of some keys will wait for. */
  void readAhead(MultiGet keys, int from, int to) {
    if (tables.size() == 1) {
      tables.getFirst().readAhead(keys, from, to);
      return;
    }
    for (int i = from; i < to; i++) {
      SSTable table = tableOf(keys.keys(), keys.from(i), keys.pointSize(i));
      if (table != null) table.readAhead(keys, i, i + 1);
    }
  }

  /** All rows, through the mapping. Core thread. */
  RowSource walk() {
    return tables.size() == 1 ? tables.getFirst().walk() : new Chain(false);
  }

  /** All rows, through the files. Table thread. */
  RowSource scan() {
    return tables.size() == 1 ? tables.getFirst().scan() : new Chain(true);
  }

  private int firstEndingAtOrAfter(byte[] key, int from, int pointSize) {
    int low = 0;
    int high = tables.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (tables.get(middle).comparePoint(key, from, pointSize) > 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The tables one after the other. */
  private final class Chain extends RowSource {
    private final boolean byFile;
    private int next;
    private @Nullable RowSource present;

    private Chain(boolean byFile) {
      this.byFile = byFile;
    }

    @Override
    boolean next() {
      while (true) {
        if (present != null && present.next()) return show(present);
        if (next == tables.size()) return false;
        present = open(next++);
      }
    }

    @Override
    boolean seek(RowKey target) {
      byte[] point = target.point().toArray();
      next = firstEndingAtOrAfter(point, 0, point.length);
      if (next == tables.size()) {
        present = null;
        return false;
      }
      present = open(next++);
      return present.seek(target) ? show(present) : next();
    }

    @Override
    void bringValue() {
      if (present == null) return;
      present.bringValue();
      show(present);
    }

    @Override
    String place() {
      return present == null ? "run " + age : present.place();
    }

    private RowSource open(int index) {
      SSTable table = tables.get(index);
      return byFile ? table.scan() : table.walk();
    }

    private boolean show(RowSource source) {
      showRowOf(source);
      return true;
    }
  }
}
