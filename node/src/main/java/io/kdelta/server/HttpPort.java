package io.kdelta.server;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Probes and metrics over HTTP: {@code /healthz}, {@code /readyz}, {@code /metrics}. Nothing here
 * reads a body or asks the core; threads of its own.
 */
final class HttpPort implements AutoCloseable {
  private static final int BACKLOG = 64;
  private static final String CONNECTIONS_MAX = "256";

  /** Whoever sends a request byte by byte is cut off. */
  private static final String REQUEST_SECONDS_MAX = "10";

  private static final String RESPONSE_SECONDS_MAX = "30";

  private record Answer(int code, String contentType, String body) {}

  private final HttpServer server;
  private final Filter before;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();

  private HttpPort(HttpServer server, Filter before) {
    this.server = server;
    this.before = before;
  }

  /** Binds; an address in use is an {@link IOException}. */
  static HttpPort open(Address address, NodeTls tls, NodeHealth health, Supplier<String> metrics)
      throws IOException {
    // The JDK's server reads its limits once, from here.
    System.setProperty("sun.net.httpserver.maxReqTime", REQUEST_SECONDS_MAX);
    System.setProperty("sun.net.httpserver.maxRspTime", RESPONSE_SECONDS_MAX);
    System.setProperty("jdk.httpserver.maxConnections", CONNECTIONS_MAX);
    HttpServer server = tls.http(address.resolve("http"), BACKLOG);
    HttpPort port = new HttpPort(server, tls.httpFilter());
    port.answer("/healthz", () -> health.alive() ? plain(200, "ok") : plain(503, "stuck"));
    port.answer(
        "/readyz",
        () -> {
          String why = health.unreadiness();
          return why.isEmpty() ? plain(200, "ready") : plain(503, why);
        });
    port.answer(
        "/metrics",
        () -> new Answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.get()));
    server.setExecutor(port.executor);
    server.start();
    return port;
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }

  private void answer(String path, Supplier<Answer> answer) {
    server
        .createContext(
            path,
            exchange -> {
              try (exchange) {
                respond(exchange, path, answer);
              }
            })
        .getFilters()
        .add(before);
  }

  private static void respond(HttpExchange exchange, String path, Supplier<Answer> answer)
      throws IOException {
    String method = exchange.getRequestMethod();
    boolean head = method.equals("HEAD");
    Answer result;
    if (!head && !method.equals("GET")) {
      result = plain(405, "only GET and HEAD");
    } else if (!exchange.getRequestURI().getPath().equals(path)) {
      result = plain(404, "there is /healthz, /readyz and /metrics");
    } else {
      result = answer.get();
    }
    byte[] body = result.body().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", result.contentType());
    exchange.sendResponseHeaders(result.code(), head ? -1 : body.length);
    if (!head) exchange.getResponseBody().write(body);
  }

  private static Answer plain(int code, String text) {
    return new Answer(code, "text/plain; charset=utf-8", text + "\n");
  }
}
