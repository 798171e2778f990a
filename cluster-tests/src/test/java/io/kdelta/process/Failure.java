package io.kdelta.process;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Set;

/**
 * What a failed call means to a client that keeps a ledger.
 *
 * @param reason of the node's own account, or the bare status when it gave none
 * @param refused whether it says for sure that nothing was stored (ACK-TRUTH)
 */
record Failure(String reason, boolean refused) {
  private static final Set<String> REFUSALS =
      Set.of("OVERLOADED", "READ_ONLY", "CONFLICT", "NOT_FOUND", "INVALID", "BEHIND");

  /** Whether the node has not seen yet what the token names. */
  boolean behind() {
    return reason.equals("BEHIND");
  }

  static Failure of(StatusRuntimeException failure) {
    com.google.rpc.Status status = StatusProto.fromThrowable(failure);
    if (status != null) {
      for (Any detail : status.getDetailsList()) {
        if (!detail.is(ErrorInfo.class)) continue;
        try {
          String reason = detail.unpack(ErrorInfo.class).getReason();
          return new Failure(reason, REFUSALS.contains(reason));
        } catch (InvalidProtocolBufferException e) {
          throw new AssertionError("an error that can not be read", e);
        }
      }
    }
    // Nobody has decided: the call may have gone through and its answer been lost.
    Status.Code code = failure.getStatus().getCode();
    String said = code == Status.Code.UNKNOWN ? " " + failure.getStatus().getDescription() : "";
    return new Failure(code.name() + said, false);
  }
}
