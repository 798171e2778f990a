package io.kdelta.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.rpc.Code;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kdelta.causal.CausalToken;
import io.kdelta.core.Command;
import io.kdelta.core.CoreThread;
import io.kdelta.core.Reply;
import io.kdelta.core.Responder;
import io.kdelta.error.KdeltaException;
import io.kdelta.wire.StatusMapping;
import io.kdelta.wire.TokenField;
import java.lang.System.Logger;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Between gRPC calls and the core: offers a command, forgets it, and answers when the core does. No
 * thread waits. A call is answered by the kind of thread that it came on: one that came on a thread
 * of the network, there again. Thread-safe.
 */
final class Calls {
  private static final Logger LOGGER = System.getLogger(Calls.class.getName());

  private final Executor executor;
  private final EventLoops loops;
  private final Referrals referrals;
  private volatile @Nullable CoreThread core;
  private volatile boolean stopping;
  private volatile @Nullable TracedCalls traces;

  /** {@code executor} does what takes long for a thread of the network. */
  Calls(Executor executor, EventLoops loops, Referrals referrals) {
    this.executor = executor;
    this.loops = loops;
    this.referrals = referrals;
  }

  /** From here on calls are carried out. */
  void open(CoreThread opened) {
    core = opened;
  }

  /** From here on calls that somebody traces are followed. */
  void trace(TracedCalls traced) {
    traces = traced;
  }

  /** From here on calls are refused, those under way excepted. */
  void stop() {
    stopping = true;
  }

  /** Carries out one unary call. {@code command} may throw {@link KdeltaException}. */
  <T extends Message> void answer(
      StreamObserver<T> observer, Supplier<Command> command, Function<Reply, T> rendering) {
    answer(observer, ByteString.EMPTY, command, rendering);
  }

  /**
   * Carries out one unary call for a client that has seen something.
   *
   * @param after its token, unread
   */
  <T extends Message> void answer(
      StreamObserver<T> observer,
      ByteString after,
      Supplier<Command> command,
      Function<Reply, T> rendering) {
    answer(observer, after, 0, command, rendering);
  }

  /**
   * Carries out a unary call that only reads: another node is asked when this one holds nothing and
   * knows of one that does.
   *
   * @param after the token of {@code request}, unread
   */
  <Q extends Message, T extends Message> void read(
      StreamObserver<T> observer,
      MethodDescriptor<Q, T> method,
      Q request,
      ByteString after,
      Supplier<Command> command,
      Function<Reply, T> rendering) {
    answer(observer, after, 0, referrals.question(method, request), command, rendering);
  }

  /**
   * The same for a request with a document, which has to be read.
   *
   * @param bytes of the document
   */
  <T extends Message> void answer(
      StreamObserver<T> observer,
      ByteString after,
      int bytes,
      Supplier<Command> command,
      Function<Reply, T> rendering) {
    answer(observer, after, bytes, null, command, rendering);
  }

  private <T extends Message> void answer(
      StreamObserver<T> observer,
      ByteString after,
      int bytes,
      Referrals.@Nullable Question<?, T> question,
      Supplier<Command> command,
      Function<Reply, T> rendering) {
    ServerCallStreamObserver<T> call = (ServerCallStreamObserver<T>) observer;
    Submission submission = new Submission();
    // With a handler, what is said to a client that went away is dropped instead of thrown.
    call.setOnCancelHandler(submission::cancel);
    Optional<Executor> loop = loops.current();
    Executor answering = loop.orElse(executor);
    if (bytes > EdgeLimits.LOOP_DOCUMENT_BYTES_MAX && loop.isPresent()) {
      executor.execute(
          Context.current()
              .wrap(() -> {
                Unary<T> unary = new Unary<>(call, rendering, executor, question);
                submit(unary, submission, after, command);
              }));
    } else {
      submit(new Unary<>(call, rendering, answering, question), submission, after, command);
    }
  }

