package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.document.CanonicalJson;
import io.kdelta.document.HistoryImport;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.Session;
import io.kdelta.sim.Audit;
import io.kdelta.sim.RawGraph;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: three nodes that imported parts of one history, and never met, hold all of it once they are
 * joined: the graph of the file, parents and all, with each version sent once to who lacks it; and
 * the log of sessions tells which rung did it for how many bytes. Method: processes that are
 * started alone, each with its part, then together; the graph is made of the file's lines beside.
 */
final class SeparateImportsTest {
  private static final Path HISTORY =
      Path.of(System.getProperty("kdelta.root"), "node/src/test/resources/raft-history.jsonl");

  /** The first lines, and what the keys come to whose first line has an even or an odd number. */
  private static final int FIRST = 778;

  private static final int EVEN_KEYS = 90;
  private static final int ODD_KEYS = 104;

  @TempDir private Path folder;

  @Test
  void partsOfAHistoryBecomeTheWhole() throws Exception {
    List<String> lines = Files.readAllLines(HISTORY);
    List<List<String>> parts = parts(lines);
    RawGraph whole = graph(lines);
    try (ProcessCluster cluster = new ProcessCluster(folder, 1)) {
      for (String name : List.of("node-2", "node-3")) {
        cluster.add(name, name, folder.resolve(name).resolve("data"));
      }
      for (int i = 0; i < parts.size(); i++) importAlone(cluster, i, parts.get(i));
      for (int i = 0; i < parts.size(); i++) {
        if (i > 0) cluster.joinOthers(i);
        cluster.node(i).start();
      }
      cluster.awaitMembers(parts.size());
      RawGraph joined = cluster.agree();
      assertEquals("", joined.difference(whole));
      assertEquals(whole, joined);
      long moved = 0;
      for (int i = 0; i < parts.size(); i++) {
        int lacked = whole.size() - parts.get(i).size();
        long received = 0;
        boolean found = false;
        for (Session session : cluster.sessions(i)) {
          System.out.printf(
              "imports: %s with %s: %s, %d sent, %d received, %d B out, %d B in, of them %d B"
                  + " beside the versions (at least %d B), %s%n",
              cluster.name(i),
              session.getPeer(),
              session.getRungsList(),
              session.getVersionsSent(),
              session.getVersionsReceived(),
              session.getBytesSent(),
              session.getBytesReceived(),
              session.getMetadataBytes(),
              session.getBoundBytes(),
              session.getOutcome());
          received += session.getVersionsReceived();
          found |= session.getRungsCount() > 1 && session.getMetadataBytes() > 0;
        }
        assertTrue(found, cluster.name(i) + " has no session that found a difference");
        // The streams may have brought some of it.
        assertTrue(received <= lacked, cluster.name(i) + " received " + received);
        moved += received;
      }
      assertTrue(moved > FIRST, "sessions moved " + moved);
    }
  }

  /** The node gets its part while nobody else is there. */
  private void importAlone(ProcessCluster cluster, int index, List<String> lines) throws Exception {
    Path part = folder.resolve("part-" + index + ".jsonl");
    Files.write(part, lines);
    cluster.node(index).start();
    cluster.awaitReady(index);
    cluster.kdelta(
        index, "import", part.toString(), "--format", "git-history", "--namespace", "raft");
    assertEquals(lines.size(), cluster.subject(index).counts().versions());
    assertEquals(0, cluster.node(index).terminate());
  }

  private static List<List<String>> parts(List<String> lines) {
    Map<String, List<String>> byKey = new LinkedHashMap<>();
    List<String> even = new ArrayList<>();
    List<String> odd = new ArrayList<>();
    int evenKeys = 0;
    Map<String, Boolean> isEven = new LinkedHashMap<>();
    for (int number = 1; number <= lines.size(); number++) {
      String line = lines.get(number - 1);
      String key = line.substring(0, line.indexOf("\", \"value\""));
      if (byKey.computeIfAbsent(key, k -> new ArrayList<>()).isEmpty()) {
        isEven.put(key, number % 2 == 0);
        if (number % 2 == 0) evenKeys++;
      }
      byKey.getOrDefault(key, even).add(line);
      (isEven.getOrDefault(key, false) ? even : odd).add(line);
    }
    assertEquals(EVEN_KEYS, evenKeys);
    assertEquals(ODD_KEYS, byKey.size() - evenKeys);
    return List.of(lines.subList(0, FIRST), even, odd);
  }

  /** What the lines say, whoever imports them. */
  private static RawGraph graph(List<String> lines) {
    HistoryImport history = new HistoryImport("raft", CanonicalJson.WIDEST);
    RawGraph graph = new RawGraph();
    for (String line : lines) {
      graph.add(Audit.Told.of(history.next(Bytes.utf8(line))).raw());
    }
    return graph;
  }
}
