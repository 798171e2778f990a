package io.kdelta.cluster;

import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * A body on the wire, as it is or deflated (RFC 1951). Pure functions. From peer format {@value
 * Packer#FORMAT} on whole messages are packed instead ({@link Packer}), and a body is as it is.
 *
 * <pre>
 * 1      coding: 0 as it is, 1 deflated
 * 4      size when unpacked
 * 4 + n  the bytes behind a u32 length
 * </pre>
 *
 * A deflated body may claim at most {@value #RATIO_MAX} times its own length, and unpacking stops
 * at the size claimed: a bomb is refused before it is unpacked.
 */
final class Squeeze {
  /** Highest ratio that is believed. Deflate itself cannot pass 1,032. */
  static final int RATIO_MAX = 200;

  private static final int WORTH_BYTES = 1 << 10;
  private static final int PLAIN = 0;
  private static final int DEFLATED = 1;

  private Squeeze() {}

  /** Writes {@code body}, deflated if that is asked for and pays. */
  static void pack(ByteWriter out, Bytes body, boolean squeeze) {
    byte[] raw = body.toArray();
    byte[] small = squeeze && raw.length >= WORTH_BYTES ? deflate(raw) : raw;
    if (small.length < raw.length && raw.length / RATIO_MAX < small.length) {
      out.writeByte(DEFLATED).writeInt(raw.length).writeSized(Bytes.wrap(small));
    } else {
      out.writeByte(PLAIN).writeInt(raw.length).writeSized(body);
    }
  }

  /** Reads what {@link #pack} wrote; anything else is Invalid. */
  static Unpacked unpack(ByteReader in) {
    int coding = in.readByte();
    if (coding > DEFLATED) throw in.invalid("coding " + coding);
    int size = in.readInt();
    if (size < 0 || size > PeerCodec.BODY_BYTES_MAX) throw in.invalid("a body too large");
    byte[] packed = in.readSized(PeerCodec.BODY_BYTES_MAX).toArray();
    if (coding == PLAIN) {
      if (packed.length != size) throw in.invalid("two sizes");
      return new Unpacked(Bytes.wrap(packed), false);
    }
    if (size / RATIO_MAX >= packed.length) throw in.invalid("a body packed too well");
    return new Unpacked(Bytes.wrap(inflate(in, packed, size)), true);
  }

  /** A body, and whether it came deflated. */
  record Unpacked(Bytes body, boolean squeezed) {}

  /** The bytes deflated, or themselves if they would not be shorter. */
  static byte[] deflate(byte[] raw) {
    try (Deflater deflater = new Deflater(Deflater.BEST_SPEED, true)) {
      deflater.setInput(raw);
      deflater.finish();
      byte[] target = new byte[raw.length];
      int size = 0;
      while (!deflater.finished() && size < target.length) {
        size += deflater.deflate(target, size, target.length - size);
      }
      return deflater.finished() ? Arrays.copyOf(target, size) : raw;
    }
  }

  /**
   * What {@code packed} unpacks to, which must be {@code size} bytes; anything else is Invalid.
   * Room grows with what comes out, so that a lie about the size costs nothing.
   */
  static byte[] inflate(ByteReader in, byte[] packed, int size) {
    try (Inflater inflater = new Inflater(true)) {
      inflater.setInput(packed);
      byte[] target = new byte[(int) Math.min(size, 4L * packed.length)];
      int filled = 0;
      while (filled < size) {
        if (filled == target.length) {
          target = Arrays.copyOf(target, (int) Math.min(size, 2L * filled));
        }
        int more = inflater.inflate(target, filled, target.length - filled);
        if (more == 0) throw in.invalid("a packed body of another size");
        filled += more;
      }
      // One byte more shows whether the stream ends where it said.
      if (inflater.inflate(new byte[1]) != 0 || !inflater.finished()) {
        throw in.invalid("a packed body of another size");
      }
      return target;
    } catch (DataFormatException e) {
      throw in.invalid("a packed body that cannot be unpacked");
    }
  }
}
