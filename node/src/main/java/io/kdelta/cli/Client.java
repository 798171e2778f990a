package io.kdelta.cli;

import com.google.protobuf.Message;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.kdelta.client.KdeltaClient;
import io.kdelta.client.Verdict;
import io.kdelta.error.KdeltaException;
import io.kdelta.tls.TlsFailure;
import io.kdelta.tls.TlsFiles;
import io.kdelta.tls.TlsProbe;
import io.kdelta.wire.StatusReading;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The client of one command: every server is asked once, since a person would rather hear at once
 * that none answers, and what failed becomes a {@link CliException}. What the {@link Session} has
 * seen goes with every request.
 *
 * <p>A call goes to the HTTP port of the first server, and by gRPC where that is not there, knows
 * another server that may do it, or is asked for more than single calls. In the clear alone: what
 * TLS takes to load is no less than gRPC; and on this machine alone ({@link HttpLine}).
 *
 * <p>One thread.
 */
final class Client implements AutoCloseable {
  private final Servers servers;
  private final Duration timeout;
  private final Session session;
  private final Optional<TlsFiles> tls;
  private final Connections.@Nullable Lent lent;
  private @Nullable Door http;
  private @Nullable GrpcDoor grpc;

  /**
   * @param http whether calls may go to the HTTP port
   */
  Client(Servers servers, Duration timeout, Session session, Optional<TlsFiles> tls, boolean http) {
    this.servers = servers;
    this.timeout = timeout;
    this.session = session;
    this.tls = tls;
    this.lent = null;
    if (http && tls.isEmpty()) {
      this.http = new HttpDoor(servers.addresses().getFirst(), session.carrier());
    }
  }

  /** Over a connection that is open, and stays so. */
  Client(Servers servers, Duration timeout, Optional<TlsFiles> tls, Connections.Lent lent) {
    this.servers = servers;
    this.timeout = timeout;
    this.session = lent.session();
    this.tls = tls;
    this.lent = lent;
    this.http = lent.http();
  }

  Servers servers() {
    return servers;
  }

  /** A method of the contract, on whatever server; throws {@link CliException} in the end. */
  <Q extends Message, R> R call(MethodDescriptor<Q, R> method, Q request) {
    return told(() -> ask(method, request));
  }

  /** A call by gRPC; throws {@link CliException} in the end. */
  <T> T call(Function<KdeltaClient, T> request) {
    return told(() -> request.apply(grpc().client(timeout)));
  }

  /** The same for what takes its time, such as a reconciliation. */
  <T> T call(Duration atMost, Function<KdeltaClient, T> request) {
    return call(client -> request.apply(client.within(atMost)));
  }

  /** A method that concerns the server in use and no other, and takes its time. */
  <Q extends Message, R> R here(Duration atMost, MethodDescriptor<Q, R> method, Q request) {
    return call(client -> client.within(atMost).callHere(method, request));
  }

  private <T> T told(Supplier<T> request) {
    try {
      return request.get();
    } catch (KdeltaException.WrongCluster e) {
      // Another cluster answers here now: what was seen of the one before says nothing of it.
      if (session.forget()) return told(request);
      throw told(e);
    } catch (KdeltaException | StatusRuntimeException e) {
      throw told(e);
    }
  }

  private <Q extends Message, R> R ask(MethodDescriptor<Q, R> method, Q request) {
    long deadline = System.nanoTime() + timeout.toNanos();
    Door door = http;
    if (door != null && grpc == null) {
      try {
        R answer = door.call(method, request, deadline);
        if (answer != null) return answer;
      } catch (StatusRuntimeException failure) {
        if (Verdict.of(failure) == Verdict.FINAL || servers.addresses().size() == 1) {
          throw StatusReading.read(failure, servers.addresses())
              .<RuntimeException>map(e -> e)
              .orElse(failure);
        }
        // Each server has its time.
        deadline = System.nanoTime() + timeout.toNanos();
      }
      http = null;
      if (lent != null) lent.noHttp();
    }
    return grpc().call(method, request, deadline);
  }

  /** What a person is told about a failure of the client. */
  CliException told(RuntimeException failure) {
    CliException told = of(failure);
    if (lent != null && told.exitCode() == ExitCode.UNREACHABLE) lent.lost();
    return told;
  }

  private CliException of(RuntimeException failure) {
    Throwable said = failure instanceof KdeltaException ? failure.getCause() : failure;
    if (!(said instanceof StatusRuntimeException status)) {
      throw new AssertionError("an error that no server told", failure);
    }
    if (tls.isEmpty() && Failures.unreached(status)) {
      Optional<TlsFailure> why = TlsProbe.of(address(), status);
      if (why.isPresent()) return Failures.apart(why.get(), status, address());
    }
    return Failures.of(status, address(), servers);
  }

  private GrpcDoor grpc() {
    GrpcDoor open = grpc;
    if (open == null) {
      open = lent == null ? new GrpcDoor(servers, timeout, session.carrier(), tls) : lent.door();
      grpc = open;
    }
    return open;
  }

  /** To the server in use, for calls of the caller's own. */
  Channel channel() {
    return grpc().client(timeout).channel();
  }

  /** The address in use. */
  String address() {
    GrpcDoor open = grpc;
    if (open == null && lent != null && http == null) open = lent.opened();
    return open == null ? servers.addresses().getFirst() : open.client(timeout).address();
  }

  /** Goes on with the next server. */
  void next() {
    KdeltaClient client = grpc().client(timeout);
    client.leave(client.address());
  }

  @Override
  public void close() {
    session.keep();
    GrpcDoor open = grpc;
    if (lent != null) lent.giveBack();
    else if (open != null) open.close();
  }
}
