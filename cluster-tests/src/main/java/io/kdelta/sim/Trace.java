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
 * compared, and the last events in words, for the report of a failure.
 */
final class Trace {
  /**
   * One event in words.
   *
   * @param node -1 for the world itself
   * @param fault whether somebody made it go wrong
   */
  record Entry(long nanos, int node, String what, boolean fault) {}

  private static final int ENTRIES_KEPT = 2_000;

  private final MessageDigest digest;
  private final ByteBuffer numbers = ByteBuffer.allocate(16);
  private final Deque<Entry> entries = new ArrayDeque<>();
  private long count;
  private Reader reader = (node, what) -> {};

  /** Who wants to know what is noted, as it is. */
  interface Reader {
    void noted(int node, String what);
  }

  Trace() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** Who is told of every event from now on. */
  void tell(Reader hears) {
    reader = hears;
  }

  /** Notes one event of {@code node} (-1: the world itself) at virtual time {@code nanos}. */
  void note(long nanos, int node, String what) {
    hash(nanos, node, what);
    keep(new Entry(nanos, node, what, false));
    reader.noted(node, what);
  }

  /** Notes what is done to a node, or to the world, from outside. */
  void note(long nanos, int node, Action action) {
    String what = action.summary();
    hash(nanos, node, what);
    keep(new Entry(nanos, node, what, action instanceof Action.Fault fault && fault.harms()));
  }

  private void hash(long nanos, int node, String what) {
    byte[] text = what.getBytes(StandardCharsets.UTF_8);
    digest.update(numbers.clear().putLong(nanos).putInt(node).putInt(text.length).flip());
    digest.update(text);
    count++;
  }

  /** Says something to the reader of a failure that is no event of the run. */
  void remark(long nanos, int node, String what) {
    keep(new Entry(nanos, node, what, false));
  }

  private void keep(Entry entry) {
    if (entries.size() == ENTRIES_KEPT) entries.removeFirst();
    entries.addLast(entry);
  }

  /** Number of events noted. */
  long count() {
    return count;
  }

  /** The last events, oldest first. */
  List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** Closes the trace: the hash of all of it. Call once. */
  String hash() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
