package io.kdelta.server;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.kdelta.causal.CausalToken;
import io.kdelta.core.Command;
import io.kdelta.core.CoreThread;
import io.kdelta.core.Reply;
import io.kdelta.core.Responder;
import io.kdelta.core.WatchFrom;
import io.kdelta.core.WatchScope;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import io.kdelta.wire.StatusMapping;
import io.kdelta.wire.TokenField;
import java.lang.System.Logger;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One watch of one client: question after question to the core, the next one when the answer before
 * is on its way and the client takes more. So at most one answer is in memory for it.
 *
 * <p>Called on threads of gRPC and of the executor; state is guarded by the lock.
 */
final class WatchStream {
  private static final Logger LOGGER = System.getLogger(WatchStream.class.getName());

  private final Calls calls;
  private final Replies replies;
  private final ServerCallStreamObserver<WatchResponse> client;
  private final Runnable over;
  private final ReentrantLock lock = new ReentrantLock();
  private Command.Watch next = new Command.Watch(new WatchScope("", ""), new WatchFrom.Now(), 1, 1);
  private CausalToken after = CausalToken.NONE;

  /** The question of the core that is open; 0 for none. */
  private long ticket;

  /** A question is on its way to the core or in it. */
  private boolean asking;

  private boolean begun;
  private boolean ended;

  /** {@code over}: called once, when it has ended. */
  WatchStream(
      Calls calls, Replies replies, ServerCallStreamObserver<WatchResponse> client, Runnable over) {
    this.calls = calls;
    this.replies = replies;
    this.client = client;
    this.over = over;
    client.setOnCancelHandler(this::cancelled);
    client.setOnReadyHandler(this::ask);
  }

  /** Asks the first question. */
  void begin(WatchRequest request) {
    try {
      CausalToken seen = TokenField.read(request.getCausalToken());
      Command.Watch first =
          new Command.Watch(
              new WatchScope(request.getNamespace(), request.getPrefix()),
              from(request),
              Requests.pageSize(
                  request.getBatchSize(), EdgeLimits.PAGE_DEFAULT, EdgeLimits.PAGE_MAX),
              EdgeLimits.WATCH_BYTES_MAX);
      lock.lock();
      try {
        after = seen;
        next = first;
        begun = true;
      } finally {
        lock.unlock();
      }
      ask();
    } catch (KdeltaException e) {
      fail(StatusMapping.toGrpc(e));
    }
  }

  private static WatchFrom from(WatchRequest request) {
    ByteString token = request.getResumeToken();
    if (!token.isEmpty()) return new WatchFrom.Token(Bytes.wrap(token.toByteArray()));
    return switch (request.getFrom()) {
      case FROM_UNSPECIFIED -> new WatchFrom.Now();
      case START -> new WatchFrom.Start();
      case SNAPSHOT -> new WatchFrom.Snapshot();
      case UNRECOGNIZED -> throw new KdeltaException.Invalid("from", "no such beginning");
    };
  }

  /** Asks the next question, if the client takes an answer and none is on its way. */
  private void ask() {
    lock.lock();
    try {
      if (!begun || ended || asking || !client.isReady()) return;
      asking = true;
      CoreThread core = calls.core();
      long patience = TimeUnit.SECONDS.toNanos(EdgeLimits.WATCH_SECONDS_MAX);
      ticket = core.submit(next, after, patience, responder());
    } catch (KdeltaException e) {
      fail(StatusMapping.toGrpc(e));
    } catch (StatusRuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  private Responder responder() {
    return new Responder() {
      @Override
      public void answered(Reply reply, CausalToken token) {
        calls.executor().execute(() -> tell((Reply.Changes) reply, token));
      }

      @Override
      public void refused(KdeltaException error, CausalToken token) {
        calls.executor().execute(() -> fail(StatusMapping.toGrpc(error, token)));
      }
    };
  }

  private void tell(Reply.Changes changes, CausalToken token) {
    lock.lock();
    try {
      if (ended) return;
      asking = false;
      after = CausalToken.NONE;
      next =
          new Command.Watch(
              next.scope(), new WatchFrom.Token(changes.token()), next.limit(), next.sizeMax());
      // What was passed over is nothing to tell; that all was passed over is.
      if (changes.current() || !changes.versions().isEmpty()) {
        client.onNext(TokenField.with(replies.changes(changes), token));
      }
    } catch (RuntimeException | AssertionError e) {
      LOGGER.log(Logger.Level.ERROR, "a change that cannot be told", e);
      fail(Calls.unexpected());
    } finally {
      lock.unlock();
    }
    ask();
  }

  private void fail(StatusRuntimeException failure) {
    lock.lock();
    try {
      if (ended) return;
      ended = true;
      over.run();
      client.onError(failure);
    } finally {
      lock.unlock();
    }
  }

  private void cancelled() {
    lock.lock();
    try {
      if (ended) return;
      ended = true;
      over.run();
      if (asking && ticket != 0) calls.core().abandon(ticket);
    } catch (StatusRuntimeException e) {
      // The node stops, and so nothing is open any more.
    } finally {
      lock.unlock();
    }
  }
}
