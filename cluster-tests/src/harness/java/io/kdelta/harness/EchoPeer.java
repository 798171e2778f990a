package io.kdelta.harness;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The ceiling of gRPC on this machine: three servers of the same contract with nothing behind them,
 * asked by the same client. Nothing that speaks gRPC from Java can be faster here.
 */
public final class EchoPeer extends Trio {
  private static final int START_SECONDS = 2;

  @Override
  public String name() {
    return "gRPC echo";
  }

  @Override
  public String ackMeaning() {
    return "received by one process, kept in memory: the ceiling, not a peer";
  }

  @Override
  List<String> command(int n, Path directory) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx600m",
        "-XX:+UseG1GC",
        "-XX:+UseCompactObjectHeaders",
        "-cp",
        System.getProperty("java.class.path"),
        EchoServer.class.getName(),
        host(n));
  }

  @Override
  public void awaitHealthy() throws InterruptedException {
    TimeUnit.SECONDS.sleep(START_SECONDS);
  }
}
