package io.kdelta.harness;

import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Three nodes of this project for the harness that measures clusters beside each other ({@code
 * bench.Peer} is its interface), started by the launcher as a user does.
 *
 * <p>The system property {@code kdelta} is the launcher.
 */
public final class KdeltaPeer extends Trio {
  private static final int HTTP_PORT = 7880;
  private static final long HEALTHY_SECONDS_MAX = 60;

  @Override
  public String name() {
    return "kdelta";
  }

  @Override
  public String ackMeaning() {
    return "fsynced in the log of the accepting node and of at least 1 of 2 others (level one)";
  }

  @Override
  List<String> command(int n, Path directory) {
    List<String> others = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      if (i != n) others.add(address(i));
    }
    return List.of(
        System.getProperty("kdelta"),
        "start",
        "--name",
        "n" + n,
        "--data",
        directory.resolve("n" + n).toString(),
        "--listen",
        address(n),
        "--http",
        host(n) + ":" + HTTP_PORT,
        "--cluster",
        "bench",
        "--join",
        String.join(",", others));
  }

  /** Every node answers and sees all others alive. */
  @Override
  public void awaitHealthy() throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(HEALTHY_SECONDS_MAX);
    for (int n = 0; n < NODES; n++) {
      while (!healthy(n)) {
        if (System.nanoTime() > end) throw new IllegalStateException("node " + n + " is not ready");
        Thread.sleep(100);
      }
    }
  }

  private boolean healthy(int n) {
    try (Caller caller = client(n)) {
      if (caller.alive() < NODES) return false;
      caller.put("health", new byte[] {'x'});
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }
}
