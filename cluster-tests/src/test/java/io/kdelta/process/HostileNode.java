package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import com.sun.tools.attach.VirtualMachine;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.GetNodeStatusRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetStatsRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.NodeStatus;
import io.kdelta.proto.v1.PutRequest;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.junit.jupiter.api.function.Executable;

/**
 * One node process with a heap of 256 MiB that is given hostile input, and what has to hold behind
 * every one (security.md): nothing of it is stored, another connection is served at once, the heap
 * has not grown, no turn of the core was long, the process lives and no failure of its own stands
 * in its log. One thread.
 */
final class HostileNode implements AutoCloseable {
  /** Flags of its Java machine. */
  static final List<String> JVM =
      List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private static final long GROWTH_BYTES_MAX = 8L << 20;
  private static final long PATIENCE_SECONDS = 30;

  /** A turn is to take a tenth of that; the rest is for machines that have other things to do. */
  private static final double TURN_MILLIS_MAX = 1_000;

  private static final String TURN = "kdelta_core_turn_longest_seconds ";
  private static final String HONEST = "honest";

  private final NodeProcess node;
  private final ManagedChannel channel;
  private final JMXConnector management;
  private final MemoryMXBean memory;
  private final StolenTime stolen = new StolenTime();

  /** The longest turn of times in which the host gave the machine little, in milliseconds. */
  private double excused;

  private int served;

  /** Bytes of live objects when last looked. */
  private long heapBytes;

  private int failures;

  /** An attack; it says itself what the attacker has to be told. */
  interface Attack {
    void run() throws Exception;
  }

