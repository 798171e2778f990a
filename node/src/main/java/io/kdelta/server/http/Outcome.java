package io.kdelta.server.http;

import com.google.rpc.Code;
import io.grpc.StatusRuntimeException;
import io.kdelta.wire.StatusMapping;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The one answer of a service to one request, for a thread that waits for it. Thread-safe.
 *
 * @param <T> the answer
 */
final class Outcome<T> extends Reception<T> {
  private final CompletableFuture<T> result = new CompletableFuture<>();

  @Override
  public void onNext(T value) {
    result.complete(value);
  }

  @Override
  public void onError(Throwable error) {
    result.completeExceptionally(error);
  }

  @Override
  public void onCompleted() {
    // The answer came before.
  }

  /** Waits; what the service failed with is thrown as it is. */
  T await(long nanos) {
    try {
      return result.get(nanos, TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof StatusRuntimeException error) throw error;
      throw new AssertionError("a call that failed without a status", e);
    } catch (TimeoutException e) {
      cancel();
      throw StatusMapping.toGrpc(
          Code.DEADLINE_EXCEEDED,
          "DEADLINE_EXCEEDED",
          "the node did not answer in time; whether a write was stored is unknown",
          "send it again with the same Kdelta-Request-Id");
    } catch (InterruptedException e) {
      cancel();
      throw StatusMapping.toGrpc(
          Code.UNAVAILABLE, "STOPPING", "the node is stopping", "ask another node");
    }
  }
}
