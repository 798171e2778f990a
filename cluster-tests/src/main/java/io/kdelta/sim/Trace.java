package io.kdelta.sim;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;

/**
 * What happened, in order: a SHA-256 over every event of a run, by which two runs of one seed are
 * compared, and the last lines in words, for the report of a failure.
 */
final class Trace {
  private static final int LINES_KEPT = 400;

  private final MessageDigest digest;
  private final Deque<String> lines = new ArrayDeque<>();
  private long count;

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
    digest.update(ByteBuffer.allocate(16).putLong(nanos).putInt(node).putInt(text.length).flip());
    digest.update(text);
    count++;
    remark(nanos, node, what);
  }

  /** Says something to the reader of a failure that is no event of the run. */
  void remark(long nanos, int node, String what) {
    if (lines.size() == LINES_KEPT) lines.removeFirst();
    lines.addLast(String.format("%14.6f s  %s  %s", nanos / 1e9, lane(node), what));
  }

  private static String lane(int node) {
    return node < 0 ? "world " : "node-" + node;
  }

  /** Number of events noted. */
  long count() {
    return count;
  }

  /** The last events in words, oldest first. */
  List<String> lines() {
    return List.copyOf(lines);
  }

  /** Closes the trace: the hash of all of it. Call once. */
  String hash() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