  // The address is that of a process which this one has started.
  @SuppressWarnings("BanJNDI")
  private HostileNode(NodeProcess node) throws Exception {
    this.node = node;
    this.channel = NettyChannelBuilder.forAddress("127.0.0.1", node.port()).usePlaintext().build();
    VirtualMachine machine = VirtualMachine.attach(Long.toString(node.pid()));
    try {
      management =
          JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()));
    } finally {
      machine.detach();
    }
    memory =
        ManagementFactory.getPlatformMXBean(
            management.getMBeanServerConnection(), MemoryMXBean.class);
  }

  /** Starts one in the folder. */
  static HostileNode start(Path folder, String... flags) throws Exception {
    NodeProcess node =
        new NodeProcess(
            "victim",
            folder.resolve("data"),
            folder.resolve("victim.log"),
            NodeProcess.freePort(),
            List.of(),
            List.of(flags));
    node.setJvm(JVM);
    node.start();
    try {
      node.awaitReady();
      HostileNode hostile = new HostileNode(node);
      hostile.serves();
      var _ = hostile.heap();
      return hostile;
    } catch (Exception | Error e) {
      node.close();
      throw e;
    }
  }

  NodeProcess process() {
    return node;
  }

  int port() {
    return node.port();
  }

  /** A connection of its own for the attacker that speaks proper gRPC; to be shut down by it. */
  ManagedChannel connect() {
    return NettyChannelBuilder.forAddress("127.0.0.1", port())
        .usePlaintext()
        .maxInboundMetadataSize(1 << 20)
        .build();
  }

  KvGrpc.KvBlockingStub kv() {
    return KvGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  ManagedChannel channel() {
    return channel;
  }

  /** What it says of itself. */
  NodeStatus status() {
    return AdminGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .getNodeStatus(GetNodeStatusRequest.getDefaultInstance());
  }

  /** One over frames that are written by hand. */
  interface RawAttack {
    void over(RawHttp2 connection) throws Exception;
  }

  /** The same, over a connection of its own. */
  void withstandsRaw(String what, RawAttack attack) {
    withstands(
        what,
        () -> {
          try (RawHttp2 connection = RawHttp2.open(port())) {
            attack.over(connection);
          }
        });
  }

  /** The attack, of which nothing is stored; then all that has to hold. */
  void withstands(String what, Attack attack) {
    long before = versions() - served;
    endures(what, attack);
    assertEquals(before, versions() - served, what + ": something is stored");
    serves();
  }

  /** The attack, of which something may be stored; then all else that has to hold. */
  void endures(String what, Attack attack) {
    long before = heapBytes;
    int known = failures;
    try {
      attack.run();
      failures = node.failures().size();
    } catch (Exception e) {
      throw new AssertionError(what + ": " + e + "\n" + node.said(), e);
    }
    assertTrue(node.alive(), () -> what + ": the node has ended\n" + node.said());
    readsItsOwn();
    // What the attacker's connections held goes with them, which takes its moment.
    await(what + ": the heap is what it was, " + before)
        .atMost(Duration.ofSeconds(PATIENCE_SECONDS))
        .until(() -> heap() - before < GROWTH_BYTES_MAX);
    double longest = turnMillis();
    if (stolen.muchSince()) excused = Math.max(excused, longest);
    assertTrue(
        longest < Math.max(TURN_MILLIS_MAX, Math.nextUp(excused)),
        () -> what + ": a turn of the core took " + longest + " ms");
    assertEquals(known, failures, () -> what + ": failures in the log\n" + node.said());
    System.out.printf(
        "survived: %s; heap %+d KiB, longest turn %.0f ms%n",
        what, (heapBytes - before) >> 10, longest);
  }

  private long versions() {
    return kv().getStats(GetStatsRequest.getDefaultInstance()).getVersions();
  }

  /** What no call may do: it ends with this status and reason, and says what to do. */
  static StatusRuntimeException refused(Status.Code code, String reason, Executable call) {
    StatusRuntimeException error = assertThrows(StatusRuntimeException.class, call);
    assertEquals(code, error.getStatus().getCode(), error::toString);
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    assertNotNull(status, error::toString);
    assertFalse(status.getDetailsList().isEmpty(), () -> "no details: " + error);
    try {
      ErrorInfo info = status.getDetails(0).unpack(ErrorInfo.class);
      assertEquals(reason, info.getReason(), error::toString);
      // What is wrong with a request says itself what to do: its place, and the rule.
      String told = reason.equals("INVALID") ? "cause" : "hint";
      assertFalse(info.getMetadataOrDefault(told, "").isEmpty(), () -> "no " + told + ": " + info);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
    return error;
  }

  static StatusRuntimeException invalid(Executable call) {
    return refused(Status.Code.INVALID_ARGUMENT, "INVALID", call);
  }

  /** An honest client writes and reads, on a connection that no attacker shares. */
  void serves() {
    served++;
    var _ =
        kv().put(
                PutRequest.newBuilder()
                    .setNamespace(HONEST)
                    .setKey("key")
                    .setAck(AckLevel.ACK_LEVEL_LOCAL)
                    .setValue(ByteString.copyFromUtf8("{\"n\":" + served + "}"))
                    .build());
    readsItsOwn();
  }

  void readsItsOwn() {
    GetRequest get = GetRequest.newBuilder().setNamespace(HONEST).setKey("key").build();
    assertEquals(
        "{\"n\":" + served + "}", kv().get(get).getVersion().getValue().toStringUtf8(), "served");
  }

  /** The longest turn that its core has taken, pauses for the collector included. */
  private double turnMillis() {
    try {
      for (String line : node.metrics().split("\n", -1)) {
        if (line.startsWith(TURN)) return 1e3 * Double.parseDouble(line.substring(TURN.length()));
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    throw new AssertionError("nothing is told of turns");
  }

  /** Bytes of live objects. */
  private long heap() {
    memory.gc();
    heapBytes = memory.getHeapMemoryUsage().getUsed();
    return heapBytes;
  }

  @Override
  public void close() throws IOException {
    channel.shutdownNow();
    try {
      management.close();
      assertEquals(0, node.terminate(), node::said);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      node.close();
    }
  }
}
