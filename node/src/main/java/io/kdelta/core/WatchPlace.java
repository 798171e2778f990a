package io.kdelta.core;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.NodeId;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.zip.CRC32C;

/**
 * How far a watch has come: the token with which it goes on, here or on another node. An immutable
 * value for any thread.
 *
 * <p>The position counts in one apply log, that of one node in one generation. Anywhere else, and
 * where the fingerprint says that this is not that log any more, the watch goes through all there
 * is. Behind its snapshot, if it began with one, it passes over what {@code seen} names: places of
 * versions that were delivered, superseded by what was, or out of scope. A snapshot itself begins
 * again, and only where all that {@code seen} names is there: else older heads would follow newer
 * ones.
 *
 * <p>Layout, little-endian:
 *
 * <pre>
 * 0   1   format, 1
 * 1   8   scope: its name
 * 9   16  node
 * 25  8   generation of its apply log
 * 33  8   position in it
 * 41  8   position up to which only heads are delivered
 * 49  8   fingerprint of the rows that lead to the later of the two
 * 57  4+n seen: a causal token, not partial, behind a u32 length
 * end 4   CRC32C of all before
 * </pre>
 */
record WatchPlace(
    long scope,
    NodeId node,
    long generation,
    long position,
    long headsUntil,
    long fingerprint,
    CausalToken seen) {
  private static final int FORMAT = 1;
  private static final int FIXED_BYTES = 65;
  private static final String NAME = "resume_token";

  /** Whether it is in the middle of its snapshot. */
  boolean snapping() {
    return headsUntil > position;
  }

  /** The bytes of the table above. */
  Bytes encode() {
    Bytes names = seen.encode();
    ByteWriter out = new ByteWriter(FIXED_BYTES + names.size());
    out.writeByte(FORMAT).writeLong(scope);
    node.write(out);
    out.writeLong(generation).writeLong(position).writeLong(headsUntil);
    out.writeLong(fingerprint).writeSized(names);
    return out.writeInt(checksum(out.toBytes())).toBytes();
  }

  /** Reads what {@link #encode} wrote; anything else is Invalid. */
  static WatchPlace decode(Bytes bytes) {
    if (bytes.size() < FIXED_BYTES || bytes.size() > FIXED_BYTES + CausalToken.BYTES_MAX) {
      throw new KdeltaException.Invalid(NAME, bytes.size() + " bytes are none");
    }
    Bytes body = bytes.slice(0, bytes.size() - Integer.BYTES);
    if (bytes.intAt(body.size()) != checksum(body)) {
      throw new KdeltaException.Invalid(NAME, "is damaged: its checksum does not match");
    }
    ByteReader in = new ByteReader(body, NAME);
    int format = in.readByte();
    if (format != FORMAT) throw in.invalid("format " + format + " is not known here");
    long scope = in.readLong();
    NodeId node = NodeId.read(in);
    long generation = in.readLong();
    long position = in.readLong();
    long headsUntil = in.readLong();
    long fingerprint = in.readLong();
    CausalToken seen = CausalToken.decode(in.readSized(CausalToken.BYTES_MAX));
    in.end();
    if (position < 0 || headsUntil < 0) throw in.invalid("a position below 0");
    if (seen.partial()) throw in.invalid("does not name all that was seen");
    return new WatchPlace(scope, node, generation, position, headsUntil, fingerprint, seen);
  }

  private static int checksum(Bytes bytes) {
    CRC32C crc = new CRC32C();
    bytes.feed(crc::update);
    return (int) crc.getValue();
  }
}
