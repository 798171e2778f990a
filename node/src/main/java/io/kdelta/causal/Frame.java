package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A run of one incarnation's log, as it is shipped: whole batches only.
 *
 * <p>A value without owner or thread. Envelope i holds exactly one dot, (incarnation, firstSeq +
 * i).
 *
 * <pre>
 * size     field
 * 1        format, 1
 * 1        flags: 1 the chain value before is known, 2 the one after is known
 * 16       incarnation
 * 16       id of the node whose log this is; zero when the relay does not know it
 * 8        seq of the first version
 * 4        count of versions, at least 1
 * 32       chain value before the first; zero when unknown
 * 32       chain value after the last; zero when unknown
 * each:
 *   1      flags: 1 the next version belongs to the same batch
 *   n      the envelope
 * 4        CRC32C of all before
 * </pre>
 *
 * @param incarnation whose log
 * @param node the node that accepted these writes, or none when unknown
 * @param firstSeq position of the first version
 * @param before chain value before the first version; null when the sender does not know it
 * @param after chain value after the last version; null when the sender does not know it
 * @param entries the versions in log order
 */
public record Frame(
    Incarnation incarnation,
    NodeId node,
    long firstSeq,
    @Nullable Digest before,
    @Nullable Digest after,
    List<Entry> entries) {
  /** The most versions that one frame may hold. */
  public static final int COUNT_MAX = 1 << 20;

  private static final int FORMAT = 1;
  private static final int BEFORE_KNOWN = 1;
  private static final int AFTER_KNOWN = 2;
  private static final int HEADER_BYTES = 110;
  private static final int CRC_BYTES = 4;

  /**
   * One version of a frame.
   *
   * @param envelope the version, with the one dot of this place
   * @param continues whether the next position belongs to the same batch
   */
  public record Entry(Envelope envelope, boolean continues) {}

  /** Throws {@link KdeltaException.Invalid} for what no frame may be. */
  public Frame {
    entries = List.copyOf(entries);
    if (entries.isEmpty() || entries.size() > COUNT_MAX) {
      throw new KdeltaException.Invalid("frame", entries.size() + " versions");
    }
    if (firstSeq < 1 || firstSeq > Long.MAX_VALUE - entries.size()) {
      throw new KdeltaException.Invalid("frame", "first position " + firstSeq);
    }
    for (int i = 0; i < entries.size(); i++) {
      List<Dot> dots = entries.get(i).envelope().dots();
      if (dots.size() != 1 || !dots.getFirst().equals(new Dot(incarnation, firstSeq + i))) {
        throw new KdeltaException.Invalid("frame", "version " + i + " does not carry its dot");
      }
    }
  }

  /** Position of the last version. */
  public long lastSeq() {
    return firstSeq + entries.size() - 1;
  }

  /** The versions without their places in batches. */
  public List<Envelope> envelopes() {
    List<Envelope> envelopes = new ArrayList<>(entries.size());
    for (Entry entry : entries) envelopes.add(entry.envelope());
    return envelopes;
  }

  /** Whether the two chain values, where both are known, agree with the versions between them. */
  public boolean chainHolds() {
    if (before == null || after == null) return true;
    Digest h = before;
    for (Entry entry : entries) h = Distinction.chain(h, entry.envelope().version().id());
    return h.equals(after);
  }

  /** The bytes of the table above. */
  public Bytes encode() {
    ByteWriter out = new ByteWriter(HEADER_BYTES + entries.size() * 512);
    out.writeByte(FORMAT);
    out.writeByte((before == null ? 0 : BEFORE_KNOWN) | (after == null ? 0 : AFTER_KNOWN));
    incarnation.write(out);
    node.write(out);
    out.writeLong(firstSeq).writeInt(entries.size());
    Fields.writeDigest(out, before == null ? Digest.ZERO : before);
    Fields.writeDigest(out, after == null ? Digest.ZERO : after);
    for (Entry entry : entries) {
      out.writeByte(entry.continues() ? 1 : 0);
      entry.envelope().write(out);
    }
    return out.writeInt(crc(out.toBytes())).toBytes();
  }

  /** Reads what {@link #encode} wrote; anything else is {@link KdeltaException.Invalid}. */
  public static Frame decode(Bytes bytes) {
    ByteReader in = new ByteReader(bytes, "frame");
    int body = bytes.size() - CRC_BYTES;
    if (body < HEADER_BYTES) throw in.invalid("ends early");
    if (bytes.intAt(body) != crc(bytes.slice(0, body))) {
      throw in.invalid("checksum does not match");
    }
    int format = in.readByte();
    if (format != FORMAT) throw in.invalid("format " + format + " is unknown");
    int flags = in.readByte();
    if ((flags & ~(BEFORE_KNOWN | AFTER_KNOWN)) != 0) throw in.invalid("flags " + flags);
    Incarnation incarnation = Incarnation.read(in);
    NodeId node = NodeId.read(in);
    long firstSeq = in.readLong();
    int count = in.readCount(1);
    Digest before = Fields.readDigest(in);
    Digest after = Fields.readDigest(in);
    List<Entry> entries = new ArrayList<>(Math.min(count, 1_024));
    for (int i = 0; i < count; i++) {
      int continues = in.readByte();
      if (continues > 1) throw in.invalid("flags " + continues);
      entries.add(new Entry(Envelope.read(in), continues == 1));
    }
    in.read(CRC_BYTES);
    in.end();
    return new Frame(
        incarnation,
        node,
        firstSeq,
        (flags & BEFORE_KNOWN) == 0 ? null : before,
        (flags & AFTER_KNOWN) == 0 ? null : after,
        entries);
  }

  private static int crc(Bytes bytes) {
    CRC32C crc = new CRC32C();
    bytes.feed(crc::update);
    return (int) crc.getValue();
  }
}
