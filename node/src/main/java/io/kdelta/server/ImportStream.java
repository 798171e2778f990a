package io.kdelta.server;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kdelta.causal.CausalToken;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.core.Responder;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.ImportVersionsRequest;
import io.kdelta.proto.v1.ImportVersionsResponse;
import io.kdelta.wire.StatusMapping;
import io.kdelta.wire.TokenField;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One import: requests go to the core in the order they came, a few of them at a time, and are
 * answered in that order. When the core is full the stream waits instead of failing.
 *
 * <p>Called on threads of gRPC and of the executor; state is guarded by the lock.
 */
final class ImportStream implements StreamObserver<ImportVersionsRequest> {
  private static final long RETRY_MILLIS = 10;

  private final Calls calls;
  private final Requests requests;
  private final ServerCallStreamObserver<ImportVersionsResponse> client;
  private final ReentrantLock lock = new ReentrantLock();

  /** Answers in the order of their requests; null while the core has not given one. */
  private final ArrayDeque<Slot> slots = new ArrayDeque<>();

  /** A request was taken from the network and not yet handed to the core. */
  private boolean submitting;

  private boolean paused;
  private boolean completed;
  private boolean ended;

  private static final class Slot {
    private @Nullable ImportVersionsResponse response;
  }

  ImportStream(
      Calls calls, Requests requests, ServerCallStreamObserver<ImportVersionsResponse> client) {
    this.calls = calls;
    this.requests = requests;
    this.client = client;
    client.disableAutoRequest();
    client.setOnCancelHandler(this::cancelled);
    client.request(1);
  }

  @Override
  public void onNext(ImportVersionsRequest request) {
    try {
      CausalToken after = TokenField.read(request.getCausalToken());
      Command command = requests.importVersions(request);
      lock.lock();
      try {
        submitting = true;
      } finally {
        lock.unlock();
      }
      submit(command, after);
    } catch (KdeltaException e) {
      fail(StatusMapping.toGrpc(e));
    }
  }

  @Override
  public void onError(Throwable failure) {
    cancelled();
  }

  @Override
  public void onCompleted() {
    lock.lock();
    try {
      completed = true;
      answerInOrder();
    } finally {
      lock.unlock();
    }
  }

  private void submit(Command command, CausalToken after) {
    Slot slot = new Slot();
    lock.lock();
    try {
      if (ended) return;
      slots.add(slot);
      calls.core().submit(command, after, Calls.timeoutNanos(), responder(slot));
      submitting = false;
      paused = slots.size() >= EdgeLimits.IMPORTS_IN_FLIGHT_MAX;
      if (!paused && !ended) client.request(1);
    } catch (KdeltaException.Overloaded e) {
      slots.remove(slot);
      CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS, calls.executor())
          .execute(() -> submit(command, after));
    } catch (KdeltaException e) {
      fail(StatusMapping.toGrpc(e));
    } catch (StatusRuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  private Responder responder(Slot slot) {
    return new Responder() {
      @Override
      public void answered(Reply reply, CausalToken token) {
        calls.executor().execute(() -> answer(slot, (Reply.Imported) reply, token));
      }

      @Override
      public void refused(KdeltaException error, CausalToken token) {
        calls.executor().execute(() -> fail(StatusMapping.toGrpc(error, token)));
      }
    };
  }

  private void answer(Slot slot, Reply.Imported imported, CausalToken token) {
    lock.lock();
    try {
      ImportVersionsResponse response =
          ImportVersionsResponse.newBuilder()
              .setStored(imported.stored())
              .setHeld(imported.held())
              .setAck(Replies.level(imported.level()))
              .build();
      slot.response = TokenField.with(response, token);
      answerInOrder();
    } finally {
      lock.unlock();
    }
  }

  private void answerInOrder() {
    if (ended) return;
    for (Slot first = slots.peek(); first != null && first.response != null; ) {
      client.onNext(first.response);
      slots.remove();
      first = slots.peek();
    }
    if (paused && slots.size() < EdgeLimits.IMPORTS_IN_FLIGHT_MAX) {
      paused = false;
      client.request(1);
    }
    if (completed && slots.isEmpty() && !submitting) {
      ended = true;
      client.onCompleted();
    }
  }

  private void fail(StatusRuntimeException failure) {
    lock.lock();
    try {
      if (ended) return;
      ended = true;
      boolean gone = failure.getStatus().getCode() == Status.Code.CANCELLED;
      if (!gone) client.onError(failure);
    } finally {
      lock.unlock();
    }
  }

  private void cancelled() {
    lock.lock();
    try {
      ended = true;
    } finally {
      lock.unlock();
    }
  }
}
