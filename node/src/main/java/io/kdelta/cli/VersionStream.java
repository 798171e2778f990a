package io.kdelta.cli;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.kdelta.client.Verdict;
import io.kdelta.proto.v1.ImportVersionsRequest;
import io.kdelta.proto.v1.ImportVersionsResponse;
import io.kdelta.proto.v1.VersionsGrpc;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An import stream that keeps what is not acknowledged, and sends it again to the next server when
 * one is gone. Used by one thread; answers come on others, state is guarded by the lock.
 */
final class VersionStream implements AutoCloseable {
  private static final int IN_FLIGHT_MAX = 8;
  private static final long ANSWER_SECONDS_MAX = 60;

  /** So often in a row may the level of a write not be met in time. */
  private static final int UNCONFIRMED_MAX = 6;

  /** So often in a row may there be no room yet: flushes and merges catch up meanwhile. */
  private static final int FULL_MAX = 240;

  private static final long FULL_PAUSE_MILLIS = 250;

  private final Client client;
  private final ImportCommand.Tally tally;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<ImportVersionsRequest> unanswered = new ArrayDeque<>();
  private int failures;
  private Attempt attempt;

  VersionStream(Client client, ImportCommand.Tally tally) {
    this.client = client;
    this.tally = tally;
    this.attempt = open();
  }

  /** Sends a request; waits while too many are on their way. */
  void send(ImportVersionsRequest request) {
    awaitRoom(IN_FLIGHT_MAX);
    lock.lock();
    try {
      unanswered.add(request);
      attempt.send(request);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until everything is acknowledged. */
  void finish() {
    awaitRoom(1);
    attempt.complete();
  }

  @Override
  public void close() {
    attempt.cancel();
  }

  /** Waits until fewer than {@code most} are on their way. */
  private void awaitRoom(int most) {
    lock.lock();
    try {
      while (unanswered.size() >= most || attempt.failure != null) {
        StatusRuntimeException failure = attempt.failure;
        if (failure != null) {
          resume(failure);
        } else if (!changed.await(ANSWER_SECONDS_MAX, TimeUnit.SECONDS)) {
          throw client.told(Status.DEADLINE_EXCEEDED.asRuntimeException());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CliException(ExitCode.INTERRUPTED, "INTERRUPTED", "interrupted", null, e);
    } finally {
      lock.unlock();
    }
  }

  /** Goes on after a failure: elsewhere, or here when the level was late or there was no room. */
  private void resume(StatusRuntimeException failure) throws InterruptedException {
    Verdict verdict = Verdict.of(failure);
    boolean elsewhere = verdict == Verdict.ELSEWHERE;
    boolean full = failure.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED;
    int most = elsewhere ? client.servers().addresses().size() - 1 : UNCONFIRMED_MAX;
    if (elsewhere && full) most = FULL_MAX;
    if (verdict == Verdict.FINAL || failures >= most) throw client.told(failure);
    failures++;
    if (elsewhere) client.next();
    if (full) {
      long left = TimeUnit.MILLISECONDS.toNanos(FULL_PAUSE_MILLIS);
      while (left > 0) left = changed.awaitNanos(left);
    }
    attempt = open();
    unanswered.forEach(attempt::send);
  }

  private Attempt open() {
    Attempt opened = new Attempt();
    var _ = VersionsGrpc.newStub(client.channel()).importVersions(opened);
    return opened;
  }

  /** One stream to one server. */
  private final class Attempt
      implements ClientResponseObserver<ImportVersionsRequest, ImportVersionsResponse> {
    private @Nullable ClientCallStreamObserver<ImportVersionsRequest> requests;
    private @Nullable StatusRuntimeException failure;

    @Override
    public void beforeStart(ClientCallStreamObserver<ImportVersionsRequest> observer) {
      requests = observer;
    }

    void send(ImportVersionsRequest request) {
      if (requests != null && failure == null) requests.onNext(request);
    }

    void complete() {
      if (requests != null) requests.onCompleted();
    }

    void cancel() {
      if (requests != null) requests.cancel("done", null);
    }

    @Override
    public void onNext(ImportVersionsResponse response) {
      lock.lock();
      try {
        if (attempt != this) return;
        unanswered.remove();
        failures = 0;
        tally.add(response.getStored(), response.getHeld());
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onError(Throwable thrown) {
      lock.lock();
      try {
        failure =
            Status.fromThrowable(thrown).asRuntimeException(Status.trailersFromThrowable(thrown));
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onCompleted() {
      onError(Status.UNAVAILABLE.withDescription("the server ended the stream").asException());
    }
  }
}
