package io.kdelta.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kdelta.server.Address;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A node in memory with its HTTP port, and a client of it. */
final class HttpNode implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final NodeServer server;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  HttpNode() {
    this(Map.of());
  }

  /** One with these settings beside. */
  HttpNode(Map<String, String> more) {
    TreeMap<String, String> settings = new TreeMap<>();
    settings.putAll(Map.of("http", "127.0.0.1:0", "name", "one", "in-memory", "true"));
    settings.putAll(more);
    if (!more.containsKey("listen")) settings.put("port", "0");
    try {
      server = NodeServer.start(NodeSettings.read(Optional.empty(), settings), line -> {});
    } catch (CannotStart e) {
      throw new AssertionError(e);
    }
  }

  /** What came back. */
  record Heard(HttpResponse<String> response) {
    int status() {
      return response.statusCode();
    }

    String body() {
      return response.body();
    }

    String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }

    JsonNode json() {
      try {
        return MAPPER.readTree(body());
      } catch (IOException e) {
        throw new UncheckedIOException(body(), e);
      }
    }

    String reason() {
      return json().path("error").path("reason").asText();
    }
  }

  Address address() {
    return server.httpAddress().orElseThrow();
  }

  String url(String path) {
    return "http://" + address() + path;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url(path))).timeout(Duration.ofSeconds(60));
  }

  Heard send(HttpRequest request) {
    try {
      return new Heard(client.send(request, HttpResponse.BodyHandlers.ofString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The lines of an answer that goes on. */
  HttpResponse<java.util.stream.Stream<String>> follow(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofLines());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** {@code more}: names and values of headers in turns. */
  Heard get(String path, String... more) {
    HttpRequest.Builder request = request(path);
    if (more.length > 0) request.headers(more);
    return send(request.build());
  }

  Heard put(String path, String body, String... more) {
    return write("PUT", path, body, more);
  }

  Heard post(String path, String body, String... more) {
    return write("POST", path, body, more);
  }

  Heard write(String method, String path, String body, String... more) {
    HttpRequest.Builder request =
        request(path)
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (more.length > 0) request.headers(more);
    return send(request.build());
  }

  /** Sends bytes as they are, and reads until the port closes the connection. */
  String raw(String text) throws IOException {
    try (Socket socket = open()) {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
      return rest(socket);
    }
  }

  Socket open() throws IOException {
    Socket socket = new Socket(address().host(), address().port());
    socket.setSoTimeout(60_000);
    return socket;
  }

  /** What the port says on a connection until it closes it, in order or not. */
  static String rest(Socket socket) throws IOException {
    StringBuilder heard = new StringBuilder();
    InputStream in = socket.getInputStream();
    byte[] buffer = new byte[8_192];
    try {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        heard.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
      }
    } catch (java.net.SocketException e) {
      heard.append("(reset)");
    }
    return heard.toString();
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
    server.close();
  }
}
