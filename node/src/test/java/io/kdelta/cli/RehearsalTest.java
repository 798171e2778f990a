package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cluster.ClusterConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Goal: a rehearsal does all of its parts, ends by itself and leaves nothing behind, also where it
 * is cut short. Method: a small one in this process.
 */
final class RehearsalTest {
  private static final int DOCUMENTS = 30;

  @Test
  void doesAllOfItAndLeavesNothing() throws Exception {
    List<String> told = new ArrayList<>();
    RehearsedNodes nodes = new RehearsedNodes();
    try (nodes) {
      new Rehearsal(nodes, told::add).run(DOCUMENTS, Duration.ofMillis(40));
      for (int i = 1; i <= 3; i++) {
        assertTrue(Files.isDirectory(nodes.folder().resolve("rehearsal-" + i)), "node " + i);
      }
    }
    assertFalse(Files.exists(nodes.folder()));
    assertEquals(6, told.size(), told.toString());
    assertTrue(told.getLast().contains("an empty node joins"), told.toString());
  }

  @Test
  void whatWasCutShortStartsNothingMore() throws Exception {
    RehearsedNodes nodes = new RehearsedNodes();
    nodes.start("rehearsal-1", "");
    nodes.close();
    assertFalse(Files.exists(nodes.folder()));
    assertThrows(IOException.class, () -> nodes.start("rehearsal-2", ""));
    assertThrows(IOException.class, () -> new Rehearsal(nodes, line -> {}).run(1, Duration.ZERO));
    assertFalse(Files.exists(nodes.folder()));
    nodes.close();
  }

  /** The help names the number. */
  @Test
  void theNextNodeTakesASnapshot() {
    long least = ClusterConfig.Snapshots.DEFAULT.versionsMin();
    TestConsole test = new TestConsole("", false);
    assertEquals(ExitCode.DONE, Kdelta.run(test.console(), Map.of(), List.of("rehearse", "-h")));
    assertTrue(test.out().contains("from " + least + " on"), test.out());
    assertTrue(test.out().contains("default " + least / 8 * 9), test.out());
  }

  @Test
  void refusesWhatMakesNoSense() {
    TestConsole test = new TestConsole("", false);
    List<String> words = List.of("rehearse", "--documents", "0");
    assertEquals(ExitCode.USAGE, Kdelta.run(test.console(), Map.of(), words));
    assertTrue(test.err().contains("--documents 0: from 1 to"), test.err());
  }
}
