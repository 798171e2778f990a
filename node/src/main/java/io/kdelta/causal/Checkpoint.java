package io.kdelta.causal;

import io.kdelta.causal.LogState.Chain;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.EpochCells;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.reconciliation.MerkleTree.Part;
import io.kdelta.reconciliation.Prefix;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import io.kdelta.storage.Rows;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.WriteBatch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What memory was after so many versions had become visible, so that an open need not read all of
 * them: the tree cut off above its ids, positions, cells. It names the apply position that it
 * stands at; the rows of the apply log behind that position tell each version that came later
 * exactly once, whatever the log below replays. A checkpoint of another generation (a repair took
 * versions away) or one that does not fit the rows is none.
 *
 * <p>An immutable value. It lies in rows of its own, of one of two slots; the row that names the
 * slot is written last, in one batch with the counts, so a crash leaves the one before.
 *
 * <pre>
 * content:
 *   8 generation | 8 apply position
 *   4 count of parts of the tree | each: 1 depth, 32 place, 8 count, 32 hash
 *   4 count of logs | each: 16 incarnation, intervals of positions, 8 + 32 chain seq and value
 *   4 size | the cells as {@link EpochCells} keeps them; empty without
 * row of the slot (causal/checkpoint):
 *   1 slot | 4 count of rows | 32 SHA-256 of the content
 * </pre>
 *
 * @param generation of the apply log
 * @param applied the apply position
 * @param parts of the tree
 * @param logs how far each log was held
 * @param cells of the tree; absent for a small set, which is quicker walked
 */
record Checkpoint(
    long generation, long applied, List<Part> parts, List<Mark> logs, @Nullable EpochCells cells) {

  /** Digests below a part: what one look below it reads at most. */
  static final int PART_MAX = 512;

  /** Bytes a row: a value of this size lies among the others. */
  private static final int ROW_BYTES = 3 << 10;

  private static final int BATCH_BYTES_MAX = 1 << 20;

  private static final int CELLS_BYTES_MAX = 1 << 20;

  /** How far a log was held. */
  record Mark(Incarnation incarnation, Intervals received, Chain chain) {}

  /** Where the content lies. */
  private record Slot(int number, int rows, Digest sum) {
    Bytes encode() {
      ByteWriter out = new ByteWriter(5 + Digest.SIZE).writeByte(number).writeInt(rows);
      Fields.writeDigest(out, sum);
      return out.toBytes();
    }

    static Slot decode(Bytes value) {
      ByteReader in = new ByteReader(value, "checkpoint");
      Slot slot = new Slot(in.readByte(), in.readInt(), Fields.readDigest(in));
      in.end();
      return slot;
    }
  }

  Checkpoint {
    parts = List.copyOf(parts);
    logs = List.copyOf(logs);
  }

  /** What memory is now. */
  static Checkpoint of(DerivedState state, @Nullable EpochCells cells) {
    List<Mark> logs = new ArrayList<>();
    for (LogState log : state.logs.values()) {
      Intervals received = log.position().received();
      logs.add(new Mark(log.incarnation(), received, log.chain()));
    }
    List<Part> parts = state.tree.parts(PART_MAX);
    return new Checkpoint(state.generation, state.applied, parts, logs, cells);
  }

  /** The newest checkpoint that is whole; null when there is none. */
  static @Nullable Checkpoint read(Rows rows) {
    Row named = rows.get(SystemRows.CHECKPOINT);
    if (named == null) return null;
    try {
      Slot slot = Slot.decode(named.value());
      ByteWriter content = new ByteWriter(slot.rows() * ROW_BYTES);
      for (int i = 0; i < slot.rows(); i++) {
        Row row = rows.get(Keyspace.tree(slot.number(), i));
        if (row == null) return null;
        content.write(row.value());
      }
      Bytes bytes = content.toBytes();
      boolean whole = Digest.sha256(bytes.toArray()).equals(slot.sum());
      return whole ? decode(bytes) : null;
    } catch (KdeltaException.Invalid e) {
      return null;
    }
  }

  /**
   * Writes the rows, {@code last} in the batch that makes them count. Throws ReadOnly or Overloaded
   * as any write; then the checkpoint before still counts.
   */
  void write(StorageEngine engine, WriteBatch last) {
    Row named = engine.get(SystemRows.CHECKPOINT);
    int slot = named == null ? 0 : 1 - Slot.decode(named.value()).number();
    int batchMax = Math.min(BATCH_BYTES_MAX, engine.batchBytesMax() / 2);
    Bytes content = encode();
    WriteBatch batch = new WriteBatch();
    int count = 0;
    for (int at = 0; at < content.size(); at += ROW_BYTES) {
      if (batch.encodedSize() + ROW_BYTES > batchMax) {
        engine.apply(batch);
        batch = new WriteBatch();
      }
      Bytes row = content.slice(at, Math.min(content.size(), at + ROW_BYTES));
      batch.put(Keyspace.tree(slot, count++), row);
    }
    engine.apply(batch);
    RowKey surplus = Keyspace.tree(slot, count);
    try (Cursor cursor = engine.cursor(surplus, Keyspace.tree(slot + 1, 0))) {
      while (cursor.next()) last.delete(cursor.row().key());
    }
    Digest sum = Digest.sha256(content.toArray());
    engine.apply(last.put(SystemRows.CHECKPOINT, new Slot(slot, count, sum).encode()));
  }

  private Bytes encode() {
    ByteWriter out = new ByteWriter(parts.size() * 80 + 1_024);
    out.writeLong(generation).writeLong(applied).writeInt(parts.size());
    for (Part part : parts) {
      out.writeByte(part.place().depth());
      Fields.writeDigest(out, part.place().bits());
      out.writeLong(part.count());
      Fields.writeDigest(out, part.hash());
    }
    out.writeInt(logs.size());
    for (Mark log : logs) {
      log.incarnation().write(out);
      log.received().write(out);
      out.writeLong(log.chain().seq());
      Fields.writeDigest(out, log.chain().value());
    }
    out.writeSized(cells == null ? Bytes.EMPTY : Bytes.wrap(cells.checkpoint()));
    return out.toBytes();
  }

  private static @Nullable Checkpoint decode(Bytes content) {
    ByteReader in = new ByteReader(content, "checkpoint");
    long generation = in.readLong();
    long applied = in.readLong();
    List<Part> parts = new ArrayList<>();
    for (int left = in.readCount(2 * Digest.SIZE + 9); left > 0; left--) {
      int depth = in.readByte();
      Prefix place = new Prefix(Fields.readDigest(in), depth);
      long count = in.readLong();
      parts.add(new Part(place, count, Fields.readDigest(in)));
    }
    List<Mark> logs = new ArrayList<>();
    for (int left = in.readCount(Incarnation.SIZE + 44); left > 0; left--) {
      Incarnation incarnation = Incarnation.read(in);
      Intervals received = Intervals.read(in);
      long seq = in.readLong();
      logs.add(new Mark(incarnation, received, new Chain(seq, Fields.readDigest(in))));
    }
    Bytes kept = in.readSized(CELLS_BYTES_MAX);
    in.end();
    EpochCells cells = kept.isEmpty() ? null : EpochCells.restore(kept.toArray());
    return new Checkpoint(generation, applied, parts, logs, cells);
  }

  /** The tree with what became visible since; null when the rows do not fit. */
  @Nullable MerkleTree tree(List<Digest> later, StoredIds ids) {
    return MerkleTree.restored(parts, later, ids);
  }
}
