package io.kdelta.cli;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.PeerCodec;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Goal: two nodes find each other over the streams of the edge, share what is written, and notice
 * an end. Method: two nodes in this process, polled through the command line.
 */
final class TwoNodesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static NodeServer start(String name, String join) throws CannotStart {
    Map<String, String> flags =
        Map.ofEntries(
            Map.entry("name", name),
            Map.entry("zone", "zone-of-" + name),
            Map.entry("port", "0"),
            Map.entry("http", "none"),
            Map.entry("in-memory", "true"),
            Map.entry("join", join));
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
  }

  private static String out(NodeServer server, String... arguments) {
    TestConsole test = new TestConsole("", false);
    List<String> words = new ArrayList<>(List.of("-s", server.address().toString()));
    words.addAll(List.of(arguments));
    int exitCode = Kdelta.run(test.console(), Map.of(), words);
    return exitCode == ExitCode.DONE ? test.out() : test.err();
  }

  @Test
  void shareAndPart() throws CannotStart {
    try (NodeServer first = start("first", "")) {
      NodeServer second = start("second", first.address().toString());
      try (second) {
        await()
            .atMost(PATIENCE)
            .until(
                () -> out(second, "put", "a/b", "1", "--ack", "one").contains("\"ack\":\"one\""));
        assertEquals("1\n", out(first, "get", "a/b"));
        String version = out(first, "get", "a/b", "--meta");
        await()
            .atMost(PATIENCE)
            .until(() -> out(first, "get", "a/b", "--meta").contains("\"node\":\"second\""));
        assertTrue(version.contains("\"heads\":1"), version);
        second.drain();
      }
      await()
          .atMost(PATIENCE)
          .until(() -> out(first, "-o", "json", "cluster", "members").contains("\"down\""));
    }
  }

  @Test
  void aStableReadWaitsForTheOtherNode() throws CannotStart {
    try (NodeServer first = start("first", "")) {
      NodeServer second = start("second", first.address().toString());
      try (second) {
        await()
            .atMost(PATIENCE)
            .until(
                () -> out(second, "put", "a/b", "1", "--ack", "one").contains("\"ack\":\"one\""));
        await().atMost(PATIENCE).until(() -> out(first, "get", "a/b", "--stable").equals("1\n"));
        assertEquals("b\n", out(first, "-o", "raw", "ls", "a", "--stable"));
        second.drain();
      }
      await()
          .atMost(PATIENCE)
          .until(() -> out(first, "-o", "json", "cluster", "members").contains("\"down\""));
      out(first, "put", "a/b", "2", "--ack", "local");
      out(first, "put", "a/c", "3", "--ack", "local");
      assertEquals("2\n", out(first, "get", "a/b"));
      assertEquals("1\n", out(first, "get", "a/b", "--stable"));
      String heads = out(first, "-o", "json", "get", "a/b", "--stable", "--heads");
      assertTrue(heads.contains("\"value\":1"), heads);
      assertEquals("b\n", out(first, "-o", "raw", "ls", "a", "--stable"));
      assertEquals("true\n", out(first, "-o", "raw", "exists", "a/c"));
      assertEquals("", out(first, "-o", "raw", "exists", "a/c", "--stable"));
      String both = out(first, "get", "a/b", "--stable", "--at", "-1");
      assertTrue(both.contains("give --at or --stable"), both);
    }
  }

  @Test
  void membersTellZoneLoadProgramAndFormats() throws CannotStart {
    try (NodeServer first = start("first", "");
        NodeServer second = start("second", first.address().toString())) {
      String formats = PeerCodec.OLDEST + "-" + PeerCodec.NEWEST;
      await()
          .atMost(PATIENCE)
          .until(() -> out(first, "-o", "name", "cluster", "members").contains("second"));
      String table = out(first, "-o", "table", "cluster", "members");
      String header = table.lines().findFirst().orElseThrow();
      for (String column : List.of("ZONE", "LOAD", "PROGRAM", "FORMATS")) {
        assertTrue(header.contains(column), table);
      }
      assertTrue(
          table.lines().anyMatch(l -> l.contains("zone-of-second") && l.contains(formats)), table);
      String members = out(second, "-o", "json", "cluster", "members");
      for (String told : List.of("\"zone\":\"zone-of-first\"", "\"load\":0", "\"software\":\"")) {
        assertTrue(members.contains(told), members);
      }
      assertTrue(members.contains("\"formats\":\"" + formats + "\""), members);
    }
  }

  @Test
  void aMemberIsRemovedWhenItIsGoneAndNotBefore() throws CannotStart {
    try (NodeServer first = start("first", "")) {
      NodeServer second = start("second", first.address().toString());
      try (second) {
        await()
            .atMost(PATIENCE)
            .until(() -> out(first, "-o", "name", "cluster", "members").contains("second"));
        String refusal = out(first, "cluster", "remove", "second");
        assertTrue(refusal.contains("second is alive"), refusal);
        assertTrue(refusal.contains("cluster leave"), refusal);
        second.drain();
      }
      await()
          .atMost(PATIENCE)
          .until(() -> out(first, "-o", "json", "cluster", "members").contains("\"down\""));
      String unknown = out(first, "-o", "json", "cluster", "remove", "third");
      assertTrue(unknown.contains("\"reason\":\"NOT_FOUND\""), unknown);
      String removed = out(first, "cluster", "remove", "second");
      assertTrue(removed.contains("\"node\":\"second\""), removed);
      assertTrue(removed.contains("\"told\":0"), removed);
      String members = out(first, "-o", "json", "cluster", "members");
      assertFalse(members.contains("second"), members);
      String again = out(first, "-o", "json", "cluster", "remove", "second");
      assertTrue(again.contains("\"reason\":\"NOT_FOUND\""), again);
    }
  }

  @Test
  void aNodeIsDrainedByItsNameThroughAnotherOne() throws Exception {
    try (NodeServer first = start("first", "");
        NodeServer second = start("second", first.address().toString())) {
      await()
          .atMost(PATIENCE)
          .until(() -> out(second, "put", "a/b", "1", "--ack", "one").contains("\"ack\":\"one\""));
      String unknown = out(first, "-o", "json", "cluster", "drain", "third");
      assertTrue(unknown.contains("\"reason\":\"NOT_FOUND\""), unknown);
      String drained = out(first, "cluster", "drain", "second");
      assertTrue(drained.contains("\"address\":\"" + second.address() + "\""), drained);
      assertTrue(drained.contains("\"shipped\":true"), drained);
      assertTrue(second.awaitDeparture().isEmpty(), "it stops by itself");
      String refusal = out(second, "-o", "json", "put", "a/c", "1");
      assertTrue(refusal.contains("draining"), refusal);
      assertEquals("1\n", out(second, "get", "a/b"), "until its process ends it answers reads");
      String members = out(first, "-o", "json", "cluster", "members");
      assertTrue(members.contains("\"state\":\"down\""), members);
      assertEquals("1\n", out(first, "get", "a/b"));
    }
  }

  @Test
  void aWatchGoesOnAtAnotherNodeAndEndsWhenNoneIsLeft() throws Exception {
    try (NodeServer first = start("first", "")) {
      NodeServer second = start("second", first.address().toString());
      try (second) {
        await()
            .atMost(PATIENCE)
            .until(
                () -> out(second, "put", "a/1", "1", "--ack", "one").contains("\"ack\":\"one\""));
        out(second, "put", "a/2", "2", "--ack", "one");
        out(second, "put", "b/1", "3", "--ack", "one");
        String both = out(second, "watch", "a", "--from-start", "-n", "2");
        List<String> lines = both.lines().toList();
        assertEquals(2, lines.size(), both);
        assertTrue(lines.getFirst().contains("\"key\":\"1\""), both);
        String token = lines.getLast().replaceAll(".*\"resumeToken\":\"([^\"]*)\".*", "$1");
        out(first, "put", "a/1", "4", "--ack", "one");
        String there = out(first, "-o", "raw", "watch", "a", "--from", token, "-n", "1");
        assertEquals("4\n", there, "elsewhere, without what was told");
        assertEquals("2\n4\n", out(first, "-o", "raw", "watch", "a/", "--snapshot", "-n", "2"));
        String other = out(first, "-o", "json", "watch", "b", "--from", token);
        assertTrue(other.contains("is of a watch of something else"), other);
        try (var pool = java.util.concurrent.Executors.newSingleThreadExecutor()) {
          String servers = second.address() + "," + first.address();
          TestConsole test = new TestConsole("", false);
          var waits =
              pool.submit(() ->
                  Kdelta.run(
                      test.console(),
                      Map.of(),
                      List.of("-s", servers, "-o", "raw", "watch", "c", "-n", "2")));
          // It begins with what comes, so there must be something until it has begun.
          await()
              .atMost(PATIENCE)
              .until(() -> {
                out(first, "put", "c/1", "5", "--ack", "one");
                return test.out().startsWith("5") || waits.isDone();
              });
          second.drain();
          second.close();
          out(first, "put", "c/2", "6", "--ack", "local");
          assertEquals(ExitCode.DONE, waits.get(), test.err());
        }
      }
    }
  }
}
