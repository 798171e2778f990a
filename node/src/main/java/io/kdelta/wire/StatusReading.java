package io.kdelta.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.kdelta.error.KdeltaException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a call failed with, as the error that it was at the server: {@link StatusMapping} back.
 * Pure.
 */
public final class StatusReading {
  private StatusReading() {}

  /**
   * The server's own account of the failure, when it gave one: then it is alive and has decided.
   */
  public static Optional<ErrorInfo> info(StatusRuntimeException failure) {
    com.google.rpc.Status status = StatusProto.fromThrowable(failure);
    if (status == null) return Optional.empty();
    for (var detail : status.getDetailsList()) {
      if (!detail.is(ErrorInfo.class)) continue;
      try {
        ErrorInfo info = detail.unpack(ErrorInfo.class);
        if (info.getDomain().equals(StatusMapping.DOMAIN)) return Optional.of(info);
      } catch (InvalidProtocolBufferException e) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** The reason that the server gave; empty for none. */
  public static String reason(StatusRuntimeException failure) {
    return info(failure).map(ErrorInfo::getReason).orElse("");
  }

  /**
   * The error, with the failure as its cause. Empty for what no caller would act on: a bug at the
   * other end, an unknown method, an end of the caller's own making.
   *
   * @param asked the addresses that were asked, for the error that nobody answered
   */
  public static Optional<KdeltaException> read(StatusRuntimeException failure, List<String> asked) {
    Optional<ErrorInfo> info = info(failure);
    KdeltaException error = info.isPresent() ? told(info.get(), failure.getStatus()) : null;
    if (error == null) error = untold(failure.getStatus(), asked);
    if (error != null) {
      var _ = error.initCause(failure);
    }
    return Optional.ofNullable(error);
  }

  /** By the reason of the server; null for one that is no error of the house. */
  private static @Nullable KdeltaException told(ErrorInfo info, Status status) {
    return switch (info.getReason()) {
      case "NOT_FOUND" -> new KdeltaException.NotFound(fact(info, "key", status));
      case "INVALID" ->
          new KdeltaException.Invalid(
              info.getMetadataOrDefault("field", "request"), cause(info, status));
      case "CONFLICT" ->
          new KdeltaException.Conflict(
              fact(info, "key", status),
              info.getMetadataOrDefault("expected", ""),
              info.getMetadataOrDefault("actual", ""));
      case "UNAUTHENTICATED" -> new KdeltaException.Unauthenticated(cause(info, status));
      case "DENIED" -> new KdeltaException.Denied(fact(info, "capability", status));
      case "OVERLOADED" -> new KdeltaException.Overloaded(fact(info, "limit", status));
      case "READ_ONLY" -> new KdeltaException.ReadOnly(cause(info, status));
      case "WRONG_CLUSTER" -> new KdeltaException.WrongCluster(fact(info, "cluster", status));
      case "NO_VALUE_AT" -> {
        @Nullable String oldest = info.getMetadataMap().get("oldest");
        yield new KdeltaException.NoValueAt(
            fact(info, "key", status), info.getMetadataOrDefault("time", ""), oldest);
      }
      case "BEHIND" -> {
        String position = fact(info, "position", status);
        @Nullable String elsewhere = info.getMetadataMap().get("elsewhere");
        if (elsewhere == null) yield new KdeltaException.Behind(position);
        yield new KdeltaException.Behind(
            position, elsewhere.isEmpty() ? List.of() : List.of(elsewhere.split(", ")));
      }
      case "DURABILITY_UNMET" ->
          new KdeltaException.DurabilityUnmet(
              fact(info, "level", status), info.getMetadataOrDefault("reached", ""));
      case "UNREACHABLE" ->
          new KdeltaException.Unreachable(List.of(fact(info, "peers", status).split(", ")));
      case "CORRUPT" ->
          new KdeltaException.Corrupt(
              info.getMetadataOrDefault("file", ""), offset(info), cause(info, status));
      case "DISK_FAULT" ->
          new KdeltaException.DiskFault(
              info.getMetadataOrDefault("path", ""),
              info.getMetadataOrDefault("operation", ""),
              false,
              null);
      default -> null;
    };
  }

  /** By the code alone: the transport failed, or a proxy answered. */
  private static @Nullable KdeltaException untold(Status status, List<String> asked) {
    return switch (status.getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED -> new KdeltaException.Unreachable(asked);
      case RESOURCE_EXHAUSTED -> new KdeltaException.Overloaded(text(status));
      case INVALID_ARGUMENT, OUT_OF_RANGE -> new KdeltaException.Invalid("request", text(status));
      case UNAUTHENTICATED -> new KdeltaException.Unauthenticated(text(status));
      case PERMISSION_DENIED -> new KdeltaException.Denied(text(status));
      case NOT_FOUND -> new KdeltaException.NotFound(text(status));
      case OK,
          CANCELLED,
          UNKNOWN,
          ALREADY_EXISTS,
          FAILED_PRECONDITION,
          ABORTED,
          UNIMPLEMENTED,
          INTERNAL,
          DATA_LOSS ->
          null;
    };
  }

  private static String fact(ErrorInfo info, String name, Status status) {
    return info.getMetadataOrDefault(name, text(status));
  }

  private static String cause(ErrorInfo info, Status status) {
    return fact(info, "cause", status);
  }

  private static long offset(ErrorInfo info) {
    try {
      return Long.parseLong(info.getMetadataOrDefault("offset", "0"));
    } catch (NumberFormatException e) {
      // Of a later version of kdelta, which counts in another way.
      return 0;
    }
  }

  private static String text(Status status) {
    @Nullable String description = status.getDescription();
    return description == null ? status.getCode().name() : description;
  }
}
