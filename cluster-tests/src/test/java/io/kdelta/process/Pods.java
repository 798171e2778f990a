package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.Member;
import io.kdelta.sim.Audit;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The pods of deploy/k8s/base as processes: each has the environment that the StatefulSet gives it,
 * an address of loopback of its own, and a volume that outlives it. A pod that comes back has
 * another address. Names are answered from a file of hosts that is written anew whenever a pod
 * comes or goes: it stands for the DNS of the cluster. One thread.
 */
final class Pods implements AutoCloseable {
  private static final Path SET =
      Path.of(System.getProperty("kdelta.root"), "deploy", "k8s", "base", "statefulset.yaml");
  private static final Pattern VARIABLE =
      Pattern.compile("- name: (KDELTA_\\w+|JDK_JAVA_OPTIONS)\\s+value: (.+)");
  private static final Pattern GRACE = Pattern.compile("terminationGracePeriodSeconds: (\\d+)");
  private static final Pattern PAUSE = Pattern.compile("preStop:\\s+sleep:\\s+seconds: (\\d+)");
  private static final String NAMESPACE = "rolling";
  private static final String PEERS = "kdelta-peers." + NAMESPACE + ".svc";
  private static final String GRPC_PORT = "7878";
  private static final String HTTP_PORT = "7880";
  private static final String STARTED = "kdelta.v1.Peer";
  private static final String READY = "";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path folder;
  private final String manifest;
  private final int grpcPort;
  private final int httpPort;
  private final List<Pod> pods = new ArrayList<>();

  /** One of the set; null where there is none of that ordinal at the moment. */
  private static final class Pod {
    private final int ordinal;
    private int lives;
    private String address = "";
    private @Nullable Process process;
    private @Nullable ManagedChannel channel;

    Pod(int ordinal) {
      this.ordinal = ordinal;
    }

    String name() {
      return "kdelta-" + ordinal;
    }
  }

  /**
   * How a pod ended.
   *
   * @param code of its process
   * @param millis from the signal on
   */
  record End(int code, long millis) {}

  Pods(Path folder, int replicas) throws IOException {
    this.folder = folder;
    this.manifest = Files.readString(SET);
    this.grpcPort = portOfAll();
    this.httpPort = portOfAll();
    for (int i = 0; i < replicas; i++) pods.add(new Pod(i));
    tellNames();
  }

