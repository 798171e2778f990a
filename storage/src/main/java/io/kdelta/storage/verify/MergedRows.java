package io.kdelta.storage.verify;

import io.kdelta.memory.Bytes;
import io.kdelta.vfs.Vfs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The live rows of a whole store in key order: the newest of each key, none for a deleted one. What
 * the log has above the tables is newest, then the runs by age. One thread.
 */
final class MergedRows implements AutoCloseable {
  private final SortedMap<Long, BlobCheck> blobs;
  private final List<Source> sources = new ArrayList<>();
  private byte[] lastKey = new byte[0];
  private int lastPoint = -1;

  /** One sorted input; the newer of two has the smaller place in the list. */
  private abstract static class Source {
    byte[] key = new byte[0];
    int pointSize;
    int keySize;

    abstract boolean next();

    abstract boolean deleted();

    abstract Bytes value();

    void close() {}

    int compare(byte[] other, int otherPoint, int otherSize) {
      int byPoint = Arrays.compareUnsigned(key, 0, pointSize, other, 0, otherPoint);
      if (byPoint != 0) return byPoint;
      return Arrays.compareUnsigned(key, pointSize, keySize, other, otherPoint, otherSize);
    }
  }

  /** The tables of one run, one after the other. */
  private final class RunSource extends Source {
    private final Vfs vfs;
    private final List<TableCheck.Outcome> tables;
    private int table;
    private @Nullable TableRows rows;

    RunSource(Vfs vfs, List<TableCheck.Outcome> tables) {
      this.vfs = vfs;
      this.tables = tables;
    }

    @Override
    boolean next() {
      while (true) {
        TableRows open = rows;
        if (open != null && open.next()) {
          key = open.key;
          pointSize = open.pointSize;
          keySize = open.keySize;
          return true;
        }
        close();
        if (table == tables.size()) return false;
        TableShape shape = tables.get(table++).shape();
        rows = new TableRows(vfs.openForReading(StoreFiles.table(shape.number())), shape);
      }
    }

    @Override
    boolean deleted() {
      return row().kind == TableRows.DELETE;
    }

    @Override
    Bytes value() {
      TableRows row = row();
      Image image = row.image();
      if (row.kind != TableRows.BLOB) {
        return Bytes.copyOf(image.bytes, row.valueAt, row.valueSize);
      }
      BlobCheck blob = blobs.get(image.i64(row.valueAt));
      if (blob == null) throw row.corrupt("refers to a blob file that is not there");
      return blob.value(
          image.u32(row.valueAt + 8), image.u32(row.valueAt + 12), image.i32(row.valueAt + 16));
    }

    @Override
    void close() {
      if (rows != null) rows.close();
      rows = null;
    }

    private TableRows row() {
      TableRows open = rows;
      if (open == null) throw new AssertionError("stands on no row");
      return open;
    }
  }

  /** What only the log holds, sorted, the newest of equal keys first. */
  private static final class LogSource extends Source {
    private final List<LogCheck.LogRow> rows;
    private int at = -1;

    LogSource(List<LogCheck.LogRow> rows) {
      this.rows = rows;
      rows.sort(
          ((Comparator<LogCheck.LogRow>) LogSource::byKey)
              .thenComparing(Comparator.comparingLong(LogCheck.LogRow::lsn).reversed())
              .thenComparing(Comparator.comparingInt(LogCheck.LogRow::order).reversed()));
    }

    private static int byKey(LogCheck.LogRow one, LogCheck.LogRow other) {
      byte[] a = one.image().bytes;
      byte[] b = other.image().bytes;
      int pointEnd = one.at() + one.pointSize();
      int otherEnd = other.at() + other.pointSize();
      int byPoint = Arrays.compareUnsigned(a, one.at(), pointEnd, b, other.at(), otherEnd);
      if (byPoint != 0) return byPoint;
      return Arrays.compareUnsigned(
          a, pointEnd, one.at() + one.keySize(), b, otherEnd, other.at() + other.keySize());
    }

    @Override
    boolean next() {
      at++;
      if (at >= rows.size()) return false;
      LogCheck.LogRow row = rows.get(at);
      key = Arrays.copyOfRange(row.image().bytes, row.at(), row.at() + row.keySize());
      pointSize = row.pointSize();
      keySize = row.keySize();
      return true;
    }

    @Override
    boolean deleted() {
      return rows.get(at).kind() == TableRows.DELETE;
    }

    @Override
    Bytes value() {
      LogCheck.LogRow row = rows.get(at);
      return Bytes.copyOf(row.image().bytes, row.valueAt(), row.valueSize());
    }
  }

  /**
   * @param runs by age
   * @param log rows above the flushed LSN
   */
  MergedRows(
      Vfs vfs,
      NavigableMap<Long, List<TableCheck.Outcome>> runs,
      List<LogCheck.LogRow> log,
      SortedMap<Long, BlobCheck> blobs) {
    this.blobs = blobs;
    sources.add(new LogSource(log));
    for (List<TableCheck.Outcome> tables : runs.descendingMap().values()) {
      sources.add(new RunSource(vfs, tables));
    }
    sources.removeIf(source -> !source.next());
  }

  /** Hands over every live row; answers how many there are. */
  long forEach(StoreVerifier.Visitor visitor) {
    long count = 0;
    while (!sources.isEmpty()) {
      Source least = sources.getFirst();
      for (Source source : sources) {
        if (source.compare(least.key, least.pointSize, least.keySize) < 0) least = source;
      }
      boolean repeated = lastPoint >= 0 && least.compare(lastKey, lastPoint, lastKey.length) == 0;
      if (!repeated) {
        lastKey = Arrays.copyOf(least.key, least.keySize);
        lastPoint = least.pointSize;
        if (!least.deleted()) {
          count++;
          Bytes key = Bytes.wrap(lastKey);
          visitor.row(key.slice(0, lastPoint), key.slice(lastPoint), least.value());
        }
      }
      if (!least.next()) sources.remove(least);
    }
    return count;
  }

  @Override
  public void close() {
    for (Source source : sources) source.close();
  }
}
