package io.kdelta.wire;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.kdelta.causal.CausalToken;
import io.kdelta.error.KdeltaException;
import java.util.Map;
import java.util.TreeMap;

/**
 * What clients are told when something fails: a google.rpc.Status with one ErrorInfo, whose
 * metadata are the facts. One exhaustive switch: an error without a status does not compile. Pure.
 */
public final class StatusMapping {
  /** Domain of every ErrorInfo. */
  public static final String DOMAIN = "kdelta";

  /** The trailers of a reply must fit into 8 KiB of metadata. */
  private static final int TEXT_LENGTH_MAX = 1_024;

  private StatusMapping() {}

  /** As the failure of a call. */
  public static StatusRuntimeException toGrpc(KdeltaException error) {
    return StatusProto.toStatusRuntimeException(status(error));
  }

  /** As the failure of a call whose client has seen something by it. */
  public static StatusRuntimeException toGrpc(KdeltaException error, CausalToken token) {
    StatusRuntimeException failure = toGrpc(error);
    Metadata trailers = failure.getTrailers();
    if (token.isEmpty() || trailers == null) return failure;
    return failure.getStatus().asRuntimeException(TokenField.trailers(trailers, token));
  }

  /** Refusals of the edge itself, which the core never saw. */
  public static StatusRuntimeException toGrpc(
      Code code, String reason, String message, String hint) {
    TreeMap<String, String> facts = new TreeMap<>();
    if (!hint.isEmpty()) facts.put("hint", hint);
    return StatusProto.toStatusRuntimeException(status(code, reason, message, facts));
  }

  /** The status of an error, with its facts. */
  public static Status status(KdeltaException error) {
    TreeMap<String, String> facts = new TreeMap<>();
    error.hint().ifPresent(hint -> facts.put("hint", hint));
    return switch (error) {
      case KdeltaException.NotFound e ->
          status(Code.NOT_FOUND, "NOT_FOUND", e, facts, "key", e.key());
      case KdeltaException.Invalid e ->
          status(
              Code.INVALID_ARGUMENT, "INVALID", e, facts, "field", e.field(), "cause", e.reason());
      case KdeltaException.Conflict e ->
          status(
              Code.ABORTED,
              "CONFLICT",
              e,
              facts,
              "key",
              e.key(),
              "expected",
              e.expected(),
              "actual",
              e.actual());
      case KdeltaException.Unauthenticated e ->
          status(Code.UNAUTHENTICATED, "UNAUTHENTICATED", e, facts, "cause", e.reason());
      case KdeltaException.Denied e ->
          status(Code.PERMISSION_DENIED, "DENIED", e, facts, "capability", e.capability());
      case KdeltaException.Overloaded e ->
          status(Code.RESOURCE_EXHAUSTED, "OVERLOADED", e, facts, "limit", e.limit());
      case KdeltaException.ReadOnly e ->
          status(Code.FAILED_PRECONDITION, "READ_ONLY", e, facts, "cause", e.reason());
      case KdeltaException.WrongCluster e ->
          status(Code.FAILED_PRECONDITION, "WRONG_CLUSTER", e, facts, "cluster", e.id());
      case KdeltaException.NoValueAt e -> {
        e.oldest().ifPresent(oldest -> facts.put("oldest", oldest));
        yield status(Code.NOT_FOUND, "NO_VALUE_AT", e, facts, "key", e.key(), "time", e.time());
      }
      case KdeltaException.Behind e -> {
        if (e.empty()) facts.put("elsewhere", String.join(", ", e.elsewhere()));
        yield status(Code.UNAVAILABLE, "BEHIND", e, facts, "position", e.position());
      }
      case KdeltaException.DurabilityUnmet e ->
          status(
              Code.UNAVAILABLE,
              "DURABILITY_UNMET",
              e,
              facts,
              "level",
              e.level(),
              "reached",
              e.reached());
      case KdeltaException.Unreachable e ->
          status(Code.UNAVAILABLE, "UNREACHABLE", e, facts, "peers", String.join(", ", e.peers()));
      case KdeltaException.Corrupt e ->
          status(
              Code.DATA_LOSS,
              "CORRUPT",
              e,
              facts,
              "file",
              e.file(),
              "offset",
              Long.toString(e.offset()),
              "cause",
              e.reason());
      case KdeltaException.DiskFault e ->
          status(
              Code.INTERNAL, "DISK_FAULT", e, facts, "path", e.path(), "operation", e.operation());
    };
  }

  /** {@code more}: names and values in turns. */
  private static Status status(
      Code code, String reason, KdeltaException error, Map<String, String> facts, String... more) {
    for (int i = 0; i < more.length; i += 2) facts.put(more[i], more[i + 1]);
    String message = error.getMessage();
    return status(code, reason, message == null ? reason : message, facts);
  }

  private static Status status(
      Code code, String reason, String message, Map<String, String> facts) {
    ErrorInfo.Builder info = ErrorInfo.newBuilder().setReason(reason).setDomain(DOMAIN);
    facts.forEach((name, value) -> info.putMetadata(name, bounded(value)));
    return Status.newBuilder()
        .setCode(code.getNumber())
        .setMessage(bounded(message))
        .addDetails(Any.pack(info.build()))
        .build();
  }

  private static String bounded(String text) {
    return text.length() <= TEXT_LENGTH_MAX ? text : text.substring(0, TEXT_LENGTH_MAX) + "...";
  }
}
