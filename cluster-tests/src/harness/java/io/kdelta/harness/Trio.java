package io.kdelta.harness;

import bench.Peer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Three processes that speak this project's contract, each at an address of its own. One connection
 * per process for all threads, as the harness does with its other gRPC peer.
 */
abstract class Trio implements Peer {
  static final int NODES = 3;
  private static final int PORT = 7878;

  private final @Nullable Process[] nodes = new Process[NODES];
  private Path directory = Path.of(".");

  /** What starts node {@code n}, whose files may lie in {@code directory}. */
  abstract List<String> command(int n, Path directory);

  @Override
  public void start(Path dir) throws Exception {
    directory = dir;
    for (int n = 0; n < NODES; n++) startNode(n);
    awaitHealthy();
  }

  @Override
  public void startNode(int n) throws IOException {
    nodes[n] = Child.start(command(n, directory), directory.resolve("n" + n + ".log"));
  }

  @Override
  public void stopNode(int n, boolean kill) throws InterruptedException {
    Child.stop(nodes[n], kill);
  }

  @Override
  public boolean sharedClients() {
    return true;
  }

  @Override
  public Caller client(int n) {
    return new Caller(host(n), PORT);
  }

  @Override
  public void close() throws InterruptedException {
    for (int n = 0; n < NODES; n++) stopNode(n, true);
  }

  static String host(int n) {
    return "127.0.0." + (n + 1);
  }

  static String address(int n) {
    return host(n) + ":" + PORT;
  }
}
