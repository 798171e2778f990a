package io.kdelta.harness;

import bench.Peer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The ceiling of gRPC on this machine: three servers of the same contract with nothing behind them,
 * asked by the same client. Nothing that speaks gRPC from Java can be faster here.
 */
public final class EchoPeer implements Peer {
  private static final int NODES = 3;
  private static final int START_SECONDS = 2;

  private final @Nullable Process[] nodes = new Process[NODES];
  private Path directory = Path.of(".");

  @Override
  public String name() {
    return "gRPC echo";
  }

  @Override
  public String ackMeaning() {
    return "received by one process, kept in memory: the ceiling, not a peer";
  }

  @Override
  public boolean sharedClients() {
    return true;
  }

  @Override
  public void start(Path dir) throws Exception {
    directory = dir;
    for (int n = 0; n < NODES; n++) startNode(n);
    TimeUnit.SECONDS.sleep(START_SECONDS);
  }

  @Override
  public void startNode(int n) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx600m",
            "-XX:+UseG1GC",
            "-XX:+UseCompactObjectHeaders",
            "-cp",
            System.getProperty("java.class.path"),
            EchoServer.class.getName(),
            KdeltaPeer.host(n));
    nodes[n] = Child.start(command, directory.resolve("n" + n + ".log"));
  }

  @Override
  public void stopNode(int n, boolean kill) throws InterruptedException {
    Child.stop(nodes[n], kill);
  }

  @Override
  public Client client(int n) {
    return new KdeltaPeer.Caller(n);
  }

  @Override
  public void close() throws InterruptedException {
    for (int n = 0; n < NODES; n++) stopNode(n, true);
  }
}
