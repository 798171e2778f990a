package io.kdelta.server;

import com.google.rpc.Code;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.kdelta.wire.StatusMapping;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;

/**
 * Lets calls that write files of the caller's choice, or move the whole store, come from this
 * machine alone: nobody is authenticated yet. Thread-safe.
 */
final class LocalOnly implements ServerInterceptor {
  private final Set<String> open;

  /** {@code open}: bare names of the methods that anybody may call. */
  LocalOnly(Set<String> open) {
    this.open = Set.copyOf(open);
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
    SocketAddress caller = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    boolean local =
        caller instanceof InetSocketAddress address
            && address.getAddress() != null
            && address.getAddress().isLoopbackAddress();
    if (local || open.contains(method)) return next.startCall(call, headers);
    StatusRuntimeException refusal =
        StatusMapping.toGrpc(
            Code.PERMISSION_DENIED,
            "DENIED",
            method + " is answered to callers of the same machine alone",
            "run it there, against the loopback address");
    Metadata trailers = refusal.getTrailers();
    call.close(refusal.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
  }
}
