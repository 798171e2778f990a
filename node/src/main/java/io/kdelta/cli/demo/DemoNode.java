package io.kdelta.cli.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One node of the demo: a process, its directory, and the proxy that its peers dial. One thread.
 */
final class DemoNode {
  private static final Duration READY = Duration.ofSeconds(60);
  private static final long LOOK_MILLIS = 20;

  /** HTTP listens two above gRPC, as with every node. */
  private static final int HTTP_OFFSET = 2;

  /**
   * Ctrl-C goes to all that runs in the terminal, and may be meant for one command at the prompt: a
   * node hears it not; the demo ends it, however it ends itself.
   */
  private static final List<String> DEAF =
      List.of("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "kdelta-demo");

  private static final int PORT_STEP = 10;
  private static final int PORT_MAX = 30_000;

  private final String name;
  private final Path directory;
  private final Path log;
  private final LinkProxy proxy;
  private @Nullable Process process;
  private int port;

  DemoNode(String name, Path folder, LinkProxy proxy) {
    this.name = name;
    this.directory = folder.resolve(name);
    this.log = folder.resolve(name + ".log");
    this.proxy = proxy;
  }

  String name() {
    return name;
  }

  /** HOST:PORT for clients. */
  String address() {
    return "127.0.0.1:" + port;
  }

  int port() {
    return port;
  }

  String roadAddress() {
    return proxy.address();
  }

  void close() {
    proxy.close();
  }

  @Nullable Process process() {
    return process;
  }

  /**
   * Starts the process and returns at once.
   *
   * @param kdelta the words that run kdelta
   * @param portMin the first port to try
   * @param join addresses of the proxies of the others
   */
  Process start(List<String> kdelta, int portMin, String join) throws IOException {
    port = freePort(portMin);
    List<String> command = new ArrayList<>(DEAF);
    command.addAll(kdelta);
    command.addAll(List.of("start", "--name", name, "--data", directory.toString()));
    command.addAll(List.of("--port", Integer.toString(port), "--advertise", proxy.address()));
    if (!join.isEmpty()) command.addAll(List.of("--join", join));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    // What the person has set for nodes and commands of their own is not meant for these.
    builder.environment().keySet().removeIf(DemoNode::setting);
    Process started = builder.start();
    process = started;
    proxy.leadsTo(port);
    return started;
  }

  private static boolean setting(String variable) {
    return variable.startsWith("KDELTA_") && !variable.startsWith("KDELTA_JAVA_");
  }

  /** Waits until it serves; false when it ended because somebody took its port meanwhile. */
  boolean awaitReady() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + READY.toNanos();
    Process running = process;
    while (running != null && running.isAlive()) {
      if (said().contains("ready in")) return true;
      if (System.nanoTime() > deadline) break;
      Thread.sleep(LOOK_MILLIS);
    }
    if (running != null && !running.isAlive() && said().contains("is taken")) return false;
    throw new IOException(name + " did not start:\n" + said().strip());
  }

  private String said() throws IOException {
    return Files.exists(log) ? Files.readString(log, StandardCharsets.UTF_8) : "";
  }

  /** The first port from {@code min} on that is free, as is the one for HTTP. */
  private static int freePort(int min) throws IOException {
    for (int port = min; port < PORT_MAX; port += PORT_STEP) {
      if (free(port) && free(port + HTTP_OFFSET)) return port;
    }
    throw new IOException("no free port between " + min + " and " + PORT_MAX);
  }

  private static boolean free(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }
}
