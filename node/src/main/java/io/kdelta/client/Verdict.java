package io.kdelta.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.wire.StatusReading;

/** What is to be done about a call that failed, if the same request may be sent again. */
public enum Verdict {
  /** Another server may do what this one did not: it is gone, late, behind, full, or only reads. */
  ELSEWHERE,
  /** The write is stored there and its level was not met in time: the same request finds it. */
  AGAIN,
  /** Asking again gives the same answer. */
  FINAL;

  /** By what the server said, or by the failure of the transport. */
  public static Verdict of(StatusRuntimeException failure) {
    Status.Code code = failure.getStatus().getCode();
    return switch (StatusReading.reason(failure)) {
      case "DURABILITY_UNMET" -> AGAIN;
      case "READ_ONLY", "OVERLOADED" -> ELSEWHERE;
      // Without a word of a server it is the transport; with one: behind, starting, stopping.
      case "" ->
          code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED
              ? ELSEWHERE
              : FINAL;
      default -> code == Status.Code.UNAVAILABLE ? ELSEWHERE : FINAL;
    };
  }
}
