package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.server.Notices;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How a node writes its log: for people, or an object a line for programs. Pure. */
enum LogFormat {
  /** Time and words. */
  TEXT,
  /** {@code time}, {@code level}, {@code logger}, {@code message}, {@code trace}, and fields. */
  JSON;

  private static final String WARNING = "WARNING: ";

  /**
   * One thing that is worth a line.
   *
   * @param level INFO, WARNING or SEVERE
   * @param logger who says it; empty: the node
   * @param trace of our own bugs; null: there is none to show
   */
  record Entry(
      Instant time, String level, String logger, String message, @Nullable Throwable trace) {
    /** What a node tells its operator; a warning begins with that word. */
    static Entry notice(Instant time, String line) {
      boolean warning = line.startsWith(WARNING);
      return new Entry(
          time,
          warning ? "WARNING" : "INFO",
          "",
          warning ? line.substring(WARNING.length()) : line,
          null);
    }
  }

  /** The line, or lines, without the last end. */
  String lines(Entry entry) {
    return lines(entry, new TreeMap<>());
  }

  /**
   * The same of one with fields.
   *
   * @param fields behind the message, or beside it in the object
   */
  String lines(Entry entry, SequencedMap<String, String> fields) {
    String time = Times.full(entry.time());
    if (this == JSON) {
      ObjectNode object = Json.object();
      object.put("time", time);
      object.put("level", entry.level());
      if (!entry.logger().isEmpty()) object.put("logger", entry.logger());
      object.put("message", entry.message());
      fields.forEach(object::put);
      if (entry.trace() != null) object.put("trace", trace(entry.trace()));
      return Json.text(object);
    }
    StringBuilder line = new StringBuilder(time).append("  ");
    if (!entry.logger().isEmpty()) {
      line.append(entry.level()).append("  ").append(entry.logger()).append(": ");
    } else if (!entry.level().equals("INFO")) {
      line.append(entry.level()).append(": ");
    }
    line.append(Output.safe(Notices.line(entry.message(), fields)));
    if (entry.trace() != null) line.append('\n').append(trace(entry.trace()));
    return line.toString();
  }

  private static String trace(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  /** As people write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
