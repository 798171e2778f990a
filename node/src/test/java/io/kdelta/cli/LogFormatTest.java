package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Goal: a log for people, and one for programs, of the same things. Method: examples of both. */
final class LogFormatTest {
  @Test
  void aNotice() {
    LogFormat.Entry entry = LogFormat.Entry.notice(TestConsole.NOW, "joined node-2");
    assertTrue(LogFormat.TEXT.lines(entry).endsWith("Z  joined node-2"));
    String warning = "WARNING: other machines can reach this node";
    LogFormat.Entry warned = LogFormat.Entry.notice(TestConsole.NOW, warning);
    assertTrue(LogFormat.TEXT.lines(warned).endsWith("Z  " + warning));
  }

  @Test
  void anObjectALine() throws IOException {
    String nasty = "a \"name\"\nwith a second line \u001b[31m";
    LogFormat.Entry entry = LogFormat.Entry.notice(TestConsole.NOW, "WARNING: " + nasty);
    String line = LogFormat.JSON.lines(entry);
    assertFalse(line.contains("\n") || line.contains("\u001b"), line);
    JsonNode read = new ObjectMapper().readTree(line);
    assertEquals("WARNING", read.path("level").asText());
    assertEquals(nasty, read.path("message").asText());
    assertTrue(read.path("time").asText().startsWith("2026-11-21T08:00:00"), line);
    assertTrue(read.path("logger").isMissingNode());
  }

  @Test
  void fieldsAreForPeopleAndPrograms() throws IOException {
    LogFormat.Entry entry = LogFormat.Entry.notice(TestConsole.NOW, "call");
    TreeMap<String, String> fields = new TreeMap<>(Map.of("trace_id", "4b", "version", "00"));
    assertTrue(LogFormat.TEXT.lines(entry, fields).endsWith("Z  call trace_id=4b version=00"));
    JsonNode read = new ObjectMapper().readTree(LogFormat.JSON.lines(entry, fields));
    assertEquals("call", read.path("message").asText());
    assertEquals("4b", read.path("trace_id").asText());
    assertEquals("00", read.path("version").asText());
  }

  @Test
  void aBugWithItsTrace() throws IOException {
    LogFormat.Entry entry =
        new LogFormat.Entry(
            TestConsole.NOW, "SEVERE", "io.kdelta.core", "bug", new IllegalStateException("why"));
    JsonNode read = new ObjectMapper().readTree(LogFormat.JSON.lines(entry));
    assertEquals("io.kdelta.core", read.path("logger").asText());
    assertTrue(read.path("trace").asText().contains("IllegalStateException: why"));
    assertTrue(LogFormat.TEXT.lines(entry).contains("SEVERE  io.kdelta.core: bug\n"));
  }
}
