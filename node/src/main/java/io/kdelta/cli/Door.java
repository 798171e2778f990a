package io.kdelta.cli;

import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import org.jspecify.annotations.Nullable;

/** A way to make calls of the contract. */
interface Door {
  /**
   * Makes a call; null where nobody is at this door who could, and nothing was done. What the
   * server refuses is a {@link io.grpc.StatusRuntimeException} or an error of the house. What the
   * session has seen goes with the call, and what the answer tells is added.
   *
   * @param request a write has its request id, by which another door knows it again
   * @param deadline by {@link System#nanoTime}
   */
  <Q extends Message, R> @Nullable R call(MethodDescriptor<Q, R> method, Q request, long deadline);
}
