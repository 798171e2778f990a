package io.kdelta.server;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.kdelta.causal.CausalToken;
import io.kdelta.core.Command;
import io.kdelta.core.CoreThread;
import io.kdelta.core.Reply;
import io.kdelta.core.Responder;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.PeerGrpc;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How the node does, asked of the core now and then, for whoever wants to know at once: the health
 * service, the HTTP port, the metrics. Thread-safe.
 */
final class NodeHealth {
  private static final long ASK_MILLIS = 500;
  private static final long ANSWER_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);

  /** Readiness is quick to doubt; being alive is not, for a restart costs more than a wait. */
  private static final long READY_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);

  private static final long ALIVE_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);

  /** Versions that it may lack and be ready: more than are under way while everybody writes. */
  static final long LAG_VERSIONS_MAX = 16_384;

  /**
   * What the core said.
   *
   * @param nanos when it said it
   */
  private record Picture(Reply.Status status, Reply.MemberList members, long nanos) {}

  private final Time time;
  private final NodeNames names;
  private final HealthStatusManager manager = new HealthStatusManager();
  private final List<String> services;
  private final long startedNanos;
  private volatile @Nullable Picture picture;
  private volatile boolean stopping;

  /** {@code services}: the full names that the health service speaks of. */
  NodeHealth(Time time, NodeNames names, List<String> services) {
    this.time = time;
    this.names = names;
    this.services = services;
    this.startedNanos = time.nanos();
    serve(false);
  }

  HealthStatusManager manager() {
    return manager;
  }

  /** Asks the core from now on. */
  void watch(CoreThread core, ScheduledExecutorService timer) {
    var _ = timer.scheduleWithFixedDelay(() -> ask(core), 0, ASK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** The node refuses calls from now on. */
  void stop() {
    stopping = true;
    serve(false);
  }

  /** Why the node is not ready; empty when it is. */
  String unreadiness() {
    Picture last = picture;
    if (stopping) return "stopping";
    if (last == null) return "starting";
    if (time.nanos() - last.nanos() > READY_NANOS_MAX) return "the core does not answer";
    if (!last.status().readiness().ready()) return last.status().readiness().reason();
    long behind = behind(last.members());
    return behind > LAG_VERSIONS_MAX ? behind + " versions behind" : "";
  }

  /** How many versions the node lacks of what a linked one holds, at least. */
  static long behind(Reply.@Nullable MemberList members) {
    if (members == null) return 0;
    long own = 0;
    long most = 0;
    for (Reply.MemberList.Node node : members.nodes()) {
      long versions = node.member().facts().versions();
      if (node.self()) own = versions;
      else if (node.member().linked()) most = Math.max(most, versions);
    }
    return Math.max(0, most - own);
  }

  /** Whether the core still takes its turns. */
  boolean alive() {
    Picture last = picture;
    long nanos = last == null ? startedNanos : last.nanos();
    return time.nanos() - nanos < ALIVE_NANOS_MAX;
  }

  /** The members as last seen; null before that. */
  Reply.@Nullable MemberList members() {
    Picture last = picture;
    return last == null ? null : last.members();
  }

  /** How many other members are linked, as last seen. */
  int linkedPeers() {
    Reply.MemberList last = members();
    if (last == null) return 0;
    return (int)
        last.nodes().stream().filter(node -> !node.self() && node.member().linked()).count();
  }

  private void ask(CoreThread core) {
    if (stopping) return;
    try {
      core.submit(
          new Command.Health(),
          CausalToken.NONE,
          ANSWER_NANOS_MAX,
          hear(reply -> seen((Reply.Health) reply)));
    } catch (KdeltaException e) {
      // Overloaded: the picture grows old, and that is what it then says.
      return;
    }
  }

  private void seen(Reply.Health health) {
    names.learn(health.status().node(), health.status().name());
    names.learn(health.members());
    picture = new Picture(health.status(), health.members(), time.nanos());
    if (!stopping) serve(unreadiness().isEmpty());
  }

  private void serve(boolean ready) {
    ServingStatus status = ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    manager.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    for (String service : services) {
      if (!service.equals(PeerGrpc.SERVICE_NAME)) manager.setStatus(service, status);
    }
    // Peers link to a node that has read its log, ready or not: that is what a start-up probe asks.
    boolean started = picture != null && !stopping;
    manager.setStatus(
        PeerGrpc.SERVICE_NAME, started ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  private static Responder hear(java.util.function.Consumer<Reply> answered) {
    return new Responder() {
      @Override
      public void answered(Reply reply, CausalToken token) {
        answered.accept(reply);
      }

      @Override
      public void refused(KdeltaException error, CausalToken token) {
        // As an answer that never came: the picture grows old.
      }
    };
  }
}
