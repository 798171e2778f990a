package io.kdelta.server;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.kdelta.cluster.Member;
import io.kdelta.core.CoreStats;
import io.kdelta.core.CoreThread;
import io.kdelta.core.Reply;
import io.kdelta.tls.Credentials;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a node for Prometheus. The core counts in plain longs and knows nothing of this;
 * what is shown is read from its picture when somebody asks. Labels are bounded: never a key.
 */
final class NodeMetrics implements ServerInterceptor, AutoCloseable {
  private static final double MILLIS_PER_SECOND = 1e3;
  private static final double NANOS_PER_SECOND = 1e9;

  /** From a read in memory to the longest that a call may take. */
  private static final Duration[] BUCKETS =
      LongStream.of(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)
          .mapToObj(Duration::ofMillis)
          .toArray(Duration[]::new);

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics garbage = new JvmGcMetrics();
  private volatile @Nullable PeerMetrics peers;

  /** Asking the registry for a timer by its tags would cost more than a short call. */
  private final Map<Outcome, Timer> timers = new ConcurrentHashMap<>();

  /** What calls are counted by. */
  private record Outcome(String service, String method, Status.Code code) {
    static Outcome of(MethodDescriptor<?, ?> method, Status status) {
      String service = method.getServiceName();
      String name = method.getBareMethodName();
      return new Outcome(
          service == null ? "" : service, name == null ? "" : name, status.getCode());
    }
  }

  NodeMetrics() {
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    garbage.bindTo(registry);
  }

  /** Shows until when the own certificate is valid, in seconds since 1970. */
  void bind(Credentials credentials) {
    Gauge.builder(
            "kdelta.tls.certificate.end.seconds",
            credentials,
            c -> c.end().map(end -> (double) end.getEpochSecond()).orElse(Double.NaN))
        .description("until when the certificate is valid")
        .register(registry);
  }

