package io.kdelta.server;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.kdelta.causal.CausalToken;
import io.kdelta.core.Reply;
import io.kdelta.core.Responder;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.Envelope;
import io.kdelta.wire.StatusMapping;
import io.kdelta.wire.TraceParent;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Calls that somebody traces: a line each when they end, and word to the peers of what they wrote.
 * A call that nobody traces passes. Thread-safe.
 */
final class TracedCalls implements ServerInterceptor {
  private final TraceLog log;
  private final Consumer<Envelope.Trace> peers;

  /** {@code peers}: takes what they are to be told. */
  TracedCalls(TraceLog log, Consumer<Envelope.Trace> peers) {
    this.log = log;
    this.peers = peers;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    Iterable<String> given = headers.getAll(TraceParent.METADATA);
    Optional<TraceParent> parent = given == null ? Optional.empty() : TraceParent.sampled(given);
    if (parent.isEmpty()) return next.startCall(call, headers);
    String method = call.getMethodDescriptor().getFullMethodName();
    Context traced =
        Context.current().withValue(TraceParent.CALL, new TraceParent.Call(parent.get(), method));
    return Contexts.interceptCall(traced, call, headers, next);
  }

  /** The call under way, if it is traced. */
  @Nullable Traced begin() {
    TraceParent.Call call = TraceParent.CALL.get();
    return call == null ? null : new Traced(log.begin(call.parent()), call.method());
  }

  /** One of them. */
  final class Traced {
    private final TraceLog.Span span;
    private final String method;

    private Traced(TraceLog.Span span, String method) {
      this.span = span;
      this.method = method;
    }

    /** Tells of the outcome before {@code next} has it. */
    Responder before(Responder next) {
      return new Responder() {
        @Override
        public void answered(Reply reply, CausalToken token) {
          done(reply, token);
          next.answered(reply, token);
        }

        @Override
        public void refused(KdeltaException error, CausalToken token) {
          Traced.this.refused(error);
          next.refused(error, token);
        }
      };
    }

    /** It came to nothing. */
    void refused(KdeltaException error) {
      boolean passedOn =
          error instanceof KdeltaException.Behind behind && !behind.elsewhere().isEmpty();
      Status.Code code = StatusMapping.toGrpc(error).getStatus().getCode();
      end(passedOn ? "REFERRED" : code.name(), "", "");
    }

    private void done(Reply reply, CausalToken token) {
      Reply.Written written =
          switch (reply) {
            case Reply.Written one -> one;
            case Reply.Resolved resolved -> resolved.written();
            default -> null;
          };
      if (written == null || written.versions().isEmpty()) {
        end("OK", "", "");
        return;
      }
      String version = written.versions().getFirst().version().id().hex();
      int count = written.versions().size();
      end("OK", version, count == 1 ? "" : Integer.toString(count));
      peers.accept(
          Envelope.Trace.newBuilder()
              .setParent(span.own().text())
              .setVersion(version)
              .setCausalToken(ByteString.copyFrom(token.encode().buffer()))
              .build());
    }

    private void end(String outcome, String version, String versions) {
      span.end(
          "call", "method", method, "outcome", outcome, "version", version, "versions", versions);
    }
  }
}
