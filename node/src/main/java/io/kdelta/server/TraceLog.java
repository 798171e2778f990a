package io.kdelta.server;

import io.kdelta.env.Time;
import io.kdelta.wire.TraceParent;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The lines of traces: at most so many a second, whoever asks for them, and written by a thread
 * that has time for it. Thread-safe.
 */
final class TraceLog {
  /** What is beyond is not written. */
  static final int LINES_PER_SECOND_MAX = 100;

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Time time;
  private final Executor executor;
  private final Notices notices;
  private final String node;
  private long begun;
  private int lines;

  /** {@code node}: the name of this one. */
  TraceLog(Time time, Executor executor, Notices notices, String node) {
    this.time = time;
    this.executor = executor;
    this.notices = notices;
    this.node = node;
    this.begun = time.nanos();
  }

  /** A span of this node within the trace of {@code parent}. */
  Span begin(TraceParent parent) {
    // Zero is no span.
    long id = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
    return new Span(parent, String.format(Locale.ROOT, "%016x", id), time.nanos());
  }

  private synchronized boolean admitted() {
    long now = time.nanos();
    if (now - begun >= SECOND) {
      begun = now;
      lines = 0;
    }
    return lines++ < LINES_PER_SECOND_MAX;
  }

  /** What this node does for a trace. Immutable. */
  final class Span {
    private final TraceParent parent;
    private final String id;
    private final long from;

    private Span(TraceParent parent, String id, long from) {
      this.parent = parent;
      this.id = id;
      this.from = from;
    }

    /** What others may go on from. */
    TraceParent own() {
      return new TraceParent(parent.traceId(), id);
    }

    /** Writes its line, as far as there is room; {@code more}: names and values in turns. */
    void end(String what, String... more) {
      if (!admitted()) return;
      LinkedHashMap<String, String> fields = new LinkedHashMap<>();
      fields.put("trace_id", parent.traceId());
      fields.put("parent_id", parent.spanId());
      fields.put("span_id", id);
      fields.put("node", node);
      for (int i = 0; i < more.length; i += 2) {
        if (!more[i + 1].isEmpty()) fields.put(more[i], more[i + 1]);
      }
      long micros = TimeUnit.NANOSECONDS.toMicros(time.nanos() - from);
      fields.put("micros", Long.toString(micros));
      try {
        executor.execute(() -> notices.accept(what, fields));
      } catch (RejectedExecutionException e) {
        // The node stops, and its log with it.
        return;
      }
    }
  }
}
