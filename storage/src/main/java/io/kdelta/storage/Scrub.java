package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the manifest, every chunk of every table and every value in a blob file that its rows refer
 * to, a little at a time, so that rot is found before a read needs the data and while a peer, or
 * for the manifest this process, still has it. Goes by table number; a pass ends behind the last.
 *
 * <p>Owner: the core thread; {@link Piece#read} runs on the table thread.
 */
final class Scrub {
  private static final long PIECE_BYTES_MAX = 8 << 20;

  private final CorruptionTracker tracker = new CorruptionTracker();
  private long budget;
  private long table;

  /** Chunk of the table, or chunks plus the place among the values that it refers to. */
  private int next;

  private long passes;
  private long bytes;
  private long found;
  private boolean manifestDue = true;
  private Optional<KdeltaException.Corrupt> systematic = Optional.empty();

  /**
   * Where it is.
   *
   * @param table number of the table that is next, 0 at the start of a pass
   * @param passes how many times everything was read since the opening
   * @param bytes read since the opening
   * @param found tables and manifests found damaged by it
   */
  record Position(long table, long passes, long bytes, long found) {}

  /** A part of one table: of its chunks, or behind them of the values that it refers to. */
  static final class Piece {
    private final Vfs vfs;
    private final SSTable table;
    private final SSTableWriter.Finished named;
    private final int from;
    private final long bytesMax;
    private long bytes;
    private int next;
    private boolean over;
    private Optional<KdeltaException.Corrupt> found = Optional.empty();

    /**
     * @param from chunk it begins with, or chunks plus the place among the references
     */
    Piece(Vfs vfs, SSTable table, SSTableWriter.Finished named, int from, long bytesMax) {
      this.vfs = vfs;
      this.table = table;
      this.named = named;
      this.from = from;
      this.bytesMax = bytesMax;
      this.next = from;
    }

    /** Table thread: reads by the file, so what the mapping has seen before counts for nothing. */
    void read() {
      try {
        if (from < table.header().chunks()) {
          readChunks();
        } else {
          readValues(from - table.header().chunks());
        }
      } catch (KdeltaException.Corrupt corrupt) {
        found = Optional.of(corrupt);
      } catch (InternalError cut) {
        found = Optional.of(table.corrupt(0, "the mapped file was cut: " + cut.getMessage()));
      }
    }

    private void readChunks() {
      // Another opening reads header, columns and footer again.
      if (from == 0) SSTable.open(vfs, named).close();
      int chunks = table.header().chunks();
      next = (int) Math.min(chunks, from + Math.max(1, bytesMax / SSTableFormat.CHUNK_BYTES));
      ByteBuffer target = ByteBuffer.allocateDirect((next - from) * SSTableFormat.CHUNK_BYTES);
      table.readChunks(from, next, target);
      bytes = (long) (next - from) * SSTableFormat.CHUNK_BYTES;
      over = next == chunks && table.blobCount() == 0;
    }

    private void readValues(int skipped) {
      int seen = 0;
      for (int index = 0; index < table.blobCount(); index++) {
        BlobFile blob = table.blobOf(table.blobNumber(index));
        BitSet entries = new BitSet();
        table.markBlobEntries(index, entries);
        for (int at = entries.nextSetBit(0); at >= 0; at = entries.nextSetBit(at + 1)) {
          if (seen++ < skipped) continue;
          if (bytes >= bytesMax) return;
          bytes += blob.read(at).remaining();
          next++;
        }
      }
      over = true;
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

  /** Whether this pass has yet to look at the manifest, and may. */
  boolean wantsManifest() {
    return manifestDue && budget > 0;
  }

  /** The manifest was read, and put right if need be. */
  void manifestRead(Optional<KdeltaException.Corrupt> wrong) {
    manifestDue = false;
    budget -= SSTableFormat.CHUNK_BYTES;
    if (wrong.isPresent()) found++;
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
      next = 0;
      budget = 0;
      manifestDue = true;
      return null;
    }
    if (due.number() != table) next = 0;
    table = due.number();
    ManifestEdit.TableAdded named = state.tables().get(table);
    if (named == null) throw new AssertionError("table " + table + " lives and has no name");
    return new Piece(
        vfs,
        due,
        new SSTableWriter.Finished(table, named.bytes(), TableFacts.of(named).checksum()),
        next,
        Math.min(budget, PIECE_BYTES_MAX));
  }

  /** Takes the piece back. */
  void done(Piece piece) {
    // Even what has read nothing uses some of the budget up.
    budget -= Math.max(piece.bytes, SSTableFormat.CHUNK_BYTES);
    bytes += piece.bytes;
    if (piece.found.isPresent()) {
      KdeltaException.Corrupt corrupt = piece.found.get();
      if (corrupt.file().equals(piece.table.path())) {
        piece.table.damaged(corrupt);
      } else {
        piece.table.blobDamage(corrupt);
      }
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
      for (int i = piece.from; i < piece.next; i++) tracker.good();
    }
    boolean over = piece.found.isPresent() || piece.over;
    next = over ? 0 : piece.next;
    if (over) table++;
  }
}
