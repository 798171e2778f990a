package io.kdelta.cluster;

import io.kdelta.causal.Frame;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Packs the messages that carry versions (runs of logs, missing parents, pushes of sessions), from
 * peer format {@value #FORMAT} on. Owned by the core thread.
 *
 * <pre>
 * 1   kind of the message, plus 128
 * 4   bytes of the message before it was packed
 * n   the message behind its kind, deflated (RFC 1951), to the end
 * </pre>
 *
 * <p>Each message is packed for itself: a window over the whole stream would save a lone small
 * version a third more, but then every message that a link loses would cost the link. So what pays
 * is what is long. Measured with documents of 128 B to 1 KiB: a version alone comes down by a tenth
 * to two fifths, for 25 to 40 us; 64 in one frame by 60 %, for 2 to 15 us each: that is gained on
 * links of less than some 400 Mbit/s, and of less than 90 for a version alone. So the latest
 * writes, for which somebody waits, are packed from {@value #FRESH_BYTES_MIN} bytes on, all else
 * from {@value #BULK_BYTES_MIN}. Pieces of snapshots are not: the tables they come from are.
 *
 * <p>What does not come down by an eighth goes as it is, and after each such message a number of
 * them that doubles is not tried, up to {@value #PATIENCE_MAX}. The latest frame is packed once for
 * all backups.
 */
final class Packer {
  /** The first format that knows packed messages. */
  static final int FORMAT = 3;

  static final int FRESH_BYTES_MIN = 8 << 10;
  static final int BULK_BYTES_MIN = 1 << 10;
  static final int PATIENCE_MAX = 32;

  private static final int PACKED = 0x80;
  private static final int MESSAGE_BYTES_MAX = PeerCodec.BODY_BYTES_MAX + 1_024;

  private int skip;
  private int patience = 1;
  private @Nullable Frame fresh;
  private int freshFormat;
  private @Nullable Parcel freshParcel;

  /** A message as it goes over a link. */
  record Parcel(Bytes bytes, Weight weight) {}

  /** The bytes of a message in that format. */
  @SuppressWarnings("ReferenceEquality") // The same object: bytes are not compared.
  Parcel pack(PeerMessage message, int format) {
    if (!(message instanceof PeerMessage.Ship ship) || ship.squeezed()) {
      return packed(message, format);
    }
    Parcel last = freshParcel;
    if (last != null && ship.frame() == fresh && format == freshFormat) return last;
    Parcel parcel = packed(message, format);
    fresh = ship.frame();
    freshFormat = format;
    freshParcel = parcel;
    return parcel;
  }

  private Parcel packed(PeerMessage message, int format) {
    Bytes plain = PeerCodec.encode(message, format);
    if (format < FORMAT || plain.size() < pays(message)) return parcel(plain, plain);
    if (skip > 0) {
      skip--;
      return parcel(plain, plain);
    }
    byte[] body = plain.slice(1).toArray();
    byte[] small = Squeeze.deflate(body);
    if (small.length > body.length - body.length / 8) {
      skip = patience;
      patience = Math.min(PATIENCE_MAX, 2 * patience);
      return parcel(plain, plain);
    }
    patience = 1;
    // Zeros without end: nobody would believe that they are so many.
    if (plain.size() / Squeeze.RATIO_MAX >= small.length) return parcel(plain, plain);
    ByteWriter out = new ByteWriter(5 + small.length);
    out.writeByte(plain.unsignedAt(0) | PACKED).writeInt(plain.size()).write(small);
    return parcel(plain, out.toBytes());
  }

  private static Parcel parcel(Bytes plain, Bytes wire) {
    return new Parcel(wire, new Weight(plain.size(), wire.size()));
  }

  /** From how many bytes on a message is packed. */
  private static int pays(PeerMessage message) {
    return switch (message) {
      case PeerMessage.Ship ship -> ship.squeezed() ? BULK_BYTES_MIN : FRESH_BYTES_MIN;
      case PeerMessage.Versions _, PeerMessage.Push _ -> BULK_BYTES_MIN;
      default -> Integer.MAX_VALUE;
    };
  }

  /**
   * The message as {@link PeerCodec} writes it. What claims more than a packed message may hold, or
   * more than {@value Squeeze#RATIO_MAX} times its length, is refused before anything is unpacked,
   * and what unpacks to another size than it claims, as soon as that shows: never is more memory
   * taken for it than twice what has come out.
   */
  static Bytes unpack(Bytes wire, int format) {
    if (wire.isEmpty() || wire.unsignedAt(0) < PACKED) return wire;
    ByteReader in = new ByteReader(wire, "packed message");
    int kind = in.readByte() - PACKED;
    if (format < FORMAT) throw in.invalid("in a format without such");
    if (!PeerCodec.carriesVersions(kind)) throw in.invalid("kind " + kind + " is never packed");
    int size = in.readInt();
    int packed = wire.size() - 5;
    if (size <= packed || size > MESSAGE_BYTES_MAX) throw in.invalid("claims " + size + " bytes");
    if (size / Squeeze.RATIO_MAX >= packed) throw in.invalid("packed too well");
    byte[] body = Squeeze.inflate(in, wire.slice(5).toArray(), size - 1);
    return new ByteWriter(size).writeByte(kind).write(body).toBytes();
  }
}
