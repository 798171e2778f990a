package io.kdelta.cli;

import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.GetNodeStatusRequest;
import io.kdelta.proto.v1.NodeStatus;
import io.kdelta.server.CannotStart;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a node does in its life, in little: writes of many clients that a second node has to hold,
 * reads, commands over HTTP and gRPC, a restart over its own log, and a third node that comes empty
 * and gets everything at once. One thread.
 */
final class Rehearsal {
  private static final String NAMESPACE = "bench";
  private static final int CLIENTS = 64;
  private static final double GET_SHARE = 0.5;

  /** From what stands in a row to what is kept in a file of large values. */
  private static final int[] DOCUMENT_BYTES = {300, 1_000, 4_200};

  private static final int WATCHED_MAX = 2_000;
  private static final int EXPORTS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long LOOK_MILLIS = 50;

  /** What every client does now and then; each is to end with 0. */
  private static final List<String> COMMANDS =
      List.of(
          "put rehearsal/a {\"n\":1} --ack one",
          "put rehearsal/a {\"n\":2}",
          "get rehearsal/a",
          "get bench/key-0 --meta",
          "get bench/key-0 --at -1",
          "exists bench/key-0",
          "log bench/key-0",
          "diff rehearsal/a",
          "ls bench",
          "stats bench",
          "conflicts",
          "status",
          "cluster members",
          "del rehearsal/a");

  /** Something did not go as it should. */
  static final class Failed extends Exception {
    private static final long serialVersionUID = 1L;

    Failed(String message) {
      super(message);
    }
  }

  private final RehearsedNodes nodes;
  private final Consumer<String> progress;

  /**
   * @param progress takes a line for the person before each part
   */
  Rehearsal(RehearsedNodes nodes, Consumer<String> progress) {
    this.nodes = nodes;
    this.progress = progress;
  }

  /**
   * Runs all of it once.
   *
   * @param documents written before reads begin, all sizes together
   * @param mixed how long reads and writes go on beside that
   */
  void run(int documents, Duration mixed)
      throws Failed, CannotStart, IOException, InterruptedException {
    String first = nodes.start("rehearsal-1", "");
    String second = nodes.start("rehearsal-2", first);
    awaitBackup(first);
    int keys = Math.ceilDiv(documents, DOCUMENT_BYTES.length);
    Duration each = mixed.dividedBy(DOCUMENT_BYTES.length + 1);
    for (int bytes : DOCUMENT_BYTES) {
      progress.accept(
          CLIENTS + " clients, " + keys + " documents of " + bytes + " bytes on two nodes ...");
      load(List.of(first, second), keys, bytes, each);
    }
    progress.accept("commands over HTTP and gRPC ...");
    commands(first, Math.min(documents, WATCHED_MAX));
    progress.accept("a restart over its own log ...");
    nodes.stop("rehearsal-1");
    first = nodes.start("rehearsal-1", second);
    awaitBackup(first);
    load(List.of(first), Math.min(keys, CLIENTS), DOCUMENT_BYTES[0], each);
    progress.accept("an empty node joins ...");
    String third = nodes.start("rehearsal-3", first);
    awaitEqual(first, third);
  }

  private static void load(List<String> servers, int keys, int bytes, Duration time)
      throws Failed, InterruptedException {
    Load.Work work = new Load.Work(CLIENTS, keys, GET_SHARE, bytes, AckLevel.ACK_LEVEL_ONE);
    Load load = new Load(new Servers(servers, "the rehearsal"), Optional.empty(), work);
    Load.Result result = load.run(time);
    if (result.failed()) throw new Failed(result.firstFailure());
  }

  /** Until a write of {@code server} is taken by another node, too. */
  private static void awaitBackup(String server) throws Failed, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Said said = run(server, Map.of(), "put rehearsal/backup 1 --ack one");
      if (said.exitCode() == ExitCode.DONE) return;
      if (System.nanoTime() - end > 0) throw new Failed("no backup: " + said.text());
      Thread.sleep(LOOK_MILLIS);
    }
  }

  private static void commands(String server, int watched) throws Failed, IOException {
    List<String> all = new ArrayList<>(COMMANDS);
    all.add("watch " + NAMESPACE + " --from-start -n " + watched);
    for (int i = 0; i < EXPORTS; i++) all.add("export " + NAMESPACE);
    for (String way : List.of("on", "off")) {
      for (String command : all) {
        Said said = run(server, Map.of("KDELTA_PLAIN_HTTP", way), command);
        if (said.exitCode() != ExitCode.DONE) throw new Failed(command + ": " + said.text());
      }
    }
  }

  /** How a command ended, and the last of what it said. */
  private record Said(int exitCode, String text) {}

  private static Said run(String server, Map<String, String> environment, String command) {
    ByteArrayOutputStream notices = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(java.io.OutputStream.nullOutputStream());
    PrintStream err = new PrintStream(notices, true, StandardCharsets.UTF_8);
    Console console =
        new Console(out, err, InputStream.nullInputStream(), false, false, false, Instant::now);
    List<String> words = new ArrayList<>(List.of("-s", server));
    words.addAll(List.of(command.split(" ", -1)));
    int exitCode = Kdelta.run(console, environment, words);
    return new Said(exitCode, notices.toString(StandardCharsets.UTF_8).strip());
  }

  /** Until {@code late} holds what {@code full} holds. */
  private static void awaitEqual(String full, String late) throws Failed, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    try (KdeltaClient source = KdeltaClient.connect(ClientSettings.of(List.of(full)));
        KdeltaClient target = KdeltaClient.connect(ClientSettings.of(List.of(late)))) {
      while (!status(source).getRoot().equals(status(target).getRoot())) {
        if (System.nanoTime() - end > 0) {
          throw new Failed(status(target).getVersions() + " versions after " + PATIENCE);
        }
        Thread.sleep(LOOK_MILLIS);
      }
    }
  }

  private static NodeStatus status(KdeltaClient client) {
    return client.callHere(
        AdminGrpc.getGetNodeStatusMethod(), GetNodeStatusRequest.getDefaultInstance());
  }
}
