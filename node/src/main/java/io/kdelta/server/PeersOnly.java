package io.kdelta.server;

import com.google.rpc.Code;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.kdelta.wire.StatusMapping;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Refuses the streams of peers that have shown no certificate, where clients need none: whoever
 * speaks as a peer is believed what it says of the cluster. Thread-safe.
 */
final class PeersOnly implements ServerInterceptor {
  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (known(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION))) {
      return next.startCall(call, headers);
    }
    StatusRuntimeException refusal =
        StatusMapping.toGrpc(
            Code.UNAUTHENTICATED,
            "UNAUTHENTICATED",
            "a peer shows a certificate that --tls-ca has signed",
            "start it with --tls-cert FILE --tls-key FILE");
    Metadata trailers = refusal.getTrailers();
    call.close(refusal.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
  }

  /** Whether the other end of a connection has shown a certificate, which then was checked. */
  static boolean known(@Nullable SSLSession session) {
    if (session == null) return false;
    try {
      return session.getPeerCertificates().length > 0;
    } catch (SSLPeerUnverifiedException e) {
      return false;
    }
  }
}
