package io.kdelta.sim;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * What happened, in order: a SHA-256 over every event of a run, by which two runs of one seed are
 * compared, and the last lines in words, for the report of a failure.
 */
final class Trace {
  private static final int LINES_KEPT = 400;

  private final MessageDigest digest;
  private final ByteBuffer head = ByteBuffer.allocate(16);
  private final Deque<Line> lines = new ArrayDeque<>();
  private long count;

  /** One event; put into words only when somebody asks. */
  private record Line(long nanos, int node, String what) {
    @Override
    public String toString() {
      String lane = node < 0 ? "world " : "node-" + node;
      return String.format(Locale.ROOT, "%14.6f s  %s  %s", nanos / 1e9, lane, what);
    }
  }

  Trace() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** Notes one event of {@code node} (-1: the world itself) at virtual time {@code nanos}. */
  void note(long nanos, int node, String what) {
    byte[] text = what.getBytes(StandardCharsets.UTF_8);
    digest.update(head.clear().putLong(nanos).putInt(node).putInt(text.length).flip());
    digest.update(text);
    count++;
    remark(nanos, node, what);
  }

  /** Says something to the reader of a failure that is no event of the run. */
  void remark(long nanos, int node, String what) {
    if (lines.size() == LINES_KEPT) lines.removeFirst();
    lines.addLast(new Line(nanos, node, what));
  }

  /** Number of events noted. */
  long count() {
    return count;
  }

  /** The last events in words, oldest first. */
  List<String> lines() {
    return lines.stream().map(Line::toString).toList();
  }

  /** Closes the trace: the hash of all of it. Call once. */
  String hash() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
