package io.kdelta.server.http;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Writes answers piece by piece, each within a time: who reads slower is cut off, which costs
 * nobody else anything. Thread-safe; called on the thread of the request, which it may interrupt.
 */
final class Writer {
  /** What every answer says about how a browser may use it. */
  private static final Map<String, String> ALWAYS =
      Map.of(
          "Cache-Control", "no-store",
          "X-Content-Type-Options", "nosniff",
          "X-Frame-Options", "DENY",
          "Referrer-Policy", "no-referrer",
          "Cross-Origin-Resource-Policy", "same-origin",
          "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");

  private final ScheduledExecutorService timer;
  private final String door;

  /** {@code door}: the port of gRPC, which every answer names. */
  Writer(ScheduledExecutorService timer, int door) {
    this.timer = timer;
    this.door = Integer.toString(door);
  }

  /** Writes a whole answer; without its body for HEAD. */
  void answer(HttpExchange exchange, Answer answer) throws IOException {
    Headers headers = exchange.getResponseHeaders();
    ALWAYS.forEach(headers::set);
    headers.set(Admission.DOOR, door);
    headers.set("Content-Type", answer.contentType());
    answer.headers().forEach(headers::set);
    ByteString body = answer.body();
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head) headers.set("Content-Length", Integer.toString(body.size()));
    boolean none = head || body.isEmpty();
    within(() -> exchange.sendResponseHeaders(answer.status(), none ? -1 : body.size()));
    if (!none) write(exchange, body);
    end(exchange);
  }

  /** Begins an answer whose length nobody knows. */
  void begin(HttpExchange exchange, int status) throws IOException {
    ALWAYS.forEach(exchange.getResponseHeaders()::set);
    exchange.getResponseHeaders().set(Admission.DOOR, door);
    within(() -> exchange.sendResponseHeaders(status, 0));
  }

  /** Writes more of it, so that it is on its way. */
  void write(HttpExchange exchange, ByteString bytes) throws IOException {
    OutputStream out = exchange.getResponseBody();
    for (int from = 0; from < bytes.size(); from += HttpLimits.WRITE_BYTES) {
      int end = Math.min(from + HttpLimits.WRITE_BYTES, bytes.size());
      ByteString piece = bytes.substring(from, end);
      within(() -> {
        piece.writeTo(out);
        out.flush();
      });
    }
  }

  /** Ends an answer; what is left of the request is read, within bounds. */
  void end(HttpExchange exchange) throws IOException {
    within(exchange::close);
  }

  /** Something that waits for the client. */
  private interface Step {
    void run() throws IOException;
  }

  private void within(Step step) throws IOException {
    Thread self = Thread.currentThread();
    // An interrupt closes the connection that the thread waits for.
    Future<?> limit =
        timer.schedule(self::interrupt, HttpLimits.WRITE_SECONDS_MAX, TimeUnit.SECONDS);
    try {
      step.run();
    } finally {
      limit.cancel(false);
    }
  }
}