  private <T extends Message> void submit(
      Unary<T> plain, Submission submission, ByteString after, Supplier<Command> command) {
    TracedCalls followed = traces;
    TracedCalls.Traced traced = followed == null ? null : followed.begin();
    try {
      CoreThread ready = core();
      CausalToken token = TokenField.read(after);
      Responder responder = traced == null ? plain : traced.before(plain);
      submission.made(ready, ready.submit(command.get(), token, timeoutNanos(), responder));
    } catch (KdeltaException e) {
      if (traced != null) traced.refused(e);
      plain.call.onError(StatusMapping.toGrpc(e));
    } catch (StatusRuntimeException e) {
      plain.call.onError(e);
    } catch (RuntimeException | AssertionError e) {
      LOGGER.log(Logger.Level.ERROR, "a request that cannot be read", e);
      plain.call.onError(unexpected());
    }
  }

  /** The core, if it takes commands. */
  CoreThread core() {
    CoreThread ready = core;
    if (ready == null) {
      throw StatusMapping.toGrpc(
          Code.UNAVAILABLE, "STARTING", "the node is starting", "try again in a moment");
    }
    if (stopping) {
      throw StatusMapping.toGrpc(
          Code.UNAVAILABLE, "STOPPING", "the node is stopping", "ask another node");
    }
    return ready;
  }

  Executor executor() {
    return executor;
  }

  /** How long the core may take: a little less than the client waits. */
  static long timeoutNanos() {
    Deadline deadline = Context.current().getDeadline();
    if (deadline == null) return TimeUnit.SECONDS.toNanos(EdgeLimits.CALL_SECONDS_DEFAULT);
    long left = deadline.timeRemaining(TimeUnit.NANOSECONDS);
    long margin = TimeUnit.MILLISECONDS.toNanos(EdgeLimits.ANSWER_MARGIN_MILLIS);
    return Math.max(left - margin, left / 2);
  }

  /** For bugs of ours: the client learns no more than that. */
  static StatusRuntimeException unexpected() {
    return StatusMapping.toGrpc(
        Code.INTERNAL, "UNEXPECTED", "unexpected failure", "the log of the node says more");
  }

  /** A command in the core that its client may give up, before or after it is there. */
  private static final class Submission {
    private @Nullable CoreThread core;
    private long ticket;
    private boolean cancelled;

    synchronized void made(CoreThread by, long number) {
      core = by;
      ticket = number;
      if (cancelled) by.abandon(number);
    }

    synchronized void cancel() {
      cancelled = true;
      if (core != null) core.abandon(ticket);
    }
  }

  /** Answers one call, on the threads given, or has another node answer it. */
  private record Unary<T extends Message>(
      ServerCallStreamObserver<T> call,
      Function<Reply, T> rendering,
      Executor executor,
      Referrals.@Nullable Question<?, T> question)
      implements Responder {
    @Override
    public void answered(Reply reply, CausalToken token) {
      executor.execute(() -> finish(reply, token));
    }

    @Override
    public void refused(KdeltaException error, CausalToken token) {
      executor.execute(() -> refuse(error, StatusMapping.toGrpc(error, token)));
    }

    private void refuse(KdeltaException error, StatusRuntimeException failure) {
      List<String> elsewhere =
          error instanceof KdeltaException.Behind behind ? behind.elsewhere() : List.of();
      if (question == null || elsewhere.isEmpty()) call.onError(failure);
      else question.passOn(elsewhere, call, failure);
    }

    private void finish(Reply reply, CausalToken token) {
      T message;
      try {
        message = TokenField.with(rendering.apply(reply), token);
      } catch (RuntimeException | AssertionError e) {
        LOGGER.log(Logger.Level.ERROR, "a reply that cannot be rendered", e);
        call.onError(unexpected());
        return;
      }
      call.onNext(message);
      call.onCompleted();
    }
  }
}
