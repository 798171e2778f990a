package io.kdelta.server;

import com.google.rpc.Code;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.env.Time;
import io.kdelta.wire.StatusMapping;
import java.lang.System.Logger;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Bounds what all messages together hold of which the end has not come yet: each within its own
 * limit, those of a few connections would fill the memory of the node, and stay. Beyond the bound
 * whoever sends more of a large message is refused; beyond twice the bound everybody is.
 *
 * <p>Bounds their time, too: a message that has begun has 20 s and one more for each 16 KiB of it
 * that came; so has the one request of a call that has one, from the beginning of the call to the
 * word that nothing follows. Who takes longer is refused by {@link #sweep}.
 *
 * <p>Thread-safe.
 */
final class UnfinishedMessages extends ServerStreamTracer.Factory implements ServerInterceptor {
  private static final Logger LOGGER = System.getLogger(UnfinishedMessages.class.getName());
  private static final Context.Key<Count> COUNT = Context.key("kdelta-unfinished");

  private final long bytesMax;
  private final Time time;
  private final AtomicLong held = new AtomicLong();
  private final Set<Count> open = ConcurrentHashMap.newKeySet();

  UnfinishedMessages(long bytesMax, Time time) {
    this.bytesMax = bytesMax;
    this.time = time;
  }

  /** The calls that are watched. */
  int calls() {
    return open.size();
  }

  /** The bytes of all unfinished messages. */
  long held() {
    return held.get();
  }

  /** Refuses whoever has taken too long; to be called every now and then. Throws nothing. */
  void sweep() {
    for (Count count : open) {
      try {
        Guarded<?, ?> call = count.overdue(time.nanos());
        if (call != null) refuse(call);
      } catch (RuntimeException | AssertionError e) {
        // Of one call: what a timer runs again and again ends for ever when it throws.
        LOGGER.log(Logger.Level.ERROR, "a call that took too long cannot be refused", e);
      }
    }
  }

  private static void refuse(Guarded<?, ?> call) {
    StatusRuntimeException refusal =
        StatusMapping.toGrpc(
            Code.DEADLINE_EXCEEDED,
            "UNFINISHED",
            "the message was not finished, or the node not free to take it, within "
                + EdgeLimits.MESSAGE_SECONDS_MAX
                + " s and a second for each 16 KiB of it; nothing of it was stored",
            "send it as a whole, and then that nothing follows; if you did, ask another node");
    Metadata trailers = refusal.getTrailers();
    call.close(refusal.getStatus(), trailers == null ? new Metadata() : trailers);
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
    return new Count();
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    Count count = COUNT.get();
    if (count == null) throw new AssertionError("a call that nobody counts");
    Guarded<Q, R> guarded = new Guarded<>(call);
    boolean single = call.getMethodDescriptor().getType().clientSendsOneMessage();
    count.begin(guarded, single);
    return new SimpleForwardingServerCallListener<>(next.startCall(guarded, headers)) {
      @Override
      public void onMessage(Q message) {
        if (!count.refused()) super.onMessage(message);
      }

      // It may have waited behind busy workers for so long that its sender was told that nothing
      // was stored: then nothing is.
      @Override
      public void onHalfClose() {
        if (count.ended()) super.onHalfClose();
      }
    };
  }

  /** Of one call. Called on the thread that reads its connection, and on those of the call. */
  private final class Count extends ServerStreamTracer {
    private long bytes;
    private boolean waiting;
    private long sinceNanos;
    private boolean single;
    private boolean refused;
    private boolean gone;
    private @Nullable Guarded<?, ?> call;

    @Override
    public Context filterContext(Context context) {
      return context.withValue(COUNT, this);
    }

    /** Comes from a queue, so perhaps when the stream is gone: then nobody would remove it. */
    synchronized void begin(Guarded<?, ?> started, boolean one) {
      if (gone) return;
      call = started;
      single = one;
      if (one) await();
      open.add(this);
    }

    private void await() {
      waiting = true;
      sinceNanos = time.nanos();
    }

    synchronized @Nullable Guarded<?, ?> overdue(long now) {
      long seconds = EdgeLimits.MESSAGE_SECONDS_MAX + bytes / EdgeLimits.MESSAGE_BYTES_A_SECOND;
      boolean late = waiting && now - sinceNanos > TimeUnit.SECONDS.toNanos(seconds);
      if (late) {
        waiting = false;
        refused = true;
      }
      return late ? call : null;
    }

    @Override
    public synchronized void inboundWireSize(long more) {
      if (!waiting) await();
      bytes += more;
      long all = held.addAndGet(more);
      boolean small = bytes <= EdgeLimits.SMALL_MESSAGE_BYTES_MAX;
      if (all <= bytesMax || (small && all <= 2 * bytesMax)) return;
      throw StatusMapping.toGrpc(
          Code.RESOURCE_EXHAUSTED,
          "OVERLOADED",
          "overloaded: " + bytesMax + " bytes of unfinished messages are held already",
          "nothing was stored; try again in a moment, or ask another node");
    }

    /** The one request of a call is carried out when it is known that nothing follows. */
    @Override
    public synchronized void inboundMessageRead(int number, long wireSize, long size) {
      if (!single) finished();
    }

    @Override
    public synchronized void streamClosed(Status status) {
      gone = true;
      finished();
      open.remove(this);
    }

    synchronized boolean refused() {
      return refused;
    }

    /**
     * Nothing follows: whether the call may be carried out, and then it is not refused any more.
     */
    synchronized boolean ended() {
      finished();
      return !refused;
    }

    synchronized void finished() {
      held.addAndGet(-bytes);
      bytes = 0;
      waiting = false;
    }
  }

  /** A call that may be closed by two: what is said after the first is dropped. */
  private static final class Guarded<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private boolean closed;

    Guarded(ServerCall<Q, R> call) {
      super(call);
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!closed) super.sendHeaders(headers);
    }

    @Override
    public synchronized void sendMessage(R message) {
      if (!closed) super.sendMessage(message);
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (closed) return;
      closed = true;
      super.close(status, trailers);
    }
  }
}
