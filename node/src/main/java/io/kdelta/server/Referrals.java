package io.kdelta.server;

import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.kdelta.error.KdeltaException;
import io.kdelta.wire.StatusReading;
import io.kdelta.wire.TokenField;
import io.kdelta.wire.TraceParent;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads that another node answers because this one holds nothing yet: the question goes there as it
 * came, and the answer comes back as it is. A question goes on once; a node that it was passed to
 * says itself what it can not answer. Thread-safe.
 */
final class Referrals implements ServerInterceptor, AutoCloseable {
  /** Says that a question was passed on. */
  static final Metadata.Key<String> HEADER =
      Metadata.Key.of("kdelta-referred", Metadata.ASCII_STRING_MARSHALLER);

  private static final Context.Key<Boolean> REFERRED = Context.key("kdelta-referred");

  /** Nodes that are asked at one time: it is the fullest one, which changes now and then. */
  private static final int CHANNELS_MAX = 4;

  private final Function<String, ManagedChannel> dialler;
  private final Map<String, ManagedChannel> channels = new LinkedHashMap<>();
  private final AtomicLong passedOn = new AtomicLong();
  private boolean closed;

  /** {@code dialler}: a channel to an address, which closes its connections when it is idle. */
  Referrals(Function<String, ManagedChannel> dialler) {
    this.dialler = dialler;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (!headers.containsKey(HEADER)) return next.startCall(call, headers);
    Context referred = Context.current().withValue(REFERRED, true);
    return Contexts.interceptCall(referred, call, headers, next);
  }

  /** A question that may be passed on; null for one that was. */
  <Q extends Message, T extends Message> @Nullable Question<Q, T> question(
      MethodDescriptor<Q, T> method, Q request) {
    Context context = Context.current();
    return REFERRED.get(context) == null ? new Question<>(this, method, request, context) : null;
  }

  /** How many questions others have answered since the start. */
  long passedOn() {
    return passedOn.get();
  }

  /**
   * One of them.
   *
   * @param context its deadline, and whether its client is still there
   */
  record Question<Q extends Message, T extends Message>(
      Referrals referrals, MethodDescriptor<Q, T> method, Q request, Context context) {
    /** Asks where {@code behind} says; {@code observer} hears that error if nobody is reached. */
    void passOn(KdeltaException.Behind behind, StreamObserver<T> observer, Throwable unreached) {
      ManagedChannel channel = referrals.channel(behind.elsewhere().getFirst());
      if (channel == null) {
        observer.onError(unreached);
        return;
      }
      CallOptions options =
          CallOptions.DEFAULT.withDeadlineAfter(EdgeLimits.CALL_SECONDS_DEFAULT, TimeUnit.SECONDS);
      context.run(() ->
          ClientCalls.asyncUnaryCall(
              ClientInterceptors.intercept(
                      channel, MetadataUtils.newAttachHeadersInterceptor(headers()))
                  .newCall(method, options),
              request,
              new Answer<>(referrals, observer, unreached)));
    }

    /** That it was passed on, and who traces it. */
    private Metadata headers() {
      Metadata headers = new Metadata();
      headers.put(HEADER, "1");
      TraceParent.Call traced = TraceParent.CALL.get(context);
      if (traced != null) headers.put(TraceParent.METADATA, traced.parent().text());
      return headers;
    }
  }

  /** Hands on what the other node says. */
  private record Answer<T extends Message>(
      Referrals referrals, StreamObserver<T> observer, Throwable unreached)
      implements StreamObserver<T> {
    @Override
    public void onNext(T reply) {
      referrals.passedOn.incrementAndGet();
      observer.onNext(reply);
    }

    @Override
    public void onError(Throwable failure) {
      boolean told =
          failure instanceof StatusRuntimeException refusal
              && StatusReading.info(refusal).isPresent();
      if (told) referrals.passedOn.incrementAndGet();
      observer.onError(told ? again((StatusRuntimeException) failure) : unreached);
    }

    @Override
    public void onCompleted() {
      observer.onCompleted();
    }
  }

  /** The same refusal without what the transport added to it. */
  private static StatusRuntimeException again(StatusRuntimeException refusal) {
    com.google.rpc.Status status = StatusProto.fromThrowable(refusal);
    if (status == null) return Status.UNKNOWN.asRuntimeException();
    StatusRuntimeException fresh = StatusProto.toStatusRuntimeException(status);
    Metadata told = refusal.getTrailers();
    byte[] token = told == null ? null : told.get(TokenField.TRAILER);
    Metadata trailers = fresh.getTrailers();
    if (token != null && trailers != null) trailers.put(TokenField.TRAILER, token);
    return fresh;
  }

  /** Null for a node that stops. */
  private synchronized @Nullable ManagedChannel channel(String address) {
    if (closed) return null;
    ManagedChannel known = channels.get(address);
    if (known != null) return known;
    if (channels.size() == CHANNELS_MAX) {
      Iterator<ManagedChannel> oldest = channels.values().iterator();
      oldest.next().shutdown();
      oldest.remove();
    }
    ManagedChannel made = dialler.apply(address);
    channels.put(address, made);
    return made;
  }

  /** Ends the connections; questions that are out are told so. */
  @Override
  public synchronized void close() {
    closed = true;
    channels.values().forEach(ManagedChannel::shutdownNow);
    channels.clear();
  }
}
