package io.kdelta.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.kdelta.causal.CausalToken;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.wire.TokenField;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Carries the causal token of a session: every request that can take it has it, and what replies
 * and errors tell is added. So whatever server answers next, it answers nothing older.
 *
 * <p>Thread-safe. A stream of requests carries none: it would wait again for each of them; a stream
 * of replies has one request like any other.
 */
public final class TokenCarrier implements ClientInterceptor {
  private final AtomicReference<CausalToken> seen;

  /** A session that has seen this much. */
  public TokenCarrier(CausalToken known) {
    this.seen = new AtomicReference<>(known);
  }

  /** What the session has seen so far. */
  public CausalToken token() {
    return seen.get();
  }

  /** Begins a new session. */
  public void forget() {
    seen.set(CausalToken.NONE);
  }

  /** Adds what an answer told; Invalid when it is of another cluster than what was seen. */
  public void learn(CausalToken news) {
    seen.updateAndGet(known -> known.union(news).fitted());
  }

  private void learn(byte[] told) {
    if (told.length == 0) return;
    try {
      learn(CausalToken.decode(Bytes.copyOf(told)));
    } catch (KdeltaException.Invalid e) {
      // Of a later version of kdelta, or of two clusters behind one name: nothing holds any more.
      forget();
    }
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    boolean single = method.getType().clientSendsOneMessage();
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<R> responses, Metadata headers) {
        super.start(new Hearing<>(responses), headers);
      }

      @Override
      public void sendMessage(Q message) {
        super.sendMessage(single ? with(message) : message);
      }
    };
  }

  @SuppressWarnings("unchecked") // A message with a token is of the type that it was.
  private <Q> Q with(Q message) {
    CausalToken known = token();
    if (!(message instanceof Message plain) || known.isEmpty()) return message;
    return (Q) TokenField.with(plain, ByteString.copyFrom(known.encode().buffer()));
  }

  /** Listens to one call. */
  private final class Hearing<R> extends SimpleForwardingClientCallListener<R> {
    Hearing(ClientCall.Listener<R> listener) {
      super(listener);
    }

    @Override
    public void onMessage(R message) {
      if (message instanceof Message plain) learn(TokenField.of(plain).toByteArray());
      super.onMessage(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      byte[] told = trailers.get(TokenField.TRAILER);
      if (told != null) learn(told);
      super.onClose(status, trailers);
    }
  }
}
