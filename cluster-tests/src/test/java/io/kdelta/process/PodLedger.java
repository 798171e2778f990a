package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** {@link PodClients} as a process, and what they were told. One thread. */
final class PodLedger implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** A name is asked for again after a second, not after the half minute of the JDK. */
  private static final List<String> SHORT_MEMORY =
      List.of("-Dsun.net.inetaddr.ttl=1", "-Dsun.net.inetaddr.negative.ttl=0");

  private final Process process;
  private final Path lines;
  private final Path errors;

  private PodLedger(Process process, Path lines, Path errors) {
    this.process = process;
    this.lines = lines;
    this.errors = errors;
  }

  /** Starts them, see {@link PodClients} for the arguments. */
  static PodLedger start(Path folder, Pods pods, List<String> clients) throws IOException {
    List<String> jvm = new java.util.ArrayList<>(pods.names());
    jvm.addAll(SHORT_MEMORY);
    jvm.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    Path lines = folder.resolve("clients.out");
    Path errors = folder.resolve("clients.err");
    Process process =
        Guard.start(
            new ProcessBuilder(
                    NodeProcess.java(jvm, PodClients.class.getName(), List.of(), clients))
                .redirectOutput(lines.toFile())
                .redirectError(errors.toFile()));
    return new PodLedger(process, lines, errors);
  }

  private List<String> told(String what) throws IOException {
    try (var all = Files.lines(lines, StandardCharsets.UTF_8)) {
      return all.filter(line -> line.startsWith(what + " "))
          .map(line -> line.substring(what.length() + 1))
          .toList();
    }
  }

  /** Ids of what was acknowledged until now. */
  List<Digest> acknowledged() throws IOException {
    return told("acknowledged").stream()
        .map(line -> Digest.fromHex(line.substring(0, line.indexOf(' '))))
        .toList();
  }

  /** Every call that failed as a program sees it. */
  List<String> failed() throws IOException {
    return told("failed");
  }

  /** How many reads showed what they had to. */
  long read() throws IOException {
    return told("read").size();
  }

  /** How often requests were sent again, when all is over. */
  long repeated() throws IOException {
    return told("repeated").stream().mapToLong(Long::parseLong).sum();
  }

  /** The longest that a program waited for an answer to a write, in milliseconds. */
  long slowestMillis() throws IOException {
    return told("acknowledged").stream()
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(' ') + 1)))
        .max()
        .orElse(0);
  }

  /** Waits until so many more writes were acknowledged. */
  void awaitMore(int writes) throws IOException {
    int before = acknowledged().size();
    await("writes go on").atMost(PATIENCE).until(() -> acknowledged().size() >= before + writes);
  }

  /** Waits until so many calls have failed. */
  void awaitFailed(int calls) {
    await("calls fail").atMost(PATIENCE).until(() -> failed().size() >= calls);
  }

  /** All that was asked gets its outcome, then no more is asked. */
  void stop() throws IOException, InterruptedException {
    process.getOutputStream().close();
    assertEquals(0, Guard.awaitEnd(process), () -> "the clients\n" + errors());
  }

  private String errors() {
    try {
      return Files.readString(errors, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** O1: whoever holds less than what was acknowledged has lost something. */
  static void audit(String who, RawGraph graph, List<Digest> acknowledged) {
    for (Digest id : acknowledged) {
      if (!graph.contains(id)) {
        throw new OracleFailure("O1", who + " lacks " + id + ", which was acknowledged");
      }
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      var _ = Guard.awaitEnd(process);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
