package io.kdelta.cli;

import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.tls.TlsFailure;
import io.kdelta.wire.StatusReading;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns what a call failed with into what a person can act on. Pure. */
final class Failures {
  private Failures() {}

  /** The message, hint and exit code for a failure that no other server was left for. */
  static CliException of(StatusRuntimeException failure, String address, Servers servers) {
    Status status = failure.getStatus();
    String description = description(status);
    Optional<ErrorInfo> info = StatusReading.info(failure);
    if (info.isPresent()) {
      String reason = info.get().getReason();
      String hint =
          reason.equals("BEHIND") && !info.get().containsMetadata("elsewhere")
              ? "try again in a moment; --token none begins a new session, which takes what is here"
              : info.get().getMetadataOrDefault("hint", hint(info.get()));
      int exitCode = exitCode(status.getCode(), true);
      return new CliException(exitCode, reason, description, hint.isEmpty() ? null : hint, failure);
    }
    if (large(status)) return tooLarge(status, failure, address);
    if (otherwise(failure) && TlsFailure.of(failure).isEmpty()) return noGrpc(failure, address);
    return switch (status.getCode()) {
      case UNAVAILABLE ->
          TlsFailure.of(failure)
              .map(why -> apart(why, failure, address))
              .orElseGet(() -> unreachable(failure, servers));
      case DEADLINE_EXCEEDED ->
          new CliException(
              ExitCode.UNREACHABLE,
              "DEADLINE_EXCEEDED",
              "no answer from " + address + " in time; whether a write was stored is unknown",
              "kdelta --timeout SECONDS waits longer; kdelta -s " + address + " status looks",
              failure);
      case CANCELLED ->
          new CliException(
              ExitCode.INTERRUPTED,
              "INTERRUPTED",
              "interrupted; whether a write was stored is unknown",
              null,
              failure);
      default ->
          new CliException(
              exitCode(status.getCode(), false),
              status.getCode().name(),
              address + ": " + description,
              null,
              failure);
    };
  }

  private static boolean large(Status status) {
    return status.getCode() == Status.Code.RESOURCE_EXHAUSTED
        && description(status).contains("exceeds maximum size");
  }

  private static CliException tooLarge(
      Status status, StatusRuntimeException failure, String address) {
    return new CliException(
        ExitCode.USAGE,
        status.getCode().name(),
        "the document is too large for " + address + ": " + description(status),
        "kdelta start --document-bytes-max BYTES allows larger ones on that node",
        failure);
  }

  /** Whether there is a server, and what it says is no HTTP/2. */
  private static boolean otherwise(StatusRuntimeException failure) {
    @Nullable Throwable next = failure;
    while (next != null) {
      if (String.valueOf(next.getMessage()).contains("frame was not SETTINGS")) return true;
      next = next.getCause();
    }
    return false;
  }

  private static CliException noGrpc(StatusRuntimeException failure, String address) {
    int colon = address.lastIndexOf(':');
    int port = Integer.parseInt(address.substring(colon + 1));
    String guess = port > 2 ? ": try -s " + address.substring(0, colon + 1) + (port - 2) : "";
    return new CliException(
        ExitCode.UNREACHABLE,
        "UNAVAILABLE",
        "cannot talk to " + address + ": this port does not speak gRPC",
        "it may be the HTTP port, which by default is two above that of gRPC" + guess,
        failure);
  }

  /** Whether it was the transport that failed, and no server that said something. */
  static boolean unreached(StatusRuntimeException failure) {
    return failure.getStatus().getCode() == Status.Code.UNAVAILABLE
        && StatusReading.info(failure).isEmpty();
  }

  /** What the command line can say where the server has no advice. */
  private static String hint(ErrorInfo info) {
    if (info.getReason().equals("DURABILITY_UNMET")) {
      return "the write is on that node and may still spread; --ack local asks for no more";
    }
    if (info.getMetadataOrDefault("field", "").startsWith("document at line")) {
      return "a document is JSON, in single quotes for the shell: '{\"name\":\"Alice\"}'";
    }
    String key = info.getMetadataOrDefault("key", "");
    int slash = key.indexOf('/');
    if (slash < 0) return "";
    return switch (info.getReason()) {
      case "NOT_FOUND" ->
          "kdelta ls "
              + key.substring(0, slash)
              + " lists what there is; kdelta log "
              + key
              + " shows what there was";
      case "NO_VALUE_AT" -> "kdelta log " + key + " shows the history";
      default -> "";
    };
  }

  /** There is a server, and the two do not come together over TLS. */
  static CliException apart(TlsFailure why, StatusRuntimeException failure, String address) {
    return new CliException(
        ExitCode.UNREACHABLE,
        "TLS",
        "cannot talk to " + address + ": " + why.what(),
        why.hint(),
        failure);
  }

  private static CliException unreachable(StatusRuntimeException failure, Servers servers) {
    String which =
        servers.addresses().size() == 1
            ? "the server " + servers.addresses().getFirst()
            : "any of the servers " + String.join(", ", servers.addresses());
    return new CliException(
        ExitCode.UNREACHABLE,
        "UNAVAILABLE",
        "cannot reach " + which + " (" + servers.origin() + "): " + cause(failure),
        "kdelta start runs a node here; kdelta -s HOST:PORT names another one",
        failure);
  }

  /** The innermost reason, which is the operating system's. */
  private static String cause(StatusRuntimeException failure) {
    Throwable cause = failure.getCause();
    if (cause == null) return description(failure.getStatus());
    while (cause.getCause() != null) cause = cause.getCause();
    String message = cause.getMessage();
    if (message == null) return description(failure.getStatus());
    // Netty puts its own words and the address around those of the system.
    return message.contains("Connection refused") ? "connection refused" : message;
  }

  private static String description(Status status) {
    @Nullable String text = status.getDescription();
    return text == null ? status.getCode().name() : text;
  }

  /** Follows the gRPC status; {@code told}: the server said why. */
  static int exitCode(Status.Code code, boolean told) {
    return switch (code) {
      case OK -> ExitCode.DONE;
      case NOT_FOUND -> ExitCode.NOT_FOUND;
      case INVALID_ARGUMENT, OUT_OF_RANGE -> ExitCode.USAGE;
      case ABORTED, ALREADY_EXISTS, FAILED_PRECONDITION -> ExitCode.CONFLICT;
      case UNAUTHENTICATED, PERMISSION_DENIED -> ExitCode.NOT_ALLOWED;
      case UNAVAILABLE, DEADLINE_EXCEEDED -> ExitCode.UNREACHABLE;
      // Without a word from the server it is gRPC that refuses: the message is too large.
      case RESOURCE_EXHAUSTED -> told ? ExitCode.UNREACHABLE : ExitCode.USAGE;
      case DATA_LOSS -> ExitCode.CORRUPT;
      case CANCELLED -> ExitCode.INTERRUPTED;
      case UNKNOWN, UNIMPLEMENTED, INTERNAL -> ExitCode.UNEXPECTED;
    };
  }
}
