package io.kdelta.server;

import com.google.rpc.Code;
import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.StatusRuntimeException;
import io.kdelta.wire.StatusMapping;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the connections of a server, and refuses every call of one that came when the bound was
 * reached; such a connection has nothing to do and ends with the idle time. Thread-safe.
 */
final class ConnectionCap extends ServerTransportFilter implements ServerInterceptor {
  private static final Attributes.Key<Boolean> BEYOND = Attributes.Key.create("kdelta.beyond");

  private final int max;
  private final AtomicInteger open = new AtomicInteger();

  ConnectionCap(int max) {
    this.max = max;
  }

  @Override
  public Attributes transportReady(Attributes transport) {
    boolean beyond = open.incrementAndGet() > max;
    return beyond ? transport.toBuilder().set(BEYOND, true).build() : transport;
  }

  @Override
  public void transportTerminated(Attributes transport) {
    open.decrementAndGet();
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (!Boolean.TRUE.equals(call.getAttributes().get(BEYOND)))
      return next.startCall(call, headers);
    StatusRuntimeException refusal =
        StatusMapping.toGrpc(
            Code.RESOURCE_EXHAUSTED,
            "OVERLOADED",
            "overloaded: " + max + " connections are open already",
            "nothing was stored; close connections, or ask another node");
    Metadata trailers = refusal.getTrailers();
    call.close(refusal.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
  }
}
