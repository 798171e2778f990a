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
 * 16     1     u8     {@link State}: 0 sound, 1 damaged, 2 salvaged
 * </pre>
 */
record TableFacts(long run, long checksum, State state) {
  /** What was found out about the table. */
  enum State {
    SOUND(0),
    /** It was found damaged. */
    DAMAGED(1),
    /** It was found damaged, and what could be told to be whole lies in another table by now. */
    SALVAGED(2);

    private final int code;

    State(int code) {
      this.code = code;
    }

    private static State of(int code, ByteReader from) {
      for (State state : values()) if (state.code == code) return state;
      throw from.invalid("no state of a table is " + code);
    }
  }

  private static final int BYTES = 17;

  ManifestEdit.TableAdded added(long number, long bytes) {
    Bytes facts =
        new ByteWriter(BYTES).writeLong(run).writeLong(checksum).writeByte(state.code).toBytes();
    return new ManifestEdit.TableAdded(number, bytes, facts);
  }

  static TableFacts of(ManifestEdit.TableAdded table) {
    ByteReader in = new ByteReader(table.facts(), "facts of table " + table.number());
    TableFacts facts = new TableFacts(in.readLong(), in.readLong(), State.of(in.readByte(), in));
    in.end();
    return facts;
  }

  /** The same of a table of which more was found out. */
  TableFacts found(State now) {
    return new TableFacts(run, checksum, now);
  }

  /** The same of a table that belongs to another run now. */
  TableFacts in(long otherRun) {
    return new TableFacts(otherRun, checksum, state);
  }

  /** Whether it is not to be read as it is. */
  boolean damaged() {
    return state != State.SOUND;
  }
}
