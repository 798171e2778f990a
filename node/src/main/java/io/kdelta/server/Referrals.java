package io.kdelta.server;

import com.google.protobuf.Message;
import com.google.rpc.Code;
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
import io.kdelta.wire.StatusMapping;
import io.kdelta.wire.StatusReading;
import io.kdelta.wire.TokenField;
import io.kdelta.wire.TraceParent;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads that another node answers because this one holds nothing yet: the question goes there as it
 * came, and the answer comes back as it is. A question goes on once, and within the cluster; a node
 * that it was passed to says itself what it can not answer. Thread-safe.
 */
final class Referrals implements ServerInterceptor, AutoCloseable {
  /** Says that a question was passed on, and within which cluster. */
  static final Metadata.Key<String> HEADER =
      Metadata.Key.of("kdelta-referred", Metadata.ASCII_STRING_MARSHALLER);

  /** The reason of a node that was asked in the name of a cluster that it is not in. */
  private static final String STRANGER = "NOT_A_MEMBER";

  private static final Context.Key<Boolean> REFERRED = Context.key("kdelta-referred");

  /**
   * Addresses that are asked at one time: those of the fullest node, which changes now and then.
   */
  private static final int CHANNELS_MAX = 4;

  private final Function<String, ManagedChannel> dialler;
  private final Supplier<String> cluster;
  private final Map<String, ManagedChannel> channels = new LinkedHashMap<>();
  private final Semaphore room = new Semaphore(EdgeLimits.REFERRALS_MAX);
  private final AtomicLong passedOn = new AtomicLong();
  private boolean closed;

  /**
   * Of one node.
   *
   * @param dialler a channel to an address, which closes its connections when it is idle
   * @param cluster the id of the cluster as last seen; empty before that
   */
  Referrals(Function<String, ManagedChannel> dialler, Supplier<String> cluster) {
    this.dialler = dialler;
    this.cluster = cluster;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String theirs = headers.get(HEADER);
    if (theirs == null) return next.startCall(call, headers);
    String mine = cluster.get();
    if (theirs.equals(mine)) {
      Context referred = Context.current().withValue(REFERRED, true);
      return Contexts.interceptCall(referred, call, headers, next);
    }
    StatusRuntimeException refusal =
        StatusMapping.toGrpc(
            Code.FAILED_PRECONDITION,
            STRANGER,
            "asked as a member of cluster " + theirs + ", this node is in " + mine,
            "");
    Metadata trailers = refusal.getTrailers();
    call.close(refusal.getStatus(), trailers == null ? new Metadata() : trailers);
    return new ServerCall.Listener<>() {};
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
    /**
     * Asks at these addresses, one after the other until one answers.
     *
     * @param observer hears the answer, or {@code unreached} when there is none
     */
    void passOn(List<String> addresses, StreamObserver<T> observer, Throwable unreached) {
      if (!referrals.room.tryAcquire()) {
        observer.onError(unreached);
        return;
      }
      new Errand<>(this, addresses.iterator(), observer, unreached).next();
    }

    private void ask(ManagedChannel channel, StreamObserver<T> answer) {
      CallOptions options = CallOptions.DEFAULT;
      if (context.getDeadline() == null) {
        options = options.withDeadlineAfter(EdgeLimits.CALL_SECONDS_DEFAULT, TimeUnit.SECONDS);
      }
      CallOptions within = options;
      channel.resetConnectBackoff();
      context.run(() ->
          ClientCalls.asyncUnaryCall(
              ClientInterceptors.intercept(
                      channel, MetadataUtils.newAttachHeadersInterceptor(headers()))
                  .newCall(method, within),
              request,
              answer));
    }

    /** That it was passed on, and who traces it. */
    private Metadata headers() {
      Metadata headers = new Metadata();
      headers.put(HEADER, referrals.cluster.get());
      TraceParent.Call traced = TraceParent.CALL.get(context);
      if (traced != null) headers.put(TraceParent.METADATA, traced.parent().text());
      return headers;
    }
  }

  /** A question under way; one address at a time, and each of its calls on one thread at a time. */
  private static final class Errand<Q extends Message, T extends Message>
      implements StreamObserver<T> {
    private final Question<Q, T> question;
    private final Iterator<String> addresses;
    private final StreamObserver<T> observer;
    private final Throwable unreached;
    private volatile @Nullable T reply;

    Errand(
        Question<Q, T> question,
        Iterator<String> addresses,
        StreamObserver<T> observer,
        Throwable unreached) {
      this.question = question;
      this.addresses = addresses;
      this.observer = observer;
      this.unreached = unreached;
    }

    void next() {
      while (addresses.hasNext()) {
        ManagedChannel channel = question.referrals.channel(addresses.next());
        if (channel == null) continue;
        question.ask(channel, this);
        return;
      }
      end(false, () -> observer.onError(unreached));
    }

    private void end(boolean answered, Runnable telling) {
      question.referrals.room.release();
      if (answered) question.referrals.passedOn.incrementAndGet();
      telling.run();
    }

    @Override
    public void onNext(T one) {
      reply = one;
    }

    @Override
    public void onCompleted() {
      T whole = reply;
      if (whole == null) {
        next();
        return;
      }
      end(
          true,
          () -> {
            observer.onNext(whole);
            observer.onCompleted();
          });
    }

    @Override
    public void onError(Throwable failure) {
      reply = null;
      if (failure instanceof StatusRuntimeException refusal && decided(refusal)) {
        end(true, () -> observer.onError(again(refusal)));
      } else {
        next();
      }
    }
  }

  /** Whether it is what the other node has to say, and not that it is none or was not reached. */
  private static boolean decided(StatusRuntimeException refusal) {
    if (refusal.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED) return true;
    String reason = StatusReading.reason(refusal);
    return !reason.isEmpty() && !reason.equals(STRANGER);
  }

  /** The same refusal without what the transport added to it. */
  private static StatusRuntimeException again(StatusRuntimeException refusal) {
    com.google.rpc.Status status = StatusProto.fromThrowable(refusal);
    if (status == null) return refusal.getStatus().asRuntimeException();
    StatusRuntimeException fresh = StatusProto.toStatusRuntimeException(status);
    Metadata told = refusal.getTrailers();
    byte[] token = told == null ? null : told.get(TokenField.TRAILER);
    Metadata trailers = fresh.getTrailers();
    if (token != null && trailers != null) trailers.put(TokenField.TRAILER, token);
    return fresh;
  }

  /** Null for an address that makes no sense, and for a node that stops. */
  private synchronized @Nullable ManagedChannel channel(String address) {
    if (closed) return null;
    ManagedChannel known = channels.get(address);
    if (known != null) return known;
    ManagedChannel made;
    try {
      made = dialler.apply(address);
    } catch (IllegalArgumentException e) {
      return null; // What a member calls its address is checked by nobody before.
    }
    if (channels.size() == CHANNELS_MAX) {
      Iterator<ManagedChannel> oldest = channels.values().iterator();
      oldest.next().shutdown();
      oldest.remove();
    }
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
