package io.kdelta.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.kdelta.cluster.ClusterConfig;
import io.kdelta.cluster.Lane;
import io.kdelta.core.CoreConfig;
import io.kdelta.core.CoreThread;
import io.kdelta.core.EffectSink;
import io.kdelta.core.Event;
import io.kdelta.core.Reply;
import io.kdelta.env.Entropy;
import io.kdelta.env.HostEntropy;
import io.kdelta.env.HostTime;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.server.http.Contract;
import io.kdelta.server.http.HttpPort;
import io.kdelta.server.http.RequestReader;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.HostVfs;
import io.kdelta.vfs.Vfs;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A whole node in this process: gRPC, HTTP, the core and its threads. Thread-safe.
 *
 * <p>It listens before it recovers, so a taken port is found before the data directory is touched,
 * and a probe gets an answer while a long log is read.
 */
public final class NodeServer implements AutoCloseable {
  /** How long a stop waits until others hold what this node holds. */
  static final long DRAIN_SECONDS_MAX = 15;

  /** How long it then waits for calls to end. */
  static final long CALLS_SECONDS_MAX = 5;

  private static final int WORKERS_MIN = 2;

  /** Half of the processors read and write the network, up to so many. */
  private static final int LOOPS_MAX = 16;

  private static final LocalOnly LOCAL = new LocalOnly(Set.of("GetNodeStatus", "ListSnapshots"));

  private final NodeConfig config;
  private final Notices notices;
  private final Time time = new HostTime();
  private final ExecutorService workers;
  private final EventLoops loops;
  private final ScheduledExecutorService timer;
  private final NodeNames names = new NodeNames();
  private final NodeMetrics metrics = new NodeMetrics();
  private final CompletableFuture<Optional<Throwable>> departure = new CompletableFuture<>();
  private final CompletableFuture<CoreThread> core = new CompletableFuture<>();
  private final UnfinishedMessages unfinished =
      new UnfinishedMessages(EdgeLimits.unfinishedBytesMax(Runtime.getRuntime().maxMemory()), time);
  private final NodeTls tls;
  private final Referrals referrals = new Referrals(this::referral, this::clusterSeen);
  private final Calls calls;
  private final PeerStreams peers;
  private final TracedCalls traces;
  private final NodeHealth health;
  private final Replies replies = new Replies(names);
  private final WatchService watches;
  private final Contract contract;
  private final Server grpc;
  private @Nullable HttpPort http;
  private Address listen;

  private NodeServer(NodeConfig config, Notices notices, PeerStreams.Names peerNames)
      throws CannotStart {
    this.config = config;
    this.notices = notices;
    this.tls = NodeTls.load(config.network().tls(), time, notices);
    int processors = Runtime.getRuntime().availableProcessors();
    int count = Math.max(WORKERS_MIN, processors);
    this.workers = Executors.newFixedThreadPool(count, named("kdelta-edge"));
    this.timer = Executors.newSingleThreadScheduledExecutor(named("kdelta-timer"));
    this.loops = new EventLoops(Math.clamp(processors / 2, 1, LOOPS_MAX), named("kdelta-net"));
    this.calls = new Calls(workers, loops, referrals);
    TraceLog traceLog = new TraceLog(time, workers, notices, config.identity().name());
    this.peers =
        new PeerStreams(
            calls,
            timer,
            loops,
            EdgeLimits.messageBytesMax(config.store().documentBytesMax()),
            peerNames,
            tls,
            notices,
            new TracedWrites(
                traceLog,
                (command, after, nanos, responder) ->
                    calls.core().submit(command, after, nanos, responder)));
    this.traces = new TracedCalls(traceLog, peers::trace);
    calls.trace(traces);
    this.watches = new WatchService(calls, replies);
    this.contract = contract();
    List<BindableService> services = services();
    this.health =
        new NodeHealth(
            time,
            names,
            services.stream().map(s -> s.bindService().getServiceDescriptor().getName()).toList());
    this.grpc = build(services);
    this.listen = config.network().listen();
  }

  /**
   * Starts a node and returns when it serves.
   *
   * @param notices takes lines for the operator, on any thread
   * @throws CannotStart when an address or the data directory is taken
   */
  public static NodeServer start(NodeConfig config, Notices notices) throws CannotStart {
    return start(config, notices, new HostNames("dns:"));
  }

