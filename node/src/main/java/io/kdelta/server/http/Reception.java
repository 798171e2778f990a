package io.kdelta.server.http;

import io.grpc.stub.ServerCallStreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * What a service of the contract sees of a caller over HTTP: as much of a gRPC call as services
 * use. Thread-safe.
 *
 * @param <T> what the service answers with
 */
abstract class Reception<T> extends ServerCallStreamObserver<T> {
  private volatile @Nullable Runnable cancelHandler;
  private volatile @Nullable Runnable readyHandler;
  private volatile boolean cancelled;

  /** Tells the service that nobody listens any more. */
  void cancel() {
    cancelled = true;
    Runnable handler = cancelHandler;
    if (handler != null) handler.run();
  }

  /** Tells the service that more can be taken. */
  void ready() {
    Runnable handler = readyHandler;
    if (handler != null) handler.run();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void setOnCancelHandler(Runnable handler) {
    cancelHandler = handler;
  }

  @Override
  public void setOnReadyHandler(Runnable handler) {
    readyHandler = handler;
  }

  @Override
  public boolean isReady() {
    return !cancelled;
  }

  @Override
  public void setCompression(String compression) {
    throw new UnsupportedOperationException("of gRPC alone");
  }

  @Override
  public void setMessageCompression(boolean enable) {
    throw new UnsupportedOperationException("of gRPC alone");
  }

  @Override
  public void disableAutoInboundFlowControl() {
    throw new UnsupportedOperationException("of gRPC alone");
  }

  @Override
  public void request(int count) {
    throw new UnsupportedOperationException("of gRPC alone");
  }
}
