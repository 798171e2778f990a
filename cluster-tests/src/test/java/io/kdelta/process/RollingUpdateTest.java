package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.Audit;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a rolling update of the StatefulSet costs programs nothing but repetitions: nothing that
 * was acknowledged is lost, no call fails, nobody is called dead who was told to go, and each pod
 * ends with 0 within its grace. Method: {@link Pods}, three, that join by the headless name; {@link
 * PodClients} beside them write at {@code one} and {@code quorum} and read with their tokens, by
 * the names of the pods or by the headless one. Pods 2, 1 and 0 are replaced as Kubernetes does it,
 * without the pause before SIGTERM, which only spares clients; each comes back at another address.
 * The second test is that of the first: with SIGKILL, a lost volume and clients that do not repeat,
 * each of its checks fails.
 */
final class RollingUpdateTest {
  private static final int REPLICAS = 3;
  private static final int KILLED = 137;

  /** Between two pods, so that each is missed under load. */
  private static final int WRITES_BETWEEN = 100;

  @TempDir private Path folder;

  @BeforeEach
  void severalAddresses() {
    assumeTrue(Pods.possible(), "this machine has one address of loopback");
  }

  @Test
  void threePodsAreReplacedOneByOne() throws Exception {
    try (Pods pods = new Pods(folder, REPLICAS)) {
      pods.startAll();
      try (PodLedger ledger = PodLedger.start(folder, pods, programs(pods))) {
        ledger.awaitMore(WRITES_BETWEEN);
        for (int ordinal = REPLICAS - 1; ordinal >= 0; ordinal--) {
          Pods.End end = pods.terminate(ordinal);
          System.out.printf("rolling update: kdelta-%d left in %d ms%n", ordinal, end.millis());
          inOrder(pods, end);
          pods.start(ordinal);
          pods.awaitReady(ordinal);
          ledger.awaitMore(WRITES_BETWEEN);
        }
        ledger.stop();
        pods.awaitWhole();
        List<Digest> acknowledged = ledger.acknowledged();
        holdAll(pods, acknowledged);
        assertEquals(List.of(), ledger.failed(), "calls that failed");
        assertEquals(List.of(), pods.told(" is dead"), "called dead");
        assertEquals(REPLICAS, pods.told("others hold everything").size(), "drained");
        assertTrue(acknowledged.size() > 3 * WRITES_BETWEEN && ledger.read() > WRITES_BETWEEN);
        System.out.printf(
            "rolling update: %d writes acknowledged, %d reads with tokens, %d requests repeated,"
                + " slowest write %d ms%n",
            acknowledged.size(), ledger.read(), ledger.repeated(), ledger.slowestMillis());
      }
    }
  }

  @Test
  void withoutADrainEveryCheckFailsAndPodsFindEachOtherElsewhere() throws Exception {
    try (Pods pods = new Pods(folder, REPLICAS)) {
      pods.startAll();
      pods.awaitWhole();
      for (int other = 0; other < 2; other++) pods.signal(other, "STOP");
      try (PodLedger ledger = PodLedger.start(folder, pods, List.of("LOCAL/1/" + pods.name(2)))) {
        ledger.awaitMore(WRITES_BETWEEN);
        Pods.End end = pods.kill(2);
        assertThrows(AssertionError.class, () -> inOrder(pods, end));
        ledger.awaitFailed(1);
        ledger.stop();
        wipe(pods.volume(2));
        // The others go too, so that nobody is where it was, and the name is all that is left.
        for (int other = 0; other < 2; other++) assertEquals(KILLED, pods.kill(other).code());
        pods.startAll();
        pods.awaitWhole();
        List<Digest> acknowledged = ledger.acknowledged();
        OracleFailure lost = assertThrows(OracleFailure.class, () -> holdAll(pods, acknowledged));
        assertEquals("O1", lost.oracle());
      }
    }
  }

  /** Each level by the names of the pods and by that of them all. */
  private static List<String> programs(Pods pods) {
    List<String> programs = new ArrayList<>();
    for (String level : List.of("ONE", "QUORUM")) {
      programs.add(level + "/0/" + pods.name(2) + "," + pods.name(1) + "," + pods.name(0));
      programs.add(level + "/0/" + pods.name(0) + "," + pods.name(2) + "," + pods.name(1));
      programs.add(level + "/0/" + pods.headless());
    }
    return programs;
  }

  private static void inOrder(Pods pods, Pods.End end) {
    assertEquals(0, end.code());
    assertTrue(end.millis() < pods.graceMillis(), "it took " + end.millis() + " ms to leave");
  }

  /** Every pod, by its own export: all that was acknowledged, and the same as the others. */
  private static void holdAll(Pods pods, List<Digest> acknowledged) {
    RawGraph first = null;
    for (Audit.Subject subject : pods.subjects()) {
      RawGraph graph = Audit.of(subject).graph();
      PodLedger.audit(subject.name(), graph, acknowledged);
      if (first == null) first = graph;
      else assertEquals(first, graph, subject.name());
    }
  }

  private static void wipe(Path volume) throws IOException {
    try (Stream<Path> all = Files.walk(volume)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
