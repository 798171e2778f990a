package io.kdelta.storage;

import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;

/**
 * What the manifest says of a table besides its number and size. Immutable.
 *
 * <pre>
 * offset size  type   meaning (little-endian)
 * 0      8     u64    age of its run: greater is newer; tables of one run have equal ages
 * 8      8     u64    checksum of the file, see {@link SSTableFormat#checksum}
 * 16     1     u8     {@link State}: its place in the order, 0 for a sound table
 * </pre>
 */
record TableFacts(long run, long checksum, State state) {
  /** What was found out about the table. */
  enum State {
    SOUND,
    /** It was found damaged. */
    DAMAGED,
    /** It was found damaged, and what could be told to be whole lies in another table by now. */
    SALVAGED
  }

  private static final int BYTES = 17;

  ManifestEdit.TableAdded added(long number, long bytes) {
    Bytes facts =
        new ByteWriter(BYTES)
            .writeLong(run)
            .writeLong(checksum)
            .writeByte(state.ordinal())
            .toBytes();
    return new ManifestEdit.TableAdded(number, bytes, facts);
  }

  static TableFacts of(ManifestEdit.TableAdded table) {
    ByteReader in = new ByteReader(table.facts(), "facts of table " + table.number());
    TableFacts facts = new TableFacts(in.readLong(), in.readLong(), state(in.readByte()));
    in.end();
    return facts;
  }

  /** The same of a table of which more was found out. */
  TableFacts found(State now) {
    return new TableFacts(run, checksum, now);
  }

  /** Whether it is not to be read as it is. */
  boolean damaged() {
    return state != State.SOUND;
  }

  private static State state(int place) {
    State[] states = State.values();
    return states[Math.min(place, states.length - 1)];
  }
}
