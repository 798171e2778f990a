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
 * 16     1     u8     1 when the table was found damaged and is set aside, else 0
 * </pre>
 */
record TableFacts(long run, long checksum, boolean damaged) {
  private static final int BYTES = 17;

  ManifestEdit.TableAdded added(long number, long bytes) {
    Bytes facts =
        new ByteWriter(BYTES)
            .writeLong(run)
            .writeLong(checksum)
            .writeByte(damaged ? 1 : 0)
            .toBytes();
    return new ManifestEdit.TableAdded(number, bytes, facts);
  }

  static TableFacts of(ManifestEdit.TableAdded table) {
    ByteReader in = new ByteReader(table.facts(), "facts of table " + table.number());
    TableFacts facts = new TableFacts(in.readLong(), in.readLong(), in.readByte() != 0);
    in.end();
    return facts;
  }
}
