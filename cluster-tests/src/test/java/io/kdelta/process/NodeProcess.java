package io.kdelta.process;

import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One node as a process of its own on loopback, as a user starts it. */
final class NodeProcess implements AutoCloseable {
  private static final Duration READY = Duration.ofSeconds(60);

  private final String name;
  private final Path folder;
  private final int port;
  private final int httpPort;
  private final List<String> flags;
  private @Nullable Process process;

  /**
   * @param name name of the node
   * @param folder where its data and its log go
   * @param flags further flags of {@code kdelta start}
   */
  NodeProcess(String name, Path folder, int port, int httpPort, List<String> flags) {
    this.name = name;
    this.folder = folder;
    this.port = port;
    this.httpPort = httpPort;
    this.flags = List.copyOf(flags);
  }

  /** A loopback port that was free a moment ago. */
  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** A command line that runs {@code kdelta} with the classes under test. */
  static List<String> kdelta(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-ea", "--enable-native-access=ALL-UNNAMED", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add("io.kdelta.cli.Kdelta");
    command.addAll(arguments);
    return command;
  }

  String name() {
    return name;
  }

  int port() {
    return port;
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  long pid() {
    Process running = process;
    return running == null ? -1 : running.pid();
  }

  void start() throws IOException {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("start", "--name", name, "--data", folder.resolve(name).toString()));
    arguments.addAll(List.of("--listen", address(), "--http", "127.0.0.1:" + httpPort));
    arguments.addAll(flags);
    File log = Files.createDirectories(folder).resolve(name + ".log").toFile();
    process =
        new ProcessBuilder(kdelta(arguments))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
            .start();
  }

  void awaitReady() {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest ready =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/readyz")).build();
      await(name + " is ready")
          .atMost(READY)
          .ignoreException(ConnectException.class)
          .until(
              () -> client.send(ready, HttpResponse.BodyHandlers.discarding()).statusCode() == 200);
    }
  }

  /** SIGKILL: nothing of the process gets a chance to say goodbye. */
  void kill() throws InterruptedException {
    Process running = process;
    if (running == null) return;
    running.destroyForcibly().waitFor();
    process = null;
  }

  /** SIGTERM; answers the exit code. */
  int terminate() throws InterruptedException {
    Process running = process;
    if (running == null) return 0;
    running.destroy();
    if (!running.waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError(name + " did not stop within 60 s of SIGTERM");
    }
    process = null;
    return running.exitValue();
  }

  /** SIGSTOP or SIGCONT. */
  void signal(String signal) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + signal, Long.toString(pid())).start().waitFor();
  }

  @Override
  public void close() {
    Process running = process;
    if (running != null) running.destroyForcibly();
  }
}
