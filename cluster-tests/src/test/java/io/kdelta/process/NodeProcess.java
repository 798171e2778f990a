package io.kdelta.process;

import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One node as a process of its own on loopback, as a user starts it. One thread at a time. */
final class NodeProcess implements AutoCloseable {
  private static final Duration READY = Duration.ofSeconds(90);

  /** Below the ports that the kernel gives to clients, so that a restart finds its port free. */
  private static final int PORT_MIN = 15_000;

  private static final int PORT_MAX = 32_000;

  /** Whoever was given one may bind it later: two nodes of a cluster got the same one once. */
  private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

  private static final int LOG_TAIL_CHARS = 4_000;

  /** Many short lives on few cores: what matters is how soon a node is there. */
  private static final List<String> QUICK =
      List.of("-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private final String name;
  private final Path data;
  private final Path log;
  private final int port;
  private final int httpPort;
  private final List<Path> patches;
  private List<String> flags;
  private List<String> jvm = QUICK;
  private volatile @Nullable Process process;

  /**
   * @param name name of the node
   * @param data its data directory
   * @param log where its output goes
   * @param patches folders of classes that stand in place of the product's
   * @param flags further flags of {@code kdelta start}
   */
  NodeProcess(String name, Path data, Path log, int port, List<Path> patches, List<String> flags)
      throws IOException {
    this.name = name;
    this.data = data;
    this.log = log;
    this.port = port;
    this.httpPort = freePort();
    this.patches = List.copyOf(patches);
    this.flags = List.copyOf(flags);
  }

  /** A loopback port that was free a moment ago, and was never answered before. */
  static int freePort() throws IOException {
    for (int tries = 0; ; tries++) {
      int port = ThreadLocalRandom.current().nextInt(PORT_MIN, PORT_MAX);
      if (!GIVEN.add(port)) continue;
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException taken) {
        if (tries > 100) throw taken;
      }
    }
  }

  /** A command line that runs {@code kdelta} with the classes under test. */
  static List<String> kdelta(List<Path> patches, List<String> arguments) {
    return java("io.kdelta.cli.Kdelta", patches, arguments);
  }

  /** A command line that runs a class with those under test. */
  static List<String> java(String type, List<Path> patches, List<String> arguments) {
    return java(QUICK, type, patches, arguments);
  }

