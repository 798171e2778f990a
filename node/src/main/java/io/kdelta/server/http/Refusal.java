package io.kdelta.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.kdelta.wire.JsonShapes;
import io.kdelta.wire.StatusMapping;
import io.kdelta.wire.StatusReading;
import io.kdelta.wire.TokenField;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A request that is not carried out: an error of the contract with a status of HTTP. What the
 * services say keeps its reason and its facts. Immutable.
 */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int RETRY_SECONDS = 1;

  private final int status;
  private final StatusRuntimeException error;
  private final String allowed;

  private Refusal(int status, StatusRuntimeException error, String allowed) {
    super(error.getMessage(), error, false, false);
    this.status = status;
    this.error = error;
    this.allowed = allowed;
  }

  /** Of the port itself, which no service saw. */
  static Refusal of(int status, Code code, String reason, String message, String hint) {
    return new Refusal(status, StatusMapping.toGrpc(code, reason, message, hint), "");
  }

  /** Of a client that has to show a certificate. */
  static Refusal unknown() {
    return of(
        401,
        Code.UNAUTHENTICATED,
        "UNAUTHENTICATED",
        "a client shows a certificate that --tls-ca has signed",
        "curl --cert FILE --key FILE shows one");
  }

  /** For bugs of ours: the client learns no more than that. */
  static Refusal unexpected() {
    return of(
        500, Code.INTERNAL, "UNEXPECTED", "unexpected failure", "the log of the node says more");
  }

  /** There is too much of something for the moment. */
  static Refusal overloaded(String what) {
    return of(429, Code.RESOURCE_EXHAUSTED, "OVERLOADED", what, "try again in a moment");
  }

  /** Of a path that knows other methods. */
  static Refusal method(String asked, String allowed) {
    String message = asked + " is not known here; " + allowed + " is";
    StatusRuntimeException error = StatusMapping.toGrpc(Code.UNIMPLEMENTED, "METHOD", message, "");
    return new Refusal(405, error, allowed);
  }

  /**
   * As a service says it.
   *
   * @param conditional whether headers of the request named a condition
   */
  static Refusal of(StatusRuntimeException error, boolean conditional) {
    int status = httpStatus(error.getStatus().getCode());
    return new Refusal(status == 409 && conditional ? 412 : status, error, "");
  }

  /** Follows google.rpc.Code; a state that forbids a request is a conflict, not a bad request. */
  private static int httpStatus(Status.Code code) {
    return switch (code) {
      case OK -> 200;
      case INVALID_ARGUMENT -> 400;
      case UNAUTHENTICATED -> 401;
      case PERMISSION_DENIED -> 403;
      case NOT_FOUND -> 404;
      case ABORTED, ALREADY_EXISTS, FAILED_PRECONDITION -> 409;
      case OUT_OF_RANGE -> 410;
      case RESOURCE_EXHAUSTED -> 429;
      case CANCELLED -> 499;
      case UNKNOWN, INTERNAL, DATA_LOSS -> 500;
      case UNIMPLEMENTED -> 501;
      case UNAVAILABLE -> 503;
      case DEADLINE_EXCEEDED -> 504;
    };
  }

  /** The same of a part of a request. */
  Refusal at(String where) {
    Status said = error.getStatus();
    String description = said.getDescription();
    String text = description == null ? said.getCode().name() : description;
    Metadata trailers = error.getTrailers();
    return new Refusal(
        status,
        said.withDescription(where + ": " + text)
            .asRuntimeException(trailers == null ? new Metadata() : trailers),
        allowed);
  }

  int status() {
    return status;
  }

  /** {@code {"error": {reason, message, hint, code, details}}}. */
  ObjectNode body() {
    Status said = error.getStatus();
    String description = said.getDescription();
    Optional<ErrorInfo> info = StatusReading.info(error);
    TreeMap<String, String> facts = new TreeMap<>();
    info.ifPresent(told -> facts.putAll(told.getMetadataMap()));
    ObjectNode outer = JsonShapes.object();
    ObjectNode json = outer.putObject("error");
    json.put("reason", info.map(ErrorInfo::getReason).orElse(said.getCode().name()));
    json.put("message", description == null ? said.getCode().name() : description);
    json.put("hint", facts.remove("hint"));
    json.put("code", said.getCode().name());
    facts.forEach(json.putObject("details")::put);
    return outer;
  }

  /** As a google.rpc.Status, for a client that takes messages. */
  ByteString packed() {
    com.google.rpc.Status told = StatusProto.fromThrowable(error);
    if (told == null) throw new AssertionError("an error without a status", error);
    return told.toByteString();
  }

  Answer answer() {
    Answer answer = Answer.json(status, body()).with("Allow", allowed);
    boolean again = status == 429 || status == 503;
    return again ? answer.with("Retry-After", Integer.toString(RETRY_SECONDS)) : answer;
  }

  /** What the client has seen by hearing it; empty for nothing. */
  ByteString token() {
    Metadata trailers = error.getTrailers();
    byte[] token = trailers == null ? null : trailers.get(TokenField.TRAILER);
    return token == null ? ByteString.EMPTY : ByteString.copyFrom(token);
  }
}
