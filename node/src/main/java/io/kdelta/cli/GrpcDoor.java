package io.kdelta.cli;

import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.client.TokenCarrier;
import io.kdelta.error.KdeltaException;
import io.kdelta.tls.TlsFiles;
import java.time.Duration;
import java.util.Optional;

/** All servers by gRPC, each asked once: whatever the contract has. One thread. */
final class GrpcDoor implements Door, AutoCloseable {
  private static final Duration LEAST = Duration.ofMillis(1);

  private final KdeltaClient client;
  private final int servers;

  /**
   * Usage when the files of {@code tls} cannot be used.
   *
   * @param timeout how long one server may take
   */
  GrpcDoor(Servers servers, Duration timeout, TokenCarrier session, Optional<TlsFiles> tls) {
    this.servers = servers.addresses().size();
    Duration all = timeout.multipliedBy(this.servers);
    ClientSettings settings = ClientSettings.of(servers.addresses()).within(all, timeout).rounds(1);
    if (tls.isPresent()) settings = settings.tls(tls.get());
    try {
      this.client = KdeltaClient.connect(settings, session);
    } catch (KdeltaException.Invalid e) {
      throw Invocation.tlsRefused(e);
    }
  }

  /** A client of the same connections, for a call that may take so long on each server. */
  KdeltaClient client(Duration timeout) {
    return client.within(timeout.multipliedBy(servers), timeout);
  }

  @Override
  public <Q extends Message, R> R call(MethodDescriptor<Q, R> method, Q request, long deadline) {
    Duration left = Duration.ofNanos(deadline - System.nanoTime());
    if (left.compareTo(LEAST) < 0) left = LEAST;
    return client(left).call(method, request);
  }

  @Override
  public void close() {
    client.close();
  }
}