  /** A port that is free on every address of loopback, as in pods it is. */
  private static int portOfAll() throws IOException {
    for (int tries = 0; ; tries++) {
      int port = NodeProcess.freePort();
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("0.0.0.0"))) {
        return socket.getLocalPort();
      } catch (IOException taken) {
        if (tries > 100) throw taken;
      }
    }
  }

  /** Whether this machine answers at more addresses of loopback than one. */
  static boolean possible() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.1.1.1"))) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  /** The file of hosts, for a Java machine that is to see the same names. */
  List<String> names() {
    return List.of("-Djdk.net.hosts.file=" + folder.resolve("hosts"));
  }

  /** What every peer joins by: a name that stands for all pods, ready or not. */
  String headless() {
    return PEERS + ":" + grpcPort;
  }

  /** The name of one pod, wherever it is. */
  String name(int ordinal) {
    return pods.get(ordinal).name() + "." + PEERS + ":" + grpcPort;
  }

  /** From SIGTERM to SIGKILL, as the manifest says: what its pause before leaves of the grace. */
  long graceMillis() {
    return TimeUnit.SECONDS.toMillis(number(GRACE) - number(PAUSE));
  }

  private long number(Pattern what) {
    Matcher found = what.matcher(manifest);
    assertTrue(found.find(), () -> SET + " does not say " + what);
    return Long.parseLong(found.group(1));
  }

  /** All at once, as {@code podManagementPolicy: Parallel} says. */
  void startAll() throws IOException {
    for (Pod pod : pods) start(pod.ordinal);
    for (Pod pod : pods) awaitReady(pod.ordinal);
  }

  /** A pod gets an address, which is told, and then its process. */
  void start(int ordinal) throws IOException {
    Pod pod = pods.get(ordinal);
    pod.lives++;
    pod.address = "127.1." + pod.lives + "." + (ordinal + 1);
    tellNames();
    List<String> jvm =
        new ArrayList<>(List.of("-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    jvm.addAll(names());
    ProcessBuilder builder =
        new ProcessBuilder(
            NodeProcess.java(jvm, "io.kdelta.cli.Kdelta", List.of(), List.of("start")));
    builder.environment().putAll(environment(pod));
    pod.process =
        Guard.start(
            builder
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log(ordinal).toFile())));
    pod.channel =
        NettyChannelBuilder.forAddress(pod.address, grpcPort)
            .usePlaintext()
            .maxInboundMessageSize(8 << 20)
            .build();
  }

  /** What the manifest gives to this pod; on this machine a pod is its address. */
  private Map<String, String> environment(Pod pod) {
    TreeMap<String, String> environment = new TreeMap<>();
    Matcher variable = VARIABLE.matcher(manifest);
    while (variable.find()) {
      String value =
          variable
              .group(2)
              .replace("\"", "")
              .replace("$(POD_NAME)", pod.name())
              .replace("$(POD_NAMESPACE)", NAMESPACE)
              .replace("0.0.0.0:", pod.address + ":")
              .replace(":" + GRPC_PORT, ":" + grpcPort)
              .replace(":" + HTTP_PORT, ":" + httpPort)
              .replace("/data/", volume(pod.ordinal) + "/");
      environment.put(variable.group(1), value);
    }
    assertEquals(headless(), environment.get("KDELTA_JOIN"));
    assertEquals(name(pod.ordinal), environment.get("KDELTA_ADVERTISE"));
    return environment;
  }

  private void tellNames() throws IOException {
    StringBuilder hosts = new StringBuilder("127.0.0.1 localhost\n");
    for (Pod pod : pods) {
      if (pod.address.isEmpty()) continue;
      hosts.append(pod.address).append(' ').append(PEERS).append('\n');
      hosts.append(pod.address).append(' ').append(pod.name() + "." + PEERS).append('\n');
    }
    Path next = Files.writeString(folder.resolve("hosts.next"), hosts);
    Files.move(next, folder.resolve("hosts"), StandardCopyOption.ATOMIC_MOVE);
  }

  /** By the probes of the manifest: started, then ready. */
  void awaitReady(int ordinal) {
    await(pods.get(ordinal).name() + " is ready")
        .atMost(PATIENCE)
        .until(() -> serves(ordinal, STARTED) && serves(ordinal, READY));
  }

  private boolean serves(int ordinal, String service) {
    Pod pod = pods.get(ordinal);
    Process process = pod.process;
    if (process == null || !process.isAlive()) {
      throw new AssertionError(pod.name() + " has ended\n" + said(ordinal));
    }
    channel(ordinal).resetConnectBackoff();
    try {
      var request = HealthCheckRequest.newBuilder().setService(service).build();
      var told =
          HealthGrpc.newBlockingStub(channel(ordinal))
              .withDeadlineAfter(3, TimeUnit.SECONDS)
              .check(request);
      return told.getStatus() == ServingStatus.SERVING;
    } catch (io.grpc.StatusRuntimeException notYet) {
      return false;
    }
  }

  /** SIGTERM; its name is told until it has ended, and nothing is killed when its grace is over. */
  End terminate(int ordinal) throws IOException, InterruptedException {
    return end(ordinal, Process::destroy);
  }

  /** SIGKILL. */
  End kill(int ordinal) throws IOException, InterruptedException {
    return end(ordinal, Process::destroyForcibly);
  }

  private End end(int ordinal, Consumer<Process> signal) throws IOException, InterruptedException {
    Pod pod = pods.get(ordinal);
    Process process = running(pod);
    long began = System.nanoTime();
    signal.accept(process);
    assertTrue(process.waitFor(2 * graceMillis(), TimeUnit.MILLISECONDS), () -> said(ordinal));
    long millis = (System.nanoTime() - began) / 1_000_000;
    pod.process = null;
    pod.address = "";
    channel(ordinal).shutdownNow();
    tellNames();
    return new End(Guard.awaitEnd(process), millis);
  }

  private static Process running(Pod pod) {
    Process process = pod.process;
    if (process == null) throw new AssertionError(pod.name() + " does not run");
    return process;
  }

  /** SIGSTOP or SIGCONT. */
  void signal(int ordinal, String signal) throws IOException, InterruptedException {
    long pid = running(pods.get(ordinal)).pid();
    var _ = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor();
  }

  /** Where the data of a pod lies, while there is a pod and while there is none. */
  Path volume(int ordinal) {
    return folder.resolve("volume-" + ordinal);
  }

  private Path log(int ordinal) {
    return folder.resolve("kdelta-" + ordinal + ".log");
  }

  /** What all pods have logged with these words, in all their lives. */
  List<String> told(String words) throws IOException {
    List<String> told = new ArrayList<>();
    for (Pod pod : pods) {
      try (Stream<String> lines = Files.lines(log(pod.ordinal), StandardCharsets.UTF_8)) {
        lines.filter(line -> line.contains(words)).forEach(told::add);
      }
    }
    return told;
  }

  private String said(int ordinal) {
    try {
      return Files.readString(log(ordinal), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private ManagedChannel channel(int ordinal) {
    ManagedChannel channel = pods.get(ordinal).channel;
    if (channel == null) throw new AssertionError("kdelta-" + ordinal + " was never started");
    return channel;
  }

  /** All pods, each as the auditor asks it. */
  List<Audit.Subject> subjects() {
    return pods.stream()
        .<Audit.Subject>map(pod -> new GrpcSubject(pod.name(), channel(pod.ordinal)))
        .toList();
  }

  /** Waits until every pod sees all of them alive, and all claim one root. */
  void awaitWhole() {
    await("all see each other")
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> IntStream.range(0, pods.size()).allMatch(i -> aliveSeenBy(i) == pods.size()));
    await("equal roots")
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> subjects().stream().map(Audit.Subject::root).distinct().count() == 1);
  }

  private long aliveSeenBy(int ordinal) {
    return ClusterGrpc.newBlockingStub(channel(ordinal))
        .withDeadlineAfter(3, TimeUnit.SECONDS)
        .getClusterStatus(GetClusterStatusRequest.getDefaultInstance())
        .getNodesList()
        .stream()
        .filter(member -> member.getState() == Member.State.ALIVE)
        .count();
  }

  @Override
  public void close() throws IOException {
    try {
      for (Pod pod : pods) {
        if (pod.process != null) {
          var _ = kill(pod.ordinal);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
