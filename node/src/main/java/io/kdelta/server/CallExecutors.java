package io.kdelta.server;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PeerGrpc;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Which calls stay on the thread that read them from the network: those of one key, which take
 * microseconds to hand over, and the messages of peers. All others go to the workers. Thread-safe.
 */
final class CallExecutors implements ServerCallExecutorSupplier {
  private static final Set<String> SHORT =
      Set.of(
          KvGrpc.getGetMethod().getFullMethodName(),
          KvGrpc.getExistsMethod().getFullMethodName(),
          KvGrpc.getPutMethod().getFullMethodName(),
          KvGrpc.getDeleteMethod().getFullMethodName(),
          PeerGrpc.getExchangeMethod().getFullMethodName());

  private final Executor workers;

  CallExecutors(Executor workers) {
    this.workers = workers;
  }

  /** Null leaves the call where it is. */
  @Override
  public <Q, R> @Nullable Executor getExecutor(ServerCall<Q, R> call, Metadata metadata) {
    return SHORT.contains(call.getMethodDescriptor().getFullMethodName()) ? null : workers;
  }
}