  /** The same with flags of the Java machine. */
  static List<String> java(
      List<String> jvm, String type, List<Path> patches, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvm);
    command.addAll(List.of("-ea", "--enable-native-access=ALL-UNNAMED", "-cp"));
    List<String> classPath = new ArrayList<>(patches.stream().map(Path::toString).toList());
    classPath.add(System.getProperty("java.class.path"));
    command.add(String.join(File.pathSeparator, classPath));
    command.add(type);
    command.addAll(arguments);
    return command;
  }

  String name() {
    return name;
  }

  Path data() {
    return data;
  }

  int port() {
    return port;
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  /** The running process; -1 when there is none. */
  long pid() {
    Process running = process;
    return running == null ? -1 : running.pid();
  }

  boolean alive() {
    Process running = process;
    return running != null && running.isAlive();
  }

  /** From the next start on. */
  void setFlags(List<String> flags) {
    this.flags = List.copyOf(flags);
  }

  /** Flags of the Java machine, from the next start on. */
  void setJvm(List<String> jvm) {
    this.jvm = List.copyOf(jvm);
  }

  void start() throws IOException {
    process = Guard.start(builder(data, log));
  }

  /** Another process on the same directory, which must refuse; answers it with its own log. */
  NodeProcess rival(Path rivalLog) throws IOException {
    NodeProcess rival = new NodeProcess(name, data, rivalLog, freePort(), patches, flags);
    rival.start();
    return rival;
  }

  private ProcessBuilder builder(Path directory, Path output) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("start", "--name", name, "--data", directory.toString()));
    arguments.addAll(List.of("--listen", address(), "--http", "127.0.0.1:" + httpPort));
    arguments.addAll(flags);
    return new ProcessBuilder(java(jvm, "io.kdelta.cli.Kdelta", patches, arguments))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
  }

  /** Waits until it answers clients, though it may be far behind the others still. */
  void awaitReady() {
    if (!awaitReadyOrEnd()) {
      throw new AssertionError(name + " ended instead of being ready:\n" + said());
    }
  }

  /** Waits until it answers clients, or has ended by itself; whether it answers. */
  boolean awaitReadyOrEnd() {
    HttpRequest ready =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/readyz"))
            .timeout(Duration.ofSeconds(5))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      await(name + " is ready")
          .atMost(READY)
          .ignoreExceptionsInstanceOf(IOException.class)
          .until(() -> !alive() || serves(client, ready));
    }
    return alive();
  }

  private static boolean serves(HttpClient client, HttpRequest request)
      throws IOException, InterruptedException {
    HttpResponse<String> told = client.send(request, HttpResponse.BodyHandlers.ofString());
    return told.statusCode() == 200 || told.body().contains("versions behind");
  }

  /** What it tells Prometheus. */
  String metrics() throws IOException, InterruptedException {
    HttpRequest ask =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/metrics"))
            .timeout(Duration.ofSeconds(5))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(ask, HttpResponse.BodyHandlers.ofString()).body();
    }
  }

  /** Asks for a change over HTTP, without a body; answers the status and what was said. */
  String post(String path) throws IOException, InterruptedException {
    HttpRequest ask =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + path))
            .timeout(Duration.ofSeconds(60))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.noBody())
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> told = client.send(ask, HttpResponse.BodyHandlers.ofString());
      return told.statusCode() + " " + told.body();
    }
  }

  /** SIGKILL: nothing of the process gets a chance to say goodbye. */
  void kill() throws InterruptedException {
    Process running = process;
    if (running == null) return;
    running.destroyForcibly();
    var _ = Guard.awaitEnd(running);
    process = null;
  }

  /** SIGTERM; answers the exit code. */
  int terminate() throws InterruptedException {
    Process running = process;
    if (running == null) return 0;
    running.destroy();
    return awaitExit();
  }

  /** Waits until the process has ended by itself; answers the exit code. */
  int awaitExit() throws InterruptedException {
    Process running = process;
    if (running == null) return 0;
    if (!running.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError(name + " does not end within 60 s:\n" + said());
    }
    process = null;
    return Guard.awaitEnd(running);
  }

  /** SIGSTOP or SIGCONT, to the process if there is one. */
  void signal(String signal) throws IOException, InterruptedException {
    Process running = process;
    if (running == null || !running.isAlive()) return;
    new ProcessBuilder("kill", "-" + signal, Long.toString(running.pid())).start().waitFor();
  }

  /** Of all processors, so far. */
  Duration processorTime() {
    Process running = process;
    if (running == null) return Duration.ZERO;
    return running.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /** How many lines with these words it has written, in all its lives. */
  long count(String words) throws IOException {
    try (Stream<String> lines = Files.lines(log, StandardCharsets.UTF_8)) {
      return lines.filter(line -> line.contains(words)).count();
    }
  }

  /** What it has written of failures of its own: errors, and lines of stack traces. */
  List<String> failures() throws IOException {
    try (Stream<String> lines = Files.lines(log, StandardCharsets.UTF_8)) {
      return lines.filter(NodeProcess::isFailure).toList();
    }
  }

  private static boolean isFailure(String line) {
    return line.startsWith("\tat ")
        || line.startsWith("SEVERE")
        || line.contains("Exception")
        || line.contains("OutOfMemory");
  }

  /** The end of what it has written. */
  String said() {
    try {
      if (!Files.exists(log)) return "";
      String all = Files.readString(log, StandardCharsets.UTF_8);
      return all.substring(Math.max(0, all.length() - LOG_TAIL_CHARS));
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Override
  public void close() {
    try {
      kill();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
