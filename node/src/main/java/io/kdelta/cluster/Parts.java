package io.kdelta.cluster;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Cuts messages that are longer than {@value #PART_BYTES} bytes and joins them again, so that a
 * long one neither meets the transport's bound nor keeps gossip waiting. One per link; owned by the
 * core thread.
 *
 * <pre>
 * 1   kind, 0: a part of a message
 * 1   lane, 0 to 2: parts of one lane follow each other
 * 1   1 if this is the last part, else 0
 * n   bytes
 * </pre>
 *
 * <p>Invariant: no lane gathers more than {@link PeerCodec#BODY_BYTES_MAX} bytes and a little.
 */
final class Parts {
  /** Most bytes of a message that go on the wire in one piece. */
  static final int PART_BYTES = 1 << 20;

  private static final int KIND = 0;
  private static final int HEADER_BYTES = 3;
  private static final long MESSAGE_BYTES_MAX = PeerCodec.BODY_BYTES_MAX + 1_024L;
  private static final List<Lane> LANES = List.of(Lane.GOSSIP, Lane.SHIP, Lane.BULK);

  private final List<List<Bytes>> gathered =
      List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
  private final long[] sizes = new long[LANES.size()];

  /** The pieces in which {@code message} goes on the wire. */
  static List<Bytes> cut(Bytes message, Lane lane) {
    if (message.size() <= PART_BYTES) return List.of(message);
    List<Bytes> parts = new ArrayList<>();
    for (int from = 0; from < message.size(); from += PART_BYTES) {
      int to = Math.min(from + PART_BYTES, message.size());
      ByteWriter out = new ByteWriter(HEADER_BYTES + to - from);
      out.writeByte(KIND).writeByte(LANES.indexOf(lane)).writeByte(to == message.size() ? 1 : 0);
      parts.add(out.write(message.slice(from, to)).toBytes());
    }
    return parts;
  }

  /** Whether these bytes are a part of a message, and not a whole one. */
  static boolean isPart(Bytes piece) {
    return !piece.isEmpty() && piece.unsignedAt(0) == KIND;
  }

  /** Bytes of messages that wait for their other parts. */
  long gathered() {
    long all = 0;
    for (long size : sizes) all += size;
    return all;
  }

  /** Forgets them. */
  void clear() {
    gathered.forEach(List::clear);
    Arrays.fill(sizes, 0);
  }

  /** The message that {@code piece} is or completes; Invalid if it can be neither. */
  Optional<Bytes> join(Bytes piece) {
    if (piece.isEmpty()) throw new KdeltaException.Invalid("peer message", "is empty");
    if (piece.unsignedAt(0) != KIND) return Optional.of(piece);
    if (piece.size() <= HEADER_BYTES || piece.unsignedAt(1) >= LANES.size()) {
      throw new KdeltaException.Invalid("peer message", "is a malformed part");
    }
    // Only the last piece may be short, or a message of a byte a piece would cost a hundredfold.
    int size = piece.size() - HEADER_BYTES;
    if (size > PART_BYTES || (piece.unsignedAt(2) == 0 && size != PART_BYTES)) {
      throw new KdeltaException.Invalid("peer message", "is a malformed part");
    }
    int lane = piece.unsignedAt(1);
    List<Bytes> parts = gathered.get(lane);
    if (sizes[lane] + size > MESSAGE_BYTES_MAX) {
      throw new KdeltaException.Invalid("peer message", "is longer than any may be");
    }
    parts.add(piece.slice(HEADER_BYTES));
    sizes[lane] += size;
    if (piece.unsignedAt(2) == 0) return Optional.empty();
    Bytes whole = Bytes.concat(parts.toArray(new Bytes[0]));
    parts.clear();
    sizes[lane] = 0;
    return Optional.of(whole);
  }
}
