package io.kdelta.server.http;

import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * Where requests wait for a service: so many at once, each for its time. The services answer on
 * threads of their own. Thread-safe.
 */
final class Desk {
  private final ScheduledExecutorService timer;
  private final Semaphore room = new Semaphore(HttpLimits.REQUESTS_MAX, true);

  Desk(ScheduledExecutorService timer) {
    this.timer = timer;
  }

  /**
   * Carries out a request that asks services, in the order in which they came; a {@link Refusal}
   * when there are too many for too long.
   */
  <T> T serve(Supplier<T> request) {
    if (!admitted()) {
      throw Refusal.overloaded("there are " + HttpLimits.REQUESTS_MAX + " requests already");
    }
    try {
      return request.get();
    } finally {
      room.release();
    }
  }

  private boolean admitted() {
    try {
      return room.tryAcquire(HttpLimits.QUEUE_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  /**
   * Asks a service and waits; what it refuses is thrown as it is.
   *
   * @param nanos how long the service may take
   */
  <Q, R> R ask(BiConsumer<Q, StreamObserver<R>> method, Q request, long nanos) {
    return begin(method, request, nanos).await();
  }

  /** The same without waiting yet. */
  <Q, R> Asked<R> begin(BiConsumer<Q, StreamObserver<R>> method, Q request, long nanos) {
    Outcome<R> outcome = new Outcome<>();
    Context.CancellableContext within =
        Context.current().withDeadlineAfter(nanos, TimeUnit.NANOSECONDS, timer);
    within.run(() -> method.accept(request, outcome));
    return new Asked<>(within, outcome, nanos);
  }

  /**
   * What a service was asked and has not answered yet. One thread, which waits for it.
   *
   * @param nanos how long the service may take
   */
  record Asked<R>(Context.CancellableContext within, Outcome<R> outcome, long nanos) {
    /** Waits; what the service refuses is thrown as it is. */
    R await() {
      try (within) {
        return outcome.await(nanos + TimeUnit.SECONDS.toNanos(HttpLimits.GRACE_SECONDS));
      }
    }
  }
}
