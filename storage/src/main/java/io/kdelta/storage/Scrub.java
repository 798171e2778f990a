package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads every chunk of every table, a little at a time, so that rot is found before a read needs
 * the data and while a peer still has it. Goes by table number; a pass ends behind the last.
 *
 * <p>Owner: the core thread; {@link Piece#read} runs on the table thread.
 */
final class Scrub {
  private final CorruptionTracker tracker = new CorruptionTracker();
  private long budget;
  private long table;
  private int chunk;
  private long passes;
  private long bytes;
  private long found;
  private Optional<KdeltaException.Corrupt> systematic = Optional.empty();

  /**
   * Where it is.
   *
   * @param table number of the table that is next, 0 at the start of a pass
   * @param passes how many times everything was read since the opening
   * @param bytes read since the opening
   * @param found tables found damaged by it
   */
  record Position(long table, long passes, long bytes, long found) {}

  /** A part of one table. */
  static final class Piece {
    private final Vfs vfs;
    private final SSTable table;
    private final SSTableWriter.Finished named;
    private final int from;
    private final int end;
    private Optional<KdeltaException.Corrupt> found = Optional.empty();

    Piece(Vfs vfs, SSTable table, SSTableWriter.Finished named, int from, int end) {
      this.vfs = vfs;
      this.table = table;
      this.named = named;
      this.from = from;
      this.end = end;
    }

    /** Table thread: reads by the file, so what the mapping has seen before counts for nothing. */
    void read() {
      try {
        // Another opening reads header, columns and footer again.
        if (from == 0) SSTable.open(vfs, named).close();
        ByteBuffer target = ByteBuffer.allocateDirect((end - from) * SSTableFormat.CHUNK_BYTES);
        table.readChunks(from, end, target);
      } catch (KdeltaException.Corrupt corrupt) {
        found = Optional.of(corrupt);
      }
    }
  }

  /** So many bytes more are to be read. */
  void allow(long more) {
    budget = more;
  }

  Position position() {
    return new Position(table, passes, bytes, found);
  }

  /** Why nothing that the disk says can be trusted any more. */
  Optional<KdeltaException.Corrupt> systematic() {
    return systematic;
  }

  /** The next piece that is allowed, if there is one. */
  @Nullable Piece next(Vfs vfs, List<Run> runs, ManifestState state) {
    if (budget <= 0) return null;
    List<SSTable> all = new ArrayList<>();
    for (Run run : runs) {
      for (SSTable each : run.tables()) {
        if (each.damage().isEmpty()) all.add(each);
      }
    }
    all.sort((one, other) -> Long.compare(one.number(), other.number()));
    SSTable due = null;
    for (SSTable each : all) {
      if (due == null && each.number() >= table) due = each;
    }
    if (due == null) {
      // What is left of the budget waits for the next call: a pass a call at most.
      passes++;
      table = 0;
      chunk = 0;
      budget = 0;
      return null;
    }
    if (due.number() != table) chunk = 0;
    table = due.number();
    ManifestEdit.TableAdded named = state.tables().get(table);
    if (named == null) throw new AssertionError("table " + table + " lives and has no name");
    int chunks = due.header().chunks();
    long more = Math.max(1, budget / SSTableFormat.CHUNK_BYTES);
    int end = (int) Math.min(chunks, chunk + Math.min(more, 128));
    return new Piece(
        vfs,
        due,
        new SSTableWriter.Finished(table, named.bytes(), TableFacts.of(named).checksum()),
        chunk,
        end);
  }

  /** Takes the piece back. */
  void done(Piece piece) {
    long read = (long) (piece.end - piece.from) * SSTableFormat.CHUNK_BYTES;
    budget -= read;
    bytes += read;
    if (piece.found.isPresent()) {
      KdeltaException.Corrupt corrupt = piece.found.get();
      piece.table.damaged(corrupt);
      found++;
      tracker.bad();
      if (tracker.systematic() && systematic.isEmpty()) {
        systematic =
            Optional.of(
                new KdeltaException.Corrupt(
                    corrupt.file(),
                    corrupt.offset(),
                    corrupt.reason() + "; the damage is systematic"));
      }
    } else {
      for (int i = piece.from; i < piece.end; i++) tracker.good();
    }
    boolean over = piece.found.isPresent() || piece.end == piece.table.header().chunks();
    chunk = over ? 0 : piece.end;
    if (over) table++;
  }
}
