package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.proto.v1.AckLevel;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a program that follows all changes and writes, and is killed with -9 in the middle of both,
 * goes on with its last token: it is told of every version, parents first, and of none twice as
 * long as its server lives; what it was told is written is there, and a write that it asks for once
 * more is there once. With its server killed, too, it goes on at another one, and still lacks
 * nothing. Method: {@link WatchingClient} in a process of its own, {@code kdelta.clientkills} times
 * killed while others write, once more together with its server; its diary is held against what the
 * nodes hold in the end.
 */
final class KilledClientTest {
  private static final int KILLS = Integer.getInteger("kdelta.clientkills", 1);
  private static final int WRITERS = 3;
  private static final int NODES = 3;

  /** In each life it is told, and writes, so many lines at least. */
  private static final int LINES = 10;

  @TempDir private Path folder;

  @Test
  void whatItIsToldSurvivesIt() throws Exception {
    Path diary = Files.createDirectories(folder.resolve("diary"));
    try (ProcessCluster cluster = ProcessCluster.direct(folder, NODES)) {
      cluster.start();
      try (Load load = new Load("others", cluster.addresses(), 0)) {
        load.start(AckLevel.ACK_LEVEL_ONE, WRITERS);
        for (int kill = 0; kill < KILLS; kill++) live(cluster, diary);
        int untilMoved = told(diary).size();
        int askedUntilMoved = asked(diary);
        Process last = start(cluster, diary);
        awaitLines(diary, untilMoved, last);
        cluster.node(0).kill();
        kill(last);
        load.stop();
        Process elsewhere = start(cluster, diary);
        awaitLines(diary, told(diary).size(), elsewhere);
        kill(elsewhere);
        cluster.node(0).start();
        cluster.awaitReady(0);
        // Only then do all hold the same: until then each may lack what another one has.
        RawGraph graph = cluster.agree();
        Process reader = start(cluster, diary, "reads");
        await("all is told")
            .atMost(ProcessCluster.AGREEMENT)
            .until(() -> knownOf(told(diary)).size() >= graph.size());
        kill(reader);
        load.audit("the cluster", graph);
        judge(diary, graph, untilMoved, askedUntilMoved);
      }
    }
  }

  private void live(ProcessCluster cluster, Path diary) throws Exception {
    int before = told(diary).size();
    Process client = start(cluster, diary);
    awaitLines(diary, before, client);
    kill(client);
  }

  private Process start(ProcessCluster cluster, Path diary) throws IOException {
    return start(cluster, diary, "writes");
  }

  private Process start(ProcessCluster cluster, Path diary, String what) throws IOException {
    List<String> arguments = List.of(diary.toString(), String.join(",", cluster.addresses()), what);
    return Guard.start(
        new ProcessBuilder(NodeProcess.java(WatchingClient.class.getName(), List.of(), arguments))
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve("client.log").toFile())));
  }

  private static void kill(Process client) throws InterruptedException {
    client.destroyForcibly();
    var _ = Guard.awaitEnd(client);
  }

  /** Until a life has told and written something. */
  private void awaitLines(Path diary, int toldBefore, Process client) {
    int written = WatchingClient.lines(diary.resolve(WatchingClient.WRITES)).size();
    await("the client goes on")
        .atMost(ProcessCluster.AGREEMENT)
        .until(() -> {
          if (!client.isAlive()) {
            throw new AssertionError(Files.readString(folder.resolve("client.log")));
          }
          int now = WatchingClient.lines(diary.resolve(WatchingClient.WRITES)).size();
          return told(diary).size() >= toldBefore + LINES && now >= written + LINES;
        });
  }

  private static List<String> told(Path diary) {
    return WatchingClient.lines(diary.resolve(WatchingClient.TOLD));
  }

  /** The number of the write that was asked for last. */
  private static int asked(Path diary) {
    List<String> lines = WatchingClient.lines(diary.resolve(WatchingClient.WRITES));
    return Integer.parseInt(lines.getLast().split(" ", -1)[1]);
  }

  private static Set<Digest> knownOf(List<String> told) {
    return new TreeSet<>(ids(told));
  }

  private static List<Digest> ids(List<String> told) {
    List<Digest> ids = new ArrayList<>();
    for (String line : told) {
      String names = line.substring(0, line.indexOf(' '));
      if (names.isEmpty()) continue;
      for (String id : names.split(",", -1)) ids.add(Digest.fromHex(id));
    }
    return ids;
  }

  private static void judge(Path diary, RawGraph graph, int untilMoved, int askedUntilMoved) {
    List<String> told = told(diary);
    List<Digest> beforeMove = ids(told.subList(0, untilMoved));
    assertEquals(
        beforeMove.size(), new TreeSet<>(beforeMove).size(), "told twice by one and the same node");
    TreeSet<Digest> known = new TreeSet<>();
    int repeated = 0;
    for (Digest id : ids(told)) {
      for (Digest parent : graph.parents(id)) {
        if (!known.contains(parent)) {
          throw new OracleFailure("SUB", id + " was told before its parent " + parent);
        }
      }
      if (!known.add(id)) repeated++;
    }
    if (known.size() != graph.size()) {
      throw new OracleFailure("SUB", known.size() + " of " + graph.size() + " versions were told");
    }
    TreeMap<Integer, Digest> written = new TreeMap<>();
    for (String line : WatchingClient.lines(diary.resolve(WatchingClient.WRITES))) {
      String[] words = line.split(" ", -1);
      if (words[0].equals("ok")) {
        written.put(Integer.parseInt(words[1]), Digest.fromHex(words[2]));
      }
    }
    written.forEach((number, id) -> {
      String path = WatchingClient.NAMESPACE + "/page-" + number;
      if (!graph.contains(id)) throw new OracleFailure("O1", path + " is lost: " + id);
      if (number < askedUntilMoved && graph.versions(path).size() != 1) {
        throw new OracleFailure("ACK-TRUTH", path + " is there as " + graph.versions(path));
      }
    });
    System.out.printf(
        "killed client: %d lives, %d versions told in %d answers, %d writes, %d told again after"
            + " its server was killed as well%n",
        KILLS + 3, known.size(), told.size(), written.size(), repeated);
    assertTrue(written.size() > LINES, "it wrote hardly anything");
  }
}
