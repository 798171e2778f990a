package io.kdelta.cli;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.proto.v1.WatchGrpc;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Calls the first server that answers. When one is gone, or takes no writes, the same request goes
 * to the next one: every write of the command line carries a request id, so a write that the lost
 * server had already shipped is recognised there. What the {@link Session} has seen goes with every
 * request, so the next server answers nothing older.
 *
 * <p>One thread.
 */
final class Client implements AutoCloseable {
  private static final int CONNECT_TIMEOUT_MILLIS = 2_000;
  private static final int INBOUND_BYTES_MAX = 40 << 20;

  private final Servers servers;
  private final Duration timeout;
  private final TreeMap<String, Channel> carrying = new TreeMap<>();
  private final TreeMap<String, ManagedChannel> channels = new TreeMap<>();
  private final Session session;

  /** The server that answered last. */
  private int current;

  Client(Servers servers, Duration timeout, Session session) {
    this.servers = servers;
    this.timeout = timeout;
    this.session = session;
  }

  Servers servers() {
    return servers;
  }

  <T> T kv(Function<KvGrpc.KvBlockingStub, T> request) {
    return call(channel -> request.apply(within(KvGrpc.newBlockingStub(channel), timeout)));
  }

  <T> T versions(Function<VersionsGrpc.VersionsBlockingStub, T> request) {
    return call(channel -> request.apply(within(VersionsGrpc.newBlockingStub(channel), timeout)));
  }

  <T> T cluster(Function<ClusterGrpc.ClusterBlockingStub, T> request) {
    return cluster(timeout, request);
  }

  /** For what takes its time, such as a reconciliation. */
  <T> T cluster(Duration atMost, Function<ClusterGrpc.ClusterBlockingStub, T> request) {
    return call(channel -> request.apply(within(ClusterGrpc.newBlockingStub(channel), atMost)));
  }

  <T> T admin(Function<AdminGrpc.AdminBlockingStub, T> request) {
    return call(channel -> request.apply(within(AdminGrpc.newBlockingStub(channel), timeout)));
  }

  /** For what is asked of one node and no other, and takes its time. */
  <T> T adminHere(Duration atMost, Function<AdminGrpc.AdminBlockingStub, T> request) {
    try {
      return request.apply(within(AdminGrpc.newBlockingStub(channel(address())), atMost));
    } catch (StatusRuntimeException failure) {
      throw Failures.of(failure, address(), servers);
    }
  }

  /** Makes a call, on the next server when one is gone; throws {@link CliException} in the end. */
  <T> T call(Function<Channel, T> request) {
    for (int tried = 1; ; tried++) {
      try {
        return request.apply(channel(address()));
      } catch (StatusRuntimeException failure) {
        // Another cluster answers here now: what was seen of the one before says nothing of it.
        if (Failures.otherCluster(failure) && session.forget()) {
          tried--;
          continue;
        }
        boolean last = tried == servers.addresses().size();
        if (last || !Failures.elsewhere(failure)) {
          throw Failures.of(failure, address(), servers);
        }
        next();
      }
    }
  }

  /** Starts a call of the caller's own on the server in use. */
  void start(Consumer<Channel> request) {
    request.accept(channel(address()));
  }

  /** What the server in use tells, without an end. It throws what the call fails with. */
  Iterator<WatchResponse> watch(WatchRequest request) {
    return WatchGrpc.newBlockingStub(channel(address())).watch(request);
  }

  /** The address in use. */
  String address() {
    return servers.addresses().get(current);
  }

  /** Goes on with the next server. */
  void next() {
    current = (current + 1) % servers.addresses().size();
  }

  /** A channel of the caller's own to {@code address}, who shuts it down. */
  static ManagedChannel open(String address) {
    return NettyChannelBuilder.forTarget("dns:///" + address)
        .usePlaintext()
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .maxInboundMessageSize(INBOUND_BYTES_MAX)
        .disableRetry()
        .build();
  }

  private Channel channel(String address) {
    return carrying.computeIfAbsent(
        address,
        to -> {
          ManagedChannel channel = open(to);
          channels.put(to, channel);
          return session.over(channel);
        });
  }

  private static <S extends io.grpc.stub.AbstractStub<S>> S within(S stub, Duration timeout) {
    return stub.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    session.keep();
    channels.values().forEach(ManagedChannel::shutdownNow);
  }
}
