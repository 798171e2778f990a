package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.sim.Audit;
import io.kdelta.sim.OracleFailure;
import io.kdelta.sim.RawGraph;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Several node processes on loopback, each behind a {@link LinkProxy} that its peers dial. */
final class ProcessCluster implements AutoCloseable {
  private static final Duration AGREEMENT = Duration.ofSeconds(60);

  private final List<NodeProcess> nodes = new ArrayList<>();
  private final List<LinkProxy> proxies = new ArrayList<>();
  private final List<ManagedChannel> channels = new ArrayList<>();
  private final Set<String> cut = LinkProxy.noCuts();

  ProcessCluster(Path folder, int size) throws IOException {
    String firstProxy = "";
    for (int i = 0; i < size; i++) {
      int port = NodeProcess.freePort();
      int proxyPort = NodeProcess.freePort();
      String advertised = "127.0.0.1:" + proxyPort;
      List<String> flags = new ArrayList<>(List.of("--advertise", advertised, "--cluster", "test"));
      if (i == 0) firstProxy = advertised;
      else flags.addAll(List.of("--join", firstProxy));
      NodeProcess node =
          new NodeProcess("node-" + (i + 1), folder, port, NodeProcess.freePort(), flags);
      nodes.add(node);
      proxies.add(new LinkProxy(proxyPort, port, node::pid, cut));
      channels.add(NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build());
    }
  }

  void start() throws IOException {
    for (NodeProcess node : nodes) node.start();
    for (NodeProcess node : nodes) node.awaitReady();
    awaitMembers(nodes.size());
  }

  NodeProcess node(int index) {
    return nodes.get(index);
  }

  KvGrpc.KvBlockingStub kv(int index) {
    return KvGrpc.newBlockingStub(channels.get(index)).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  VersionsGrpc.VersionsBlockingStub versions(int index) {
    return VersionsGrpc.newBlockingStub(channels.get(index))
        .withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  ClusterStatus status(int index) {
    return ClusterGrpc.newBlockingStub(channels.get(index))
        .withDeadlineAfter(10, TimeUnit.SECONDS)
        .getClusterStatus(GetClusterStatusRequest.getDefaultInstance());
  }

  /** Holds back every byte between the node and all others, both ways. */
  void isolate(int index) {
    for (NodeProcess peer : nodes) {
      if (peer == nodes.get(index)) continue;
      cut.add(LinkProxy.link(peer.pid(), nodes.get(index).pid()));
      cut.add(LinkProxy.link(nodes.get(index).pid(), peer.pid()));
    }
  }

  void heal() {
    cut.clear();
  }

  /** Waits until every node sees so many alive members. */
  void awaitMembers(int count) {
    for (int i = 0; i < nodes.size(); i++) {
      int index = i;
      await(nodes.get(i).name() + " sees " + count + " members alive")
          .atMost(AGREEMENT)
          .ignoreExceptions()
          .until(() -> aliveSeenBy(index) == count);
    }
  }

  private long aliveSeenBy(int index) {
    return status(index).getNodesList().stream()
        .filter(member -> member.getState() == Member.State.ALIVE)
        .count();
  }

  /** Waits until all nodes claim one root, then audits each and compares what they hold. */
  RawGraph agree() {
    await("equal roots")
        .atMost(AGREEMENT)
        .ignoreExceptions()
        .until(() -> subjects().stream().map(Audit.Subject::root).distinct().count() == 1);
    RawGraph first = null;
    for (Audit.Subject subject : subjects()) {
      RawGraph graph = Audit.of(subject).graph();
      if (first == null) {
        first = graph;
      } else if (!graph.equals(first)) {
        throw new OracleFailure(
            "O2", subject.name() + " holds something else:\n" + graph.difference(first));
      }
    }
    return first == null ? new RawGraph() : first;
  }

  private List<Audit.Subject> subjects() {
    List<Audit.Subject> subjects = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      subjects.add(new GrpcSubject(nodes.get(i).name(), channels.get(i)));
    }
    return subjects;
  }

  /** Runs one {@code kdelta} command against a node as a user would; answers its output. */
  String kdelta(int index, String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("-s", nodes.get(index).address()));
    all.addAll(List.of(arguments));
    Process process = new ProcessBuilder(NodeProcess.kdelta(all)).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), String.join(" ", all) + "\n" + output + errors);
    return output;
  }

  @Override
  public void close() throws IOException {
    channels.forEach(ManagedChannel::shutdownNow);
    nodes.forEach(NodeProcess::close);
    for (LinkProxy proxy : proxies) proxy.close();
  }
}
