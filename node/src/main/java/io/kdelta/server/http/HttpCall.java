package io.kdelta.server.http;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.sun.net.httpserver.Headers;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.kdelta.causal.CausalToken;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.wire.TokenField;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** One request on its way: what it asks, and what its client has seen. One thread. */
final class HttpCall {
  static final String TOKEN = "Kdelta-Token";
  private static final String TIMEOUT = "Kdelta-Timeout";
  private static final String REQUEST_ID = "Kdelta-Request-Id";
  private static final int TOKEN_LENGTH_MAX = 8 << 10;

  private final Headers headers;
  private final Map<String, String> variables;
  private final Params params;
  private final ByteString body;
  private final Desk desk;
  private final ByteString token;
  private ByteString told = ByteString.EMPTY;

  /** {@code variables}: of the path, still encoded. */
  HttpCall(
      Headers headers, Map<String, String> variables, Params params, ByteString body, Desk desk) {
    this.headers = headers;
    this.variables = variables;
    this.params = params;
    this.body = body;
    this.desk = desk;
    this.token = token(headers);
  }

  /** A variable of the path; empty when the path has none of that name. */
  String variable(String name) {
    String raw = variables.get(name);
    return raw == null ? "" : PercentText.decode(name, raw, false);
  }

  String namespace() {
    return variable("ns");
  }

  String key() {
    return variable("key");
  }

  Params params() {
    return params;
  }

  ByteString body() {
    return body;
  }

  /** What the body is said to be, without parameters; empty for nothing said. */
  String contentType() {
    return header("Content-Type").split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
  }

  /** Of a write that may be sent again; empty for none. */
  String requestId() {
    return header(REQUEST_ID);
  }

  /** The level that a write asks for. */
  AckLevel ack() {
    String text = params.text("ack");
    if (!params.has("ack")) return AckLevel.ACK_LEVEL_UNSPECIFIED;
    for (AckLevel level : AckLevel.values()) {
      boolean named = level != AckLevel.UNRECOGNIZED && level != AckLevel.ACK_LEVEL_UNSPECIFIED;
      if (named && level.name().equals("ACK_LEVEL_" + text.toUpperCase(Locale.ROOT))) return level;
    }
    throw new KdeltaException.Invalid("ack", "is not one of local, one, quorum and all");
  }

  /** The versions that a write says it saw. */
  List<String> parents() {
    return params.has("parents") ? Arrays.asList(params.text("parents").split(",", -1)) : List.of();
  }

  /** The state that must be; by the query or by If-Match. Empty for any. */
  String ifState() {
    String match = header("If-Match");
    if (match.isEmpty()) return params.text("if");
    String state = state("If-Match", match);
    if (params.has("if") && !params.text("if").equals(state)) {
      throw new KdeltaException.Invalid("if", "is not what If-Match says");
    }
    return state;
  }

  /** Whether there must be none; by the query or by If-None-Match. */
  boolean ifAbsent() {
    String none = header("If-None-Match");
    if (none.isEmpty()) return params.flag("if-absent");
    if (none.equals("*")) return true;
    throw new KdeltaException.Invalid("If-None-Match", "a write knows * alone");
  }

  /** Whether the client holds this state already. */
  boolean holds(String state) {
    return header("If-None-Match").equals("\"" + state + "\"");
  }

  /** Whether headers name a condition, whose failing has a status of its own. */
  boolean conditional() {
    return headers.containsKey("If-Match") || headers.containsKey("If-None-Match");
  }

  /** What the client has seen before, unread. */
  ByteString token() {
    return token;
  }

  /** What the client has seen with the answer; empty while no service said so. */
  ByteString told() {
    return told;
  }

  /** Asks a service and waits; what it refuses is a {@link Refusal}. */
  <Q extends Message, R extends Message> R ask(BiConsumer<Q, StreamObserver<R>> method, Q request) {
    return ask(method, request, HttpLimits.CALL_SECONDS_DEFAULT);
  }

  /** The same of a service that has so many seconds, unless the client says how long. */
  <Q extends Message, R extends Message> R ask(
      BiConsumer<Q, StreamObserver<R>> method, Q request, int seconds) {
    try {
      R answer = desk.ask(method, TokenField.with(request, token), timeoutNanos(seconds));
      told = TokenField.of(answer);
      return answer;
    } catch (StatusRuntimeException e) {
      throw refused(e);
    }
  }

  /** Asks a service and goes on; {@link #await} has the answer. */
  <Q extends Message, R extends Message> Desk.Asked<R> begin(
      BiConsumer<Q, StreamObserver<R>> method, Q request) {
    long nanos = timeoutNanos(HttpLimits.CALL_SECONDS_DEFAULT);
    return desk.begin(method, TokenField.with(request, token), nanos);
  }

  /** Waits for one of several answers; the client has then seen all of them. */
  <R extends Message> R await(Desk.Asked<R> asked) {
    try {
      R answer = asked.await();
      CausalToken both = TokenField.read(told).union(TokenField.read(TokenField.of(answer)));
      told = ByteString.copyFrom(both.fitted().encode().buffer());
      return answer;
    } catch (StatusRuntimeException e) {
      throw refused(e);
    }
  }

  private Refusal refused(StatusRuntimeException failure) {
    Refusal refusal = Refusal.of(failure, conditional());
    told = refusal.token();
    return refusal;
  }

  private long timeoutNanos(int otherwise) {
    String text = header(TIMEOUT);
    if (text.isEmpty()) return TimeUnit.SECONDS.toNanos(otherwise);
    boolean number = text.matches("[0-9]{1,3}(\\.[0-9]{1,9})?");
    double seconds = number ? Double.parseDouble(text) : 0;
    if (seconds <= 0 || seconds > HttpLimits.CALL_SECONDS_MAX) {
      throw new KdeltaException.Invalid(
          TIMEOUT, "is not a number of seconds up to " + HttpLimits.CALL_SECONDS_MAX);
    }
    return (long) (seconds * 1e9);
  }

  private String header(String name) {
    @Nullable String value = headers.getFirst(name);
    return value == null ? "" : value.strip();
  }

  private static String state(String name, String quoted) {
    int length = quoted.length();
    boolean tag = length > 2 && quoted.charAt(0) == '"' && quoted.charAt(length - 1) == '"';
    if (!tag) throw new KdeltaException.Invalid(name, "is not a state in quotes");
    return quoted.substring(1, length - 1);
  }

  private static ByteString token(Headers headers) {
    @Nullable String text = headers.getFirst(TOKEN);
    return text == null || text.isBlank() ? ByteString.EMPTY : bytes(TOKEN, text.strip());
  }

  /** Bytes of base64url, as tokens are written; Invalid for other text. */
  static ByteString bytes(String field, String text) {
    if (text.length() > TOKEN_LENGTH_MAX) {
      throw new KdeltaException.Invalid(field, "longer than " + TOKEN_LENGTH_MAX);
    }
    try {
      return ByteString.copyFrom(Base64.getUrlDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      throw new KdeltaException.Invalid(field, "is not base64url");
    }
  }

  /** Bytes as base64url without padding. */
  static String text(ByteString bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
  }
}
