package io.kdelta.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.sun.net.httpserver.HttpExchange;
import io.grpc.StatusRuntimeException;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WatchGrpc;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import io.kdelta.wire.JsonShapes;
import io.kdelta.wire.StatusMapping;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A watch as server-sent events. The service is asked for the next answer when the one before is
 * written, so at most one is in memory; who does not read is cut off by the {@link Writer}.
 *
 * <p>Written by one thread; the service tells on others.
 */
final class EventStream extends Reception<WatchResponse> {
  private static final int RECONNECT_MILLIS = 1_000;
  private static final int PATIENCE_MILLIS = 500;

  /** The service gives a sign of life every 10 s. */
  private static final int SILENCE_SECONDS_MAX = 40;

  /** What the service said: an answer, or why there is none. */
  private sealed interface Word {
    record Told(WatchResponse response) implements Word {}

    record Failed(StatusRuntimeException error) implements Word {}
  }

  private final BlockingQueue<Word> words = new ArrayBlockingQueue<>(2);
  private final Writer writer;
  private volatile boolean idle = true;

  EventStream(Writer writer) {
    this.writer = writer;
  }

  /** The question of a request; Invalid for parameters that are none. */
  static WatchRequest request(HttpCall call, @Nullable String lastEventId) {
    Params params = call.params();
    WatchRequest.Builder request =
        WatchRequest.newBuilder()
            .setNamespace(call.namespace())
            .setPrefix(params.text("prefix"))
            .setBatchSize(params.count("limit"))
            .setFrom(from(params))
            .setCausalToken(call.token());
    if (lastEventId != null && !lastEventId.isBlank()) {
      request.setResumeToken(HttpCall.bytes("Last-Event-ID", lastEventId.strip()));
    } else if (params.has("resume")) {
      request.setResumeToken(HttpCall.bytes("resume", params.text("resume")));
    }
    return request.build();
  }

  private static WatchRequest.From from(Params params) {
    return switch (params.has("from") ? params.text("from") : "now") {
      case "now" -> WatchRequest.From.FROM_UNSPECIFIED;
      case "start" -> WatchRequest.From.START;
      case "snapshot" -> WatchRequest.From.SNAPSHOT;
      default -> throw new KdeltaException.Invalid("from", "is not one of now, start and snapshot");
    };
  }

  /**
   * Asks and writes until the client goes, the time is over or the service fails. A failure before
   * anything was said is thrown as a {@link Refusal}, for an answer of its own.
   */
  void run(WatchGrpc.WatchImplBase watch, WatchRequest request, HttpExchange exchange)
      throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(HttpLimits.WATCH_SECONDS_MAX);
    try {
      watch.watch(request, this);
      // A refusal comes at once, and what goes on from a token may be silent for long.
      Word word = next(TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS));
      if (word instanceof Word.Failed(StatusRuntimeException error)) throw Refusal.of(error, false);
      begin(exchange);
      while (word == null || tell(exchange, word)) {
        long left = end - System.nanoTime();
        word = left <= 0 ? null : heard(left);
        if (word == null) break;
      }
      writer.end(exchange);
    } finally {
      cancel();
    }
  }

  /** Writes what the service said; false after the last word. */
  private boolean tell(HttpExchange exchange, Word word) throws IOException {
    return switch (word) {
      case Word.Told(WatchResponse response) -> {
        write(exchange, text(response));
        idle = true;
        ready();
        yield true;
      }
      case Word.Failed(StatusRuntimeException error) -> {
        String body = JsonShapes.text(Refusal.of(error, false).body());
        write(exchange, event("error", body, ByteString.EMPTY));
        yield false;
      }
    };
  }

  /** The next word within the time; a failure when the service is silent for too long. */
  private @Nullable Word heard(long nanos) {
    long silence = TimeUnit.SECONDS.toNanos(SILENCE_SECONDS_MAX);
    Word word = next(Math.min(nanos, silence));
    return word == null && nanos > silence ? new Word.Failed(silent()) : word;
  }

  private @Nullable Word next(long nanos) {
    try {
      return words.poll(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      return null;
    }
  }

  private static StatusRuntimeException silent() {
    return StatusMapping.toGrpc(
        Code.UNAVAILABLE, "SILENT", "the core does not answer", "go on with the last id");
  }

  private void begin(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    writer.begin(exchange, 200);
    write(exchange, "retry: " + RECONNECT_MILLIS + "\n\n");
  }

  private void write(HttpExchange exchange, String text) throws IOException {
    writer.write(exchange, ByteString.copyFromUtf8(text));
  }

  private static String text(WatchResponse response) {
    StringBuilder out = new StringBuilder();
    ByteString token = response.getResumeToken();
    int left = response.getVersionsCount();
    for (Version version : response.getVersionsList()) {
      left--;
      ObjectNode json = JsonShapes.version(version);
      json.put("resumeToken", left == 0 ? HttpCall.text(token) : null);
      out.append(event("version", JsonShapes.text(json), left == 0 ? token : ByteString.EMPTY));
    }
    if (response.getCurrent()) {
      ObjectNode json = JsonShapes.object().put("resumeToken", HttpCall.text(token));
      out.append(event("current", JsonShapes.text(json), token));
    }
    // An id without data moves a client on and tells it nothing.
    if (out.isEmpty()) out.append("id: ").append(HttpCall.text(token)).append("\n\n");
    return out.toString();
  }

  /** JSON has no line ends of its own, so one line holds it. */
  private static String event(String name, String data, ByteString id) {
    String line = id.isEmpty() ? "" : "id: " + HttpCall.text(id) + "\n";
    return "event: " + name + "\n" + line + "data: " + data + "\n\n";
  }

  @Override
  public boolean isReady() {
    return idle && super.isReady();
  }

  @Override
  public void onNext(WatchResponse response) {
    idle = false;
    words.add(new Word.Told(response));
  }

  @Override
  public void onError(Throwable error) {
    if (!(error instanceof StatusRuntimeException status)) {
      throw new AssertionError("a watch that failed without a status", error);
    }
    words.add(new Word.Failed(status));
  }

  @Override
  public void onCompleted() {
    throw new AssertionError("a watch has no end");
  }
}
