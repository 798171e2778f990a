package io.kdelta.harness;

import bench.Peer;
import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.PutRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Three nodes of this project for the harness that measures clusters beside each other ({@code
 * bench.Peer} is its interface): started by the launcher as a user does, asked over gRPC. Values
 * are wrapped as JSON strings; writes ask for one further node.
 *
 * <p>The system property {@code kdelta} is the launcher.
 */
public final class KdeltaPeer implements Peer {
  private static final int NODES = 3;
  private static final int PORT = 7878;
  private static final int CALL_SECONDS_MAX = 10;
  private static final long HEALTHY_SECONDS_MAX = 60;
  private static final String NAMESPACE = "bench";

  private final @Nullable Process[] nodes = new Process[NODES];
  private Path directory = Path.of(".");

  @Override
  public String name() {
    return "kdelta";
  }

  @Override
  public String ackMeaning() {
    return "fsynced in the log of the accepting node and of at least 1 of 2 others (level one)";
  }

  /** One connection per node for all threads, as the harness does with its other gRPC peer. */
  @Override
  public boolean sharedClients() {
    return true;
  }

  @Override
  public void start(Path dir) throws Exception {
    directory = dir;
    for (int n = 0; n < NODES; n++) startNode(n);
    awaitHealthy();
  }

  @Override
  public void startNode(int n) throws IOException {
    List<String> others = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      if (i != n) others.add(address(i));
    }
    List<String> command =
        List.of(
            System.getProperty("kdelta"),
            "start",
            "--name",
            "n" + n,
            "--data",
            directory.resolve("n" + n).toString(),
            "--listen",
            address(n),
            "--http",
            host(n) + ":" + (PORT + 2),
            "--cluster",
            NAMESPACE,
            "--join",
            String.join(",", others));
    nodes[n] = Child.start(command, directory.resolve("n" + n + ".log"));
  }

  @Override
  public void stopNode(int n, boolean kill) throws InterruptedException {
    Child.stop(nodes[n], kill);
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

  private static boolean healthy(int n) throws Exception {
    try (Caller caller = new Caller(n)) {
      List<Member> members =
          ClusterGrpc.newBlockingStub(caller.channel)
              .withDeadlineAfter(CALL_SECONDS_MAX, TimeUnit.SECONDS)
              .getClusterStatus(GetClusterStatusRequest.getDefaultInstance())
              .getNodesList();
      long alive = members.stream().filter(node -> node.getState() == Member.State.ALIVE).count();
      if (alive < NODES) return false;
      caller.put("health", new byte[] {'x'});
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    }
  }

  @Override
  public Client client(int n) {
    return new Caller(n);
  }

  @Override
  public void close() throws InterruptedException {
    for (int n = 0; n < NODES; n++) stopNode(n, true);
  }

  static String host(int n) {
    return "127.0.0." + (n + 1);
  }

  private static String address(int n) {
    return host(n) + ":" + PORT;
  }

  /** Puts and gets on one node. Any thread. */
  static final class Caller implements Client {
    private final ManagedChannel channel;
    private final KvGrpc.KvBlockingStub kv;

    Caller(int n) {
      channel =
          NettyChannelBuilder.forAddress(host(n), PORT).usePlaintext().directExecutor().build();
      kv = KvGrpc.newBlockingStub(channel);
    }

    @Override
    public void put(String key, byte[] value) {
      byte[] json = new byte[value.length + 2];
      json[0] = '"';
      json[json.length - 1] = '"';
      System.arraycopy(value, 0, json, 1, value.length);
      var _ =
          kv.withDeadlineAfter(CALL_SECONDS_MAX, TimeUnit.SECONDS)
              .put(
                  PutRequest.newBuilder()
                      .setNamespace(NAMESPACE)
                      .setKey(key)
                      .setValue(ByteString.copyFrom(json))
                      .setAck(AckLevel.ACK_LEVEL_ONE)
                      .build());
    }

    @Override
    public byte @Nullable [] get(String key) {
      try {
        ByteString json =
            kv.withDeadlineAfter(CALL_SECONDS_MAX, TimeUnit.SECONDS)
                .get(GetRequest.newBuilder().setNamespace(NAMESPACE).setKey(key).build())
                .getVersion()
                .getValue();
        return json.substring(1, json.size() - 1).toByteArray();
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCode() == Status.Code.NOT_FOUND) return null;
        throw e;
      }
    }

    @Override
    public void close() {
      channel.shutdownNow();
    }
  }
}
