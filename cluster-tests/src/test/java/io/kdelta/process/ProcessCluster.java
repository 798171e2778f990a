package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListSessionsRequest;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.Session;
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
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Several node processes on loopback, each behind a {@link LinkProxy} that its peers dial, unless
 * they are {@link #direct}.
 */
final class ProcessCluster implements AutoCloseable {
  /** LIVE says 30 s; here every node shares the machine with the others and with the test. */
  static final Duration AGREEMENT = Duration.ofSeconds(60);

  private static final long CALL_SECONDS = 10;

  private final Path folder;
  private final List<Path> patches;
  private final boolean direct;
  private final List<Place> places = new CopyOnWriteArrayList<>();
  private final Roads roads = new Roads();

  /**
   * A node with what belongs to it.
   *
   * @param name what the roads know it by
   * @param proxy null where peers dial the node itself
   * @param advertised where its peers dial it
   */
  record Place(
      String name,
      NodeProcess node,
      @Nullable LinkProxy proxy,
      String advertised,
      ManagedChannel channel) {}

  ProcessCluster(Path folder, int size) throws IOException {
    this(folder, size, List.of());
  }

  /**
   * @param folder for data and logs, one folder a node
   * @param patches folders of classes that stand in place of the product's
   */
  ProcessCluster(Path folder, int size, List<Path> patches) throws IOException {
    this(folder, size, patches, false);
  }

  private ProcessCluster(Path folder, int size, List<Path> patches, boolean direct)
      throws IOException {
    this.folder = folder;
    this.patches = List.copyOf(patches);
    this.direct = direct;
    for (int i = 0; i < size; i++) {
      String name = "node-" + (i + 1);
      add(name, name, disk(i).resolve("data"));
      if (i > 0) joinOthers(i);
    }
  }

  /** Nodes without anything between them: nothing can be held back, and nothing costs extra. */
  static ProcessCluster direct(Path folder, int size) throws IOException {
    return new ProcessCluster(folder, size, List.of(), true);
  }

  /** Where everything of a node lies; a file system may be mounted there before the start. */
  Path disk(int index) {
    return folder.resolve("node-" + (index + 1));
  }

  /** Adds a node that is not started yet. */
  void add(String name, String nodeName, Path data) throws IOException {
    int port = NodeProcess.freePort();
    int proxyPort = direct ? port : NodeProcess.freePort();
    String advertised = "127.0.0.1:" + proxyPort;
    Path log = folder.resolve(name + ".log");
    NodeProcess node =
        new NodeProcess(
            nodeName,
            data,
            log,
            port,
            patches,
            List.of("--advertise", advertised, "--cluster", "test"));
    LinkProxy proxy = direct ? null : new LinkProxy(proxyPort, port, name, this::running, roads);
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port)
            .usePlaintext()
            .maxInboundMessageSize(8 << 20)
            .build();
    places.add(new Place(name, node, proxy, advertised, channel));
  }

  /** From its next start on the node looks for all others. */
  void joinOthers(int index) {
    List<String> others = new ArrayList<>();
    for (int i = 0; i < places.size(); i++) {
      if (i != index) others.add(places.get(i).advertised);
    }
    places
        .get(index)
        .node
        .setFlags(
            List.of(
                "--advertise",
                places.get(index).advertised,
                "--cluster",
                "test",
                "--join",
                String.join(",", others)));
  }

  /** Takes a node away for good; it must be the last one that was added. */
  void removeLast() throws IOException {
    Place gone = places.removeLast();
    close(gone);
  }

  private Map<Long, String> running() {
    TreeMap<Long, String> running = new TreeMap<>();
    for (Place place : places) {
      long pid = place.node.pid();
      if (pid > 0) running.put(pid, place.name);
    }
    return running;
  }

  void start() throws IOException {
    for (Place place : places) place.node.start();
    for (int i = 0; i < places.size(); i++) awaitReady(i);
    awaitMembers(places.size());
  }

  int size() {
    return places.size();
  }

  NodeProcess node(int index) {
    return places.get(index).node;
  }

  /** Where clients find the nodes. */
  List<String> addresses() {
    return places.stream().map(place -> place.node.address()).toList();
  }

  String name(int index) {
    return places.get(index).name;
  }

  Roads roads() {
    return roads;
  }

  /** Waits until the node serves. */
  void awaitReady(int index) {
    Place place = places.get(index);
    place.node.awaitReady();
    // A channel that has failed often waits long before it tries again.
    place.channel.resetConnectBackoff();
  }

  ManagedChannel channel(int index) {
    return places.get(index).channel;
  }

  KvGrpc.KvBlockingStub kv(int index) {
    return KvGrpc.newBlockingStub(channel(index)).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  VersionsGrpc.VersionsBlockingStub versions(int index) {
    return VersionsGrpc.newBlockingStub(channel(index))
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  ClusterStatus status(int index) {
    return ClusterGrpc.newBlockingStub(channel(index))
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
        .getClusterStatus(GetClusterStatusRequest.getDefaultInstance());
  }

  /** The sessions that the node remembers, newest first. */
  List<Session> sessions(int index) {
    return ClusterGrpc.newBlockingStub(channel(index))
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
        .listSessions(ListSessionsRequest.getDefaultInstance())
        .getSessionsList();
  }

  GrpcSubject subject(int index) {
    return new GrpcSubject(name(index), channel(index));
  }

  /** Holds back every byte between the node and all others, both ways. */
  void isolate(int index) {
    for (int peer = 0; peer < places.size(); peer++) {
      if (peer == index) continue;
      roads.set(name(peer), name(index), Roads.Road.CUT);
      roads.set(name(index), name(peer), Roads.Road.CUT);
    }
  }

  void heal() {
    roads.healAll();
  }

  /** Waits until every node that is up sees so many alive members. */
  void awaitMembers(int count) {
    for (int i = 0; i < places.size(); i++) {
      int index = i;
      if (!up(i)) continue;
      await(name(i) + " sees " + count + " members alive")
          .atMost(AGREEMENT)
          .ignoreExceptions()
          .until(() -> aliveSeenBy(index) == count);
    }
  }

  /** Whether it was started and not ended since by the test: one that ended by itself counts. */
  private boolean up(int index) {
    return node(index).pid() > 0;
  }

  private long aliveSeenBy(int index) {
    return status(index).getNodesList().stream()
        .filter(member -> member.getState() == Member.State.ALIVE)
        .count();
  }

  /** Waits until all nodes that are up claim one root (LIVE). */
  void awaitEqualRoots() {
    try {
      await("equal roots")
          .atMost(AGREEMENT)
          .ignoreExceptions()
          .until(() -> subjects().stream().map(Audit.Subject::root).distinct().count() == 1);
    } catch (org.awaitility.core.ConditionTimeoutException late) {
      throw new OracleFailure(
          "LIVE",
          "roots still differ " + AGREEMENT.toSeconds() + " s after the faults: " + roots());
    }
  }

  private Map<String, String> roots() {
    TreeMap<String, String> roots = new TreeMap<>();
    for (int i = 0; i < places.size(); i++) {
      try {
        Audit.Subject subject = subject(i);
        roots.put(name(i), subject.root() + " of " + subject.counts().versions());
      } catch (RuntimeException e) {
        roots.put(name(i), e + "\n" + node(i).said());
      }
    }
    return roots;
  }

  /** Waits until all nodes claim one root, then audits each and compares what they hold. */
  RawGraph agree() {
    awaitEqualRoots();
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

  /** Those that are up. */
  List<GrpcSubject> subjects() {
    List<GrpcSubject> subjects = new ArrayList<>();
    for (int i = 0; i < places.size(); i++) {
      if (up(i)) subjects.add(subject(i));
    }
    return subjects;
  }

  /** Runs one {@code kdelta} command against a node as a user would; answers its output. */
  String kdelta(int index, String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("-s", node(index).address()));
    all.addAll(List.of(arguments));
    Process process = Guard.start(new ProcessBuilder(NodeProcess.kdelta(patches, all)));
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, Guard.awaitEnd(process), String.join(" ", all) + "\n" + output + errors);
    return output;
  }

  @Override
  public void close() throws IOException {
    for (Place place : places) close(place);
  }

  private static void close(Place place) throws IOException {
    place.channel.shutdownNow();
    place.node.close();
    if (place.proxy != null) place.proxy.close();
  }
}