  /** Shows the counters of a core, and its members. */
  void bind(CoreThread core, NodeHealth health, WatchService watches, Referrals referrals) {
    counter(core, "kdelta.core.turns", "turns of the core", CoreStats::turns);
    FunctionCounter.builder("kdelta.core.turn.seconds", core, c -> c.turnNanos() / NANOS_PER_SECOND)
        .description("time of turns")
        .register(registry);
    Gauge.builder(
            "kdelta.core.turn.longest.seconds", core, c -> c.longestTurnNanos() / NANOS_PER_SECOND)
        .description("the longest turn since the start")
        .register(registry);
    counter(core, "kdelta.core.events", "events that the core handled", CoreStats::events);
    counter(core, "kdelta.core.commands", "commands of clients", CoreStats::commands);
    counter(core, "kdelta.core.writes", "versions that clients wrote", CoreStats::writes);
    counter(core, "kdelta.core.replies", "answers that left", CoreStats::replies);
    counter(core, "kdelta.core.refusals", "errors that left", CoreStats::refusals);
    counter(core, "kdelta.core.overloads", "requests that did not fit", CoreStats::overloads);
    counter(core, "kdelta.core.unmet", "writes whose level was not met", CoreStats::unmet);
    gauge(core, "kdelta.core.parked", "answers that wait for a disk", CoreStats::parked);
    gauge(core, "kdelta.core.inbox.events", "events that wait", CoreStats::inboxEvents);
    gauge(core, "kdelta.core.inbox.bytes", "bytes that wait", CoreStats::inboxBytes);
    gauge(core, "kdelta.versions", "versions in the set", CoreStats::versions);
    gauge(core, "kdelta.conflicted.keys", "keys with several heads", CoreStats::conflictedKeys);
    gauge(core, "kdelta.disk.bytes", "bytes of all files", CoreStats::diskBytes);
    gauge(
        core,
        "kdelta.wal.unsynced.batches",
        "batches in the log that are not yet synced",
        stats -> (double) stats.lastLsn() - stats.durableLsn());
    bindStorage(core);
    bindTraffic(core);
    gauge(core, "kdelta.sessions.waiting", "requests behind a token", s -> s.waiting().requests());
    counter(core, "kdelta.sessions.behind", "requests told BEHIND", s -> s.waiting().behind());
    FunctionCounter.builder("kdelta.reads.referred", referrals, Referrals::passedOn)
        .description("reads that another node answered: this one held nothing")
        .register(registry);
    gauge(core, "kdelta.watches.waiting", "watchers with all read", s -> s.waiting().watchers());
    Gauge.builder("kdelta.watch.streams", watches, WatchService::streams)
        .description("open watches")
        .register(registry);
    peers = new PeerMetrics(registry, health);
    for (Member.State state : Member.State.values()) {
      Gauge.builder("kdelta.peers", health, h -> count(h, state))
          .description("other members by state")
          .tag("state", state.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
    Gauge.builder("kdelta.replication.lag.versions", health, NodeMetrics::lag)
        .description("versions that the member furthest behind lacks")
        .register(registry);
    Gauge.builder("kdelta.ready", health, h -> h.unreadiness().isEmpty() ? 1 : 0)
        .description("whether the node is ready")
        .register(registry);
  }

  private void bindStorage(CoreThread core) {
    counter(core, "kdelta.wal.syncs", "syncs of the log", s -> s.storage().logSyncs());
    FunctionCounter.builder("kdelta.wal.sync.seconds", core, c -> c.logNanos() / NANOS_PER_SECOND)
        .description("time of these syncs")
        .register(registry);
    counter(core, "kdelta.storage.batches", "batches applied", s -> s.storage().batches());
    counter(core, "kdelta.storage.batch.bytes", "their bytes", s -> s.storage().batchBytes());
    counter(core, "kdelta.storage.flushes", "tables flushed", s -> s.storage().flushes());
    counter(core, "kdelta.storage.flushed.bytes", "bytes flushed", s -> s.storage().flushedBytes());
    counter(core, "kdelta.storage.merges", "merge steps", s -> s.storage().merges());
    counter(core, "kdelta.storage.merged.bytes", "bytes merged", s -> s.storage().mergedBytes());
    counter(core, "kdelta.storage.failures", "table work that failed", s -> s.storage().failures());
    counter(core, "kdelta.scrub.bytes", "read by the scrub", s -> s.storage().scrubbedBytes());
    counter(core, "kdelta.scrub.passes", "passes of the scrub", s -> s.storage().scrubPasses());
    counter(core, "kdelta.scrub.found", "files found rotten", s -> s.storage().scrubFound());
    gauge(core, "kdelta.storage.pressure", "debt, 0 to 1", s -> s.storage().pressure());
    gauge(core, "kdelta.storage.memtable.bytes", "not in tables", s -> s.storage().memtableBytes());
    gauge(core, "kdelta.storage.tables", "tables on disk", s -> s.storage().tables());
    gauge(core, "kdelta.storage.runs", "sorted runs on disk", s -> s.storage().runs());
    gauge(core, "kdelta.storage.pins", "open snapshots and cursors", s -> s.storage().pins());
    gauge(core, "kdelta.storage.damaged", "files set aside", s -> s.storage().setAside());
  }

  private void bindTraffic(CoreThread core) {
    counter(
        core, "kdelta.replication.sent.bytes", "log frames sent", s -> s.traffic().shippedBytes());
    counter(
        core,
        "kdelta.replication.received.bytes",
        "log frames received",
        s -> s.traffic().receivedBytes());
    counter(
        core,
        "kdelta.reconciliation.sessions",
        "sessions ended",
        s -> s.traffic().sessions().count());
    counter(
        core, "kdelta.reconciliation.rounds", "round trips", s -> s.traffic().sessions().rounds());
    counter(
        core,
        "kdelta.reconciliation.differences",
        "versions that moved in sessions",
        s -> s.traffic().sessions().differences());
    seconds(
        core, "kdelta.reconciliation", "time of sessions", s -> s.traffic().sessions().millis());
    counter(
        core,
        "kdelta.reconciliation.sent.bytes",
        "sent in sessions",
        s -> s.traffic().sessionSentBytes());
    counter(
        core,
        "kdelta.reconciliation.received.bytes",
        "received in sessions",
        s -> s.traffic().sessionReceivedBytes());
    counter(core, "kdelta.snapshots", "snapshots taken in", s -> s.traffic().snapshots().count());
    counter(core, "kdelta.snapshot.files", "files got", s -> s.traffic().snapshots().files());
    counter(core, "kdelta.snapshot.bytes", "bytes of files", s -> s.traffic().snapshots().bytes());
    counter(core, "kdelta.snapshot.lent.bytes", "sent to others", s -> s.traffic().lentBytes());
    counter(
        core,
        "kdelta.snapshot.versions",
        "new versions in them",
        s -> s.traffic().snapshots().versions());
    seconds(
        core,
        "kdelta.snapshot",
        "time from asking to the last version",
        s -> s.traffic().snapshots().nanos() / 1_000_000);
    counter(core, "kdelta.gossip.sent.bytes", "gossip sent", s -> s.traffic().gossipSentBytes());
    counter(
        core,
        "kdelta.gossip.received.bytes",
        "gossip received",
        s -> s.traffic().gossipReceivedBytes());
  }

  /** The text that Prometheus reads. */
  String scrape() {
    PeerMetrics shown = peers;
    if (shown != null) shown.refresh();
    return registry.scrape();
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    Timer.Sample sample = Timer.start(registry);
    MethodDescriptor<Q, R> method = call.getMethodDescriptor();
    return next.startCall(
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void close(Status status, Metadata trailers) {
            sample.stop(
                timers.computeIfAbsent(Outcome.of(method, status), NodeMetrics.this::timer));
            super.close(status, trailers);
          }
        },
        headers);
  }

  /** A request over HTTP; the route is one of a few. Any thread. */
  void answered(String route, int status, long nanos) {
    Timer.builder("kdelta.http")
        .description("requests over HTTP by route and status")
        .tag("route", route)
        .tag("status", Integer.toString(status))
        .serviceLevelObjectives(BUCKETS)
        .register(registry)
        .record(nanos, TimeUnit.NANOSECONDS);
  }

  private Timer timer(Outcome outcome) {
    return Timer.builder("kdelta.rpc")
        .description("calls by method and status")
        .tag("service", outcome.service())
        .tag("method", outcome.method())
        .tag("status", outcome.code().name())
        .serviceLevelObjectives(BUCKETS)
        .register(registry);
  }

  @Override
  public void close() {
    garbage.close();
    registry.close();
  }

  private void counter(
      CoreThread core, String name, String description, ToLongFunction<CoreStats> value) {
    FunctionCounter.builder(name, core, c -> (double) value.applyAsLong(c.stats()))
        .description(description)
        .register(registry);
  }

  /** A sum of times as a counter of seconds, of what is counted in milliseconds. */
  private void seconds(
      CoreThread core, String name, String description, ToLongFunction<CoreStats> millis) {
    FunctionCounter.builder(
            name + ".seconds", core, c -> millis.applyAsLong(c.stats()) / MILLIS_PER_SECOND)
        .description(description)
        .register(registry);
  }

  private void gauge(
      CoreThread core, String name, String description, ToDoubleFunction<CoreStats> value) {
    Gauge.builder(name, core, c -> value.applyAsDouble(c.stats()))
        .description(description)
        .register(registry);
  }

  private static double count(NodeHealth health, Member.State state) {
    Reply.MemberList members = health.members();
    if (members == null) return 0;
    return members.nodes().stream()
        .filter(node -> !node.self() && node.member().state() == state)
        .count();
  }

  private static double lag(NodeHealth health) {
    Reply.MemberList members = health.members();
    if (members == null) return 0;
    return members.nodes().stream().mapToLong(node -> node.lag().orElse(0)).max().orElse(0);
  }
}
