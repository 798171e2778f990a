package io.kdelta.cli;

import com.google.protobuf.Message;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.error.KdeltaException;
import io.kdelta.tls.TlsFailure;
import io.kdelta.tls.TlsFiles;
import io.kdelta.tls.TlsProbe;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/**
 * The client of one command: every server is asked once, since a person would rather hear at once
 * that none answers, and what failed becomes a {@link CliException}. What the {@link Session} has
 * seen goes with every request.
 *
 * <p>One thread.
 */
final class Client implements AutoCloseable {
  private final Servers servers;
  private final Session session;
  private final KdeltaClient kdelta;
  private final boolean secured;

  /** Usage when the files of {@code tls} cannot be used. */
  Client(Servers servers, Duration timeout, Session session, Optional<TlsFiles> tls) {
    this.servers = servers;
    this.session = session;
    this.secured = tls.isPresent();
    Duration all = timeout.multipliedBy(servers.addresses().size());
    ClientSettings settings = ClientSettings.of(servers.addresses()).within(all, timeout).rounds(1);
    if (tls.isPresent()) settings = settings.tls(tls.get());
    try {
      this.kdelta = KdeltaClient.connect(settings, session.carrier());
    } catch (KdeltaException.Invalid e) {
      throw Invocation.tlsRefused(e);
    }
  }

  Servers servers() {
    return servers;
  }

  /** Makes a call, on the next server when one is gone; throws {@link CliException} in the end. */
  <T> T call(Function<KdeltaClient, T> request) {
    try {
      return request.apply(kdelta);
    } catch (KdeltaException.WrongCluster e) {
      // Another cluster answers here now: what was seen of the one before says nothing of it.
      if (session.forget()) return call(request);
      throw told(e);
    } catch (KdeltaException | StatusRuntimeException e) {
      throw told(e);
    }
  }

  /** The same for what takes its time, such as a reconciliation. */
  <T> T call(Duration atMost, Function<KdeltaClient, T> request) {
    return call(client -> request.apply(client.within(atMost)));
  }

  /** A method of the contract, on whatever server. */
  <Q extends Message, R> R call(MethodDescriptor<Q, R> method, Q request) {
    return call(client -> client.call(method, request));
  }

  /** A method that concerns the server in use and no other, and takes its time. */
  <Q extends Message, R> R here(Duration atMost, MethodDescriptor<Q, R> method, Q request) {
    return call(client -> client.within(atMost).callHere(method, request));
  }

  /** What a person is told about a failure of the client. */
  CliException told(RuntimeException failure) {
    Throwable said = failure instanceof KdeltaException ? failure.getCause() : failure;
    if (!(said instanceof StatusRuntimeException status)) {
      throw new AssertionError("an error that no server told", failure);
    }
    if (!secured && Failures.unreached(status)) {
      Optional<TlsFailure> why = TlsProbe.of(address(), status);
      if (why.isPresent()) return Failures.apart(why.get(), status, address());
    }
    return Failures.of(status, address(), servers);
  }

  /** To the server in use, for calls of the caller's own. */
  Channel channel() {
    return kdelta.channel();
  }

  /** The address in use. */
  String address() {
    return kdelta.address();
  }

  /** Goes on with the next server. */
  void next() {
    kdelta.leave(kdelta.address());
  }

  @Override
  public void close() {
    session.keep();
    kdelta.close();
  }
}
