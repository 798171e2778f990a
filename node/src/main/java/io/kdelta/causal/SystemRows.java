package io.kdelta.causal;

import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The store's own rows in the system keyspace; all their names start with {@value #PREFIX}.
 *
 * <pre>
 * causal/node             16 node id
 * causal/state            8 clock | 8 applied position | 8 generation of the apply log
 *                         | 8 count of requests
 * causal/repair           empty: a repair is under way
 * causal/repaired         4 count, then 2 + n each: damage below that a repair has dealt with
 * causal/report           as causal/repaired: sentences, see DamageReport
 * causal/checkpoint       the slot of the checkpoint, see Checkpoint
 * causal/counts/NAMESPACE 8 each: versions, live keys, keys, merges, conflicts, deletes, bytes
 * causal/log/HEX          16 id of the node whose log HEX is
 * causal/adopted/HEX      intervals
 * causal/disputed/HEX     empty
 * </pre>
 */
final class SystemRows {
  static final String PREFIX = "causal/";
  static final RowKey NODE = Keyspace.system(PREFIX + "node");
  static final RowKey STATE = Keyspace.system(PREFIX + "state");
  static final RowKey REPAIRED = Keyspace.system(PREFIX + "repaired");
  static final RowKey REPAIR = Keyspace.system(PREFIX + "repair");
  static final RowKey REPORT = Keyspace.system(PREFIX + "report");

  static final RowKey CHECKPOINT = Keyspace.system(PREFIX + "checkpoint");

  private static final String COUNTS = PREFIX + "counts/";
  private static final String LOG = PREFIX + "log/";
  private static final String ADOPTED = PREFIX + "adopted/";
  private static final String DISPUTED = PREFIX + "disputed/";

  /** What every batch carries on. */
  record State(HybridClock clock, long applied, long generation, long requests) {
    Bytes encode() {
      ByteWriter out = new ByteWriter(4 * Long.BYTES).writeLong(clock.last().packed());
      return out.writeLong(applied).writeLong(generation).writeLong(requests).toBytes();
    }

    static State decode(Row row) {
      Bytes value = row.value();
      HybridClock clock = new HybridClock(new Timestamp(value.longAt(0)));
      // The count is newer than the row; where it is missing all rows are read, and counted.
      long requests = value.size() > 24 ? value.longAt(24) : 0;
      return new State(clock, value.longAt(8), value.longAt(16), requests);
    }
  }

  private SystemRows() {}

  static RowKey counts(String namespace) {
    return Keyspace.system(COUNTS + namespace);
  }

  static Bytes counts(CausalStats counts) {
    return new ByteWriter(7 * Long.BYTES)
        .writeLong(counts.versions())
        .writeLong(counts.keysLive())
        .writeLong(counts.keysEver())
        .writeLong(counts.merges())
        .writeLong(counts.conflicts())
        .writeLong(counts.deletes())
        .writeLong(counts.bytes())
        .toBytes();
  }

  static CausalStats counts(Row row) {
    Bytes value = row.value();
    return new CausalStats(
        value.longAt(0),
        value.longAt(8),
        value.longAt(16),
        value.longAt(24),
        value.longAt(32),
        value.longAt(40),
        value.longAt(48));
  }

  static RowKey log(Incarnation incarnation) {
    return Keyspace.system(LOG + incarnation.hex());
  }

  static RowKey adopted(Incarnation incarnation) {
    return Keyspace.system(ADOPTED + incarnation.hex());
  }

  static RowKey disputed(Incarnation incarnation) {
    return Keyspace.system(DISPUTED + incarnation.hex());
  }

  static Bytes node(NodeId node) {
    ByteWriter out = new ByteWriter(NodeId.SIZE);
    node.write(out);
    return out.toBytes();
  }

  static NodeId node(Row row) {
    return NodeId.read(new ByteReader(row.value(), "node"));
  }

  static Bytes names(SortedSet<String> names) {
    ByteWriter out = new ByteWriter().writeInt(names.size());
    for (String name : names) Fields.writeShort(out, Bytes.utf8(name));
    return out.toBytes();
  }

  static SortedSet<String> names(Row row) {
    ByteReader in = new ByteReader(row.value(), "names");
    SortedSet<String> names = new TreeSet<>();
    for (int left = in.readCount(Short.BYTES); left > 0; left--) {
      names.add(Fields.readShort(in).utf8());
    }
    return names;
  }

  /** The namespace whose counts the row of that name has; empty for any other row. */
  static String countedNamespace(String name) {
    return name.startsWith(COUNTS) ? name.substring(COUNTS.length()) : "";
  }

  /** Whether the row tells something about one log. */
  static boolean isLog(String name) {
    return name.startsWith(LOG);
  }

  static boolean isAdopted(String name) {
    return name.startsWith(ADOPTED);
  }

  static boolean isDisputed(String name) {
    return name.startsWith(DISPUTED);
  }

  /** The log that a row tells something about. */
  static Incarnation incarnation(String name) {
    return Incarnation.fromHex(name.substring(name.lastIndexOf('/') + 1));
  }
}
