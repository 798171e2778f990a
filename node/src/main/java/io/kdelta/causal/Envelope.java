package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A version with what travels beside it and is not hashed: its dots, its request, its document.
 *
 * <p>A value without owner or thread. What comes from a peer is a claim until {@link Verification}
 * has passed it.
 *
 * <pre>
 * size          field
 * 1             format, 1
 * 1             flags: 1 a request follows
 * 4 + n         canonical bytes of the version behind a u32 length
 * 2             count of dots
 * 24 each       dots: 16 bytes incarnation, u64 seq; strictly ascending
 * 1 + n, 4, 4   request, when flagged: id behind a u8 length, u32 index, u32 count
 * 4 + n         document behind a u32 length; empty for a delete
 * 2 + n         proof behind a u16 length; empty until there are identities
 * </pre>
 *
 * @param version the version
 * @param dots its known places in logs, strictly ascending; possibly none
 * @param request the client's name for the write, if it gave one
 * @param document the bytes that the version's ContentId names; empty for a delete
 * @param proof empty until there are identities
 */
public record Envelope(
    Version version, List<Dot> dots, @Nullable Request request, Bytes document, Bytes proof) {
  /** The most dots that one envelope may name. */
  public static final int DOTS_MAX = 4_096;

  /** The longest proof, in bytes. */
  public static final int PROOF_BYTES_MAX = 4_096;

  /** Upper bound of an encoded envelope's size, in bytes. */
  public static final int BYTES_MAX =
      Version.DOCUMENT_BYTES_MAX + Version.BYTES_MAX + DOTS_MAX * Dot.SIZE + PROOF_BYTES_MAX + 512;

  private static final int FORMAT = 1;
  private static final int HAS_REQUEST = 1;

  /** Throws {@link KdeltaException.Invalid} for what no envelope may be. */
  public Envelope {
    dots = List.copyOf(dots);
    if (dots.size() > DOTS_MAX) {
      throw new KdeltaException.Invalid("dots", dots.size() + " dots, more than " + DOTS_MAX);
    }
    for (int i = 1; i < dots.size(); i++) {
      if (dots.get(i - 1).compareTo(dots.get(i)) >= 0) {
        throw new KdeltaException.Invalid("dots", "are not strictly ascending");
      }
    }
    if (document.size() > Version.DOCUMENT_BYTES_MAX) {
      throw new KdeltaException.Invalid("document", document.size() + " bytes, more than 16 MiB");
    }
    if (proof.size() > PROOF_BYTES_MAX) {
      throw new KdeltaException.Invalid("proof", proof.size() + " bytes");
    }
  }

  /** This envelope with other dots. */
  public Envelope withDots(List<Dot> others) {
    return new Envelope(version, others, request, document, proof);
  }

  /** About how many bytes {@link #encode} gives: never less. */
  public int size() {
    int request = this.request == null ? 0 : 3 * Request.ID_BYTES_MAX;
    int fixed = 64 + version.canonical().size() + dots.size() * Dot.SIZE;
    return fixed + request + document.size() + proof.size();
  }

  /** The bytes of the table above. */
  public Bytes encode() {
    ByteWriter out = new ByteWriter(size());
    write(out);
    return out.toBytes();
  }

  /** Reads what {@link #encode} wrote; anything else is {@link KdeltaException.Invalid}. */
  public static Envelope decode(Bytes bytes) {
    ByteReader in = new ByteReader(bytes, "envelope");
    Envelope envelope = read(in);
    in.end();
    return envelope;
  }

  /** Writes the table above. */
  public void write(ByteWriter out) {
    out.writeByte(FORMAT).writeByte(request == null ? 0 : HAS_REQUEST);
    out.writeSized(version.canonical()).writeShort(dots.size());
    for (Dot dot : dots) dot.write(out);
    if (request != null) request.write(out);
    out.writeSized(document);
    Fields.writeShort(out, proof);
  }

  /** Reads one envelope and leaves the decoder behind it. */
  public static Envelope read(ByteReader in) {
    int format = in.readByte();
    if (format != FORMAT) throw in.invalid("format " + format + " is unknown");
    int flags = in.readByte();
    if ((flags & ~HAS_REQUEST) != 0) throw in.invalid("flags " + flags + " are unknown");
    Version version = Version.decode(in.readSized(Version.BYTES_MAX));
    int count = in.readShort();
    if (count > DOTS_MAX) throw in.invalid(count + " dots, more than " + DOTS_MAX);
    List<Dot> dots = new ArrayList<>(Math.min(count, 16));
    for (int i = 0; i < count; i++) dots.add(Dot.read(in));
    Request request = flags == HAS_REQUEST ? Request.read(in) : null;
    Bytes document = in.readSized(Version.DOCUMENT_BYTES_MAX);
    return new Envelope(version, dots, request, document, Fields.readShort(in));
  }
}