  /** The same with other names of peers, for tests. */
  static NodeServer start(NodeConfig config, Notices notices, PeerStreams.Names peerNames)
      throws CannotStart {
    NodeServer server = new NodeServer(config, notices, peerNames);
    try {
      server.listen();
      server.recover();
      return server;
    } catch (CannotStart | RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /** Where gRPC listens, the port resolved. */
  public Address address() {
    return listen;
  }

  /** Where HTTP listens, the port resolved. */
  public Optional<Address> httpAddress() {
    HttpPort open = http;
    if (open == null) return Optional.empty();
    return config.network().http().map(address -> address.withPort(open.port()));
  }

  /** How many other members it has a link to, as last seen. */
  int linkedPeers() {
    return health.linkedPeers();
  }

  /**
   * Waits until the node has left its cluster, is drained, or has stopped by itself; why, in the
   * last case.
   */
  public Optional<Throwable> awaitDeparture() throws InterruptedException {
    try {
      return departure.get();
    } catch (java.util.concurrent.ExecutionException e) {
      throw new AssertionError("a departure cannot fail", e);
    }
  }

  /** Takes no more calls, ships what the peers lack, and tells them; bounded in time. */
  public void drain() {
    health.stop();
    calls.stop();
    CoreThread running = core.getNow(null);
    if (running == null || !running.offer(new Event.Drain())) return;
    try {
      var _ = departure.get(DRAIN_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      notices.accept("the peers did not take everything in time; they will ask for it later");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException e) {
      throw new AssertionError("a departure cannot fail", e);
    }
  }

  /** Ends everything: calls, links, the core. What was acknowledged is on disk. */
  @Override
  public void close() {
    health.stop();
    calls.stop();
    peers.close();
    referrals.close();
    grpc.shutdown();
    CoreThread running = core.getNow(null);
    if (running != null) running.close();
    try {
      if (!grpc.awaitTermination(CALLS_SECONDS_MAX, TimeUnit.SECONDS)) grpc.shutdownNow();
    } catch (InterruptedException e) {
      grpc.shutdownNow();
      Thread.currentThread().interrupt();
    }
    HttpPort open = http;
    if (open != null) open.close();
    metrics.close();
    timer.shutdownNow();
    workers.shutdown();
    loops.close();
  }

  private String clusterSeen() {
    Reply.MemberList last = health.members();
    return last == null ? "" : last.cluster().hex();
  }

  private ManagedChannel referral(String address) {
    return peers
        .channel(address)
        .idleTimeout(EdgeLimits.REFERRAL_IDLE_SECONDS, TimeUnit.SECONDS)
        .build();
  }

  /** What clients may ask, over gRPC and over HTTP alike. */
  private Contract contract() {
    Requests requests = new Requests(config.store().documentBytesMax());
    return new Contract(
        new KvService(calls, requests, replies),
        new VersionsService(calls, requests, replies),
        new ClusterService(calls),
        watches,
        new BoundedReader());
  }

  /** What gRPC reads with. */
  private static final class BoundedReader implements RequestReader {
    @Override
    public <Q extends Message> Q read(Q prototype, ByteString bytes) {
      return CheckedRequests.read(prototype, bytes.toByteArray());
    }
  }

  private List<BindableService> services() {
    return List.of(
        contract.kv(),
        contract.versions(),
        contract.watch(),
        contract.cluster(),
        new AdminService(calls, this::facts),
        peers);
  }

  private Server build(List<BindableService> services) {
    ConnectionCap connections = new ConnectionCap(EdgeLimits.CONNECTIONS_MAX);
    NettyServerBuilder builder =
        tls.carry(
                loops.carry(
                    NettyServerBuilder.forAddress(config.network().listen().resolve("listen"))))
            .directExecutor()
            .callExecutor(new CallExecutors(workers))
            .maxInboundMessageSize(EdgeLimits.messageBytesMax(config.store().documentBytesMax()))
            .maxInboundMetadataSize(EdgeLimits.METADATA_BYTES_MAX)
            .maxConcurrentCallsPerConnection(EdgeLimits.CALLS_PER_CONNECTION_MAX)
            .handshakeTimeout(EdgeLimits.HANDSHAKE_SECONDS_MAX, TimeUnit.SECONDS)
            .permitKeepAliveTime(EdgeLimits.PING_SECONDS_MIN, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .keepAliveTime(EdgeLimits.KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(EdgeLimits.KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .maxConnectionIdle(EdgeLimits.IDLE_MINUTES_MAX, TimeUnit.MINUTES)
            .maxConnectionAge(EdgeLimits.AGE_HOURS_MAX, TimeUnit.HOURS)
            .maxRstFramesPerWindow(EdgeLimits.RESETS_MAX, EdgeLimits.RESETS_WINDOW_SECONDS)
            .addStreamTracerFactory(unfinished)
            .addTransportFilter(connections)
            .intercept(unfinished)
            .intercept(connections)
            .intercept(metrics)
            .intercept(traces)
            .intercept(referrals);
    for (BindableService service : services) {
      ServerServiceDefinition limited = CheckedRequests.apply(service.bindService());
      builder.addService(
          switch (service) {
            case AdminService _ -> ServerInterceptors.intercept(limited, LOCAL);
            case PeerStreams _ when tls.knowsPeers() ->
                ServerInterceptors.intercept(limited, new PeersOnly());
            default -> limited;
          });
    }
    return builder
        .addService(CheckedRequests.apply(health.manager().getHealthService().bindService()))
        .addService(CheckedRequests.apply(ProtoReflectionServiceV1.newInstance().bindService()))
        .build();
  }

  private void listen() throws CannotStart {
    try {
      grpc.start();
      listen = listen.withPort(grpc.getPort());
      var _ = timer.scheduleWithFixedDelay(unfinished::sweep, 1, 1, TimeUnit.SECONDS);
    } catch (IOException e) {
      throw taken("--listen or --port", config.network().listen(), e);
    }
    Address address = config.network().http().orElse(null);
    if (address == null) return;
    try {
      http =
          HttpPort.open(
              backlog -> tls.http(address.resolve("http"), backlog),
              new HttpPort.Doors(listen.port(), tls::admits, hosts()),
              contract,
              new HttpPort.Probes(
                  health::alive, health::unreadiness, metrics::scrape, metrics::answered),
              EdgeLimits.messageBytesMax(config.store().documentBytesMax()));
    } catch (IOException e) {
      throw taken("--http", address, e);
    }
  }

  /** Everything that people call this node. */
  private List<String> hosts() {
    NodeConfig.Network network = config.network();
    List<String> hosts = new ArrayList<>(network.httpHosts());
    network.http().ifPresent(http -> hosts.add(http.host()));
    hosts.add(network.listen().host());
    network.advertise().ifPresent(address -> hosts.add(address.host()));
    return hosts;
  }

  private static CannotStart taken(String flag, Address address, IOException cause) {
    if (address.port() == 0) {
      return new CannotStart("cannot listen on " + address + ": " + cause, "", cause);
    }
    return new CannotStart(
        "the address " + address + " is taken by " + PortOwner.describe(address.port()),
        "kdelta start " + flag + " ... listens elsewhere",
        cause);
  }

  private void recover() throws CannotStart {
    NodeConfig.Store store = config.store();
    Entropy entropy = new HostEntropy();
    Vfs vfs = store.inMemory() ? MemoryVfs.create(entropy) : new HostVfs(store.directory());
    CoreThread opened;
    try {
      opened = CoreThread.start(coreConfig(), vfs, time, entropy, new Sink());
    } catch (KdeltaException.DiskFault e) {
      if (!e.operation().equals("lock")) throw e;
      Throwable owner = e.getCause();
      throw new CannotStart(
          "the data directory "
              + store.directory()
              + " is "
              + (owner == null ? "in use by another process" : owner.getMessage()),
          "kdelta start --data DIR uses another one",
          e);
    }
    core.complete(opened);
    metrics.bind(opened, health, watches, referrals);
    tls.credentials().ifPresent(metrics::bind);
    calls.open(opened);
    health.watch(opened, timer);
    tls.watch(timer);
  }

  private CoreConfig coreConfig() {
    NodeConfig.Identity identity = config.identity();
    String owner = "process " + ProcessHandle.current().pid() + " (kdelta at " + listen + ")";
    CoreConfig.Member member =
        new CoreConfig.Member(
            identity.name(),
            List.of(config.network().advertise().orElse(listen).toString()),
            httpAddress().map(Address::toString).orElse(""),
            identity.zone(),
            Software.VERSION,
            identity.cluster(),
            identity.join(),
            identity.backups(),
            ClusterConfig.Pace.DEFAULT,
            ClusterConfig.Limits.DEFAULT);
    CoreConfig.Limits limits =
        CoreConfig.Limits.DEFAULT.withScrub(TimeUnit.HOURS.toSeconds(config.store().scrubHours()));
    return new CoreConfig(owner, member, StorageLimits.standard(), limits, Processor.hasher());
  }

  private AdminService.Facts facts() {
    long started =
        ProcessHandle.current().info().startInstant().map(i -> i.getEpochSecond()).orElse(0L);
    NodeConfig.Store store = config.store();
    return new AdminService.Facts(
        store.inMemory() ? "(in memory)" : store.directory().toAbsolutePath().toString(),
        listen.toString(),
        httpAddress().map(Address::toString).orElse(""),
        Timestamp.newBuilder().setSeconds(started).build());
  }

  private static ThreadFactory named(String name) {
    return Thread.ofPlatform().name(name + "-", 1).daemon(true).factory();
  }

  /** What the core asks of the world. Called on the core thread; hands over. */
  private final class Sink implements EffectSink {
    @Override
    public void send(long link, Bytes message, Lane lane) {
      peers.send(link, message, lane);
    }

    @Override
    public void dial(String address) {
      // The core may ask before its start has returned.
      var _ = core.thenAcceptAsync(opened -> peers.dial(opened, address), timer);
    }

    @Override
    public void hangup(long link, String reason) {
      peers.hangUp(link, reason);
    }

    @Override
    public void notice(String text) {
      timer.execute(() -> notices.accept(text));
    }

    @Override
    public void departed() {
      departure.complete(Optional.empty());
    }

    @Override
    public void halted(Throwable cause) {
      health.stop();
      departure.complete(Optional.of(cause));
    }
  }
}
