package io.kdelta.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.server.http.HttpNode.Heard;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: what security.md calls hostile ends in a typed error, stores nothing, and others are served
 * meanwhile. Method: a real node, each input over a socket or a client; afterwards a write is
 * served, and the node holds nothing but such writes.
 */
final class HttpHostileTest {
  private static final String HEADERS = "Host: localhost\r\nConnection: close\r\n";

  private final HttpNode node = new HttpNode();

  @AfterEach
  void othersAreServed() {
    try (node) {
      serves();
      assertEquals(
          "[\"k\"]", node.get("/v1/kv/served").json().path("keys").toString(), "what is stored");
      assertEquals(1, node.get("/v1/namespaces").json().path("namespaces").size());
    }
  }

  private void serves() {
    assertEquals(200, node.put("/v1/kv/served/k", "1").status());
  }

  @Test
  void aBodyTooLarge() throws IOException {
    Heard large = node.put("/v1/kv/a/b", "\"" + "x".repeat(5 << 20) + "\"");
    assertEquals(413, large.status());
    assertEquals("INVALID", large.reason());
    // Announced, and never sent: the answer comes all the same.
    try (Socket socket = node.open()) {
      String announced =
          "PUT /v1/kv/a/b HTTP/1.1\r\n"
              + HEADERS
              + "Content-Type: application/json\r\nContent-Length: 9000000000\r\n\r\n";
      socket.getOutputStream().write(announced.getBytes(StandardCharsets.ISO_8859_1));
      byte[] heard = socket.getInputStream().readNBytes("HTTP/1.1 413".length());
      assertEquals("HTTP/1.1 413", new String(heard, StandardCharsets.ISO_8859_1));
    }
    // One byte over the limit of documents, which is below that of bodies.
    assertEquals(400, node.put("/v1/kv/a/b", "\"" + "x".repeat((1 << 20) - 1) + "\"").status());
  }

  @Test
  void chunksWithoutEnd() throws IOException {
    try (Socket socket = node.open()) {
      OutputStream out = socket.getOutputStream();
      out.write(
          ("PUT /v1/kv/a/b HTTP/1.1\r\n"
                  + HEADERS
                  + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
              .getBytes(StandardCharsets.ISO_8859_1));
      byte[] chunk = ("10000\r\n" + " ".repeat(1 << 16) + "\r\n").getBytes(StandardCharsets.UTF_8);
      try {
        for (int i = 0; i < 1_000; i++) out.write(chunk);
      } catch (java.net.SocketException e) {
        // It has heard enough.
        assertFalse(socket.isInputShutdown());
      }
      String heard = HttpNode.rest(socket);
      assertTrue(heard.startsWith("HTTP/1.1 413") || heard.equals("(reset)"), heard);
    }
  }

  @Test
  void documentsThatAreNone() {
    List<String> bodies =
        List.of(
            "[".repeat(100_000),
            "[".repeat(100_000) + "]".repeat(100_000),
            "{\"a\":1,\"a\":2}",
            "1".repeat(1_000_000),
            "1e999999",
            "\uFEFF1",
            "\"\\ud800\"",
            "{} {}",
            "",
            "[" + "[],".repeat(300_000) + "[]]");
    for (String body : bodies) {
      Heard heard = node.put("/v1/kv/a/b", body);
      assertEquals(400, heard.status(), body.substring(0, Math.min(40, body.length())));
      assertEquals("INVALID", heard.reason());
      assertEquals(400, node.post("/v1/resolve/a/b", body).status());
    }
    String deep = "[".repeat(100_000) + "]".repeat(100_000);
    String batch = "{\"op\":\"put\",\"key\":\"a/b\",\"value\":" + deep + "}";
    assertEquals(400, node.post("/v1/batch", batch).status());
  }

  @Test
  void pathsThatAreNoKeys() throws IOException {
    List<String> targets =
        List.of(
            "/v1/kv/a/%",
            "/v1/kv/a/%4",
            "/v1/kv/a/%zz",
            "/v1/kv/a/%00",
            "/v1/kv/a/x%00y",
            "/v1/kv/a/%c0%af",
            "/v1/kv/a/%ff",
            "/v1/kv/a/%ed%a0%80",
            "/v1/kv/..%2f..%2fetc/passwd",
            "/v1/kv/../../etc/passwd",
            "/v1/kv/.hidden/k",
            "/v1/kv/_auth/k",
            "/v1/kv/" + "n".repeat(300) + "/k",
            "/v1/kv/a/" + "k".repeat(1_025),
            "/v1/kv/a/",
            "/v1/kv//k",
            "/v1/kv/a/k?note=%ff",
            "/v1/kv/a/k?%",
            "/v1/kv/a/k?" + "a&".repeat(100));
    for (String target : targets) {
      String heard =
          node.raw(
              "PUT "
                  + target
                  + " HTTP/1.1\r\n"
                  + HEADERS
                  + "Content-Type: application/json\r\nContent-Length: 1\r\n\r\n1");
      assertTrue(heard.startsWith("HTTP/1.1 400 "), target + ": " + heard);
    }
    assertTrue(node.raw("GET /../status.js HTTP/1.1\r\n" + HEADERS + "\r\n").contains("NO_ROUTE"));
  }

  @Test
  void foreignPages() throws IOException {
    for (String host :
        List.of("evil.example", "localhost.evil.example:1", "127.0.0.1.evil", "[::2]")) {
      String heard =
          node.raw("GET /v1/stats HTTP/1.1\r\nConnection: close\r\nHost: " + host + "\r\n\r\n");
      assertTrue(heard.startsWith("HTTP/1.1 421"), host + ": " + heard);
    }
    for (String host : List.of("localhost", "127.0.0.1:7880", "[::1]:7880", "LOCALHOST:1")) {
      String heard =
          node.raw("GET /v1/stats HTTP/1.1\r\nConnection: close\r\nHost: " + host + "\r\n\r\n");
      assertTrue(heard.startsWith("HTTP/1.1 200"), host + ": " + heard);
    }
    String none = node.raw("GET /v1/stats HTTP/1.1\r\nConnection: close\r\n\r\n");
    assertTrue(none.startsWith("HTTP/1.1 400"), none);
    String two = node.raw("GET /v1/stats HTTP/1.1\r\n" + HEADERS + "Host: evil.example\r\n\r\n");
    assertTrue(two.startsWith("HTTP/1.1 400"), two);
    String absolute = node.raw("GET http://evil.example/v1/stats HTTP/1.1\r\n" + HEADERS + "\r\n");
    assertTrue(absolute.startsWith("HTTP/1.1 400"), absolute);
    assertEquals(
        "CROSS_SITE", node.put("/v1/kv/a/b", "1", "Origin", "http://evil.example").reason());
    assertEquals("CROSS_SITE", node.get("/v1/stats", "Origin", "null").reason());
    assertEquals("CROSS_SITE", node.get("/v1/stats", "Sec-Fetch-Site", "same-site").reason());
    String own = "http://" + node.address();
    assertEquals(200, node.put("/v1/kv/served/k", "1", "Origin", own).status());
    assertEquals("", node.get("/v1/stats", "Origin", own).header("Access-Control-Allow-Origin"));
    assertEquals(405, node.write("OPTIONS", "/v1/kv/a/b", "").status());
  }

  @Test
  void forms() throws IOException {
    for (String type :
        List.of("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "")) {
      String line = type.isEmpty() ? "" : "Content-Type: " + type + "\r\n";
      for (String target :
          List.of("PUT /v1/kv/a/b", "POST /v1/resolve/a/b?merge", "POST /v1/batch")) {
        String heard =
            node.raw(target + " HTTP/1.1\r\n" + HEADERS + line + "Content-Length: 1\r\n\r\n1");
        assertTrue(heard.startsWith("HTTP/1.1 415"), type + " " + target + ": " + heard);
      }
    }
  }

  @Test
  void methodsAndRequestsThatAreNone() throws IOException {
    assertEquals(405, node.write("BREW", "/v1/kv/a/b", "").status());
    assertEquals(405, node.write("TRACE", "/", "").status());
    Random random = new Random(7);
    for (int i = 0; i < 50; i++) {
      byte[] noise = new byte[1 + random.nextInt(200)];
      random.nextBytes(noise);
      String text = new String(noise, StandardCharsets.ISO_8859_1) + "\r\n\r\n";
      String heard = node.raw(text);
      assertFalse(heard.contains(" 200 "), "seed 7, input " + i + ": " + heard);
    }
  }

  @Test
  void headerFloods() throws IOException {
    String large =
        node.raw("GET / HTTP/1.1\r\n" + HEADERS + "X: " + "x".repeat(20_000) + "\r\n\r\n");
    assertFalse(large.contains(" 200 "), large);
    StringBuilder many = new StringBuilder("GET / HTTP/1.1\r\n" + HEADERS);
    for (int i = 0; i < 100; i++) many.append("X").append(i).append(": x\r\n");
    String heard = node.raw(many + "\r\n");
    assertFalse(heard.contains(" 200 "), heard);
    String line = node.raw("GET /" + "x".repeat(20_000) + " HTTP/1.1\r\n" + HEADERS + "\r\n");
    assertFalse(line.contains(" 200 "), line);
  }

  /** Slow-loris: some say nothing, some half a header, some half a body. */
  @Test
  void whoSendsSlowlyIsCutOffAndBlocksNobody() throws IOException {
    String announced =
        "PUT /v1/kv/a/b HTTP/1.1\r\n"
            + HEADERS
            + "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n\"";
    List<String> starts = List.of("", "G", "GET / HTTP/1.1\r\nHost: loc", announced);
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 400; i++) {
        Socket socket = node.open();
        slow.add(socket);
        String start = starts.get(i % starts.size());
        socket.getOutputStream().write(start.getBytes(StandardCharsets.ISO_8859_1));
      }
      for (int i = 0; i < 20; i++) serves();
      // Each read ends when the node closes the connection, or fails after a minute.
      for (Socket socket : slow) assertFalse(HttpNode.rest(socket).contains(" 200 "));
    } finally {
      for (Socket socket : slow) socket.close();
    }
  }

  /** Who asks for much and reads nothing holds a bounded room, and nobody else waits. */
  @Test
  void whoReadsNothingBlocksNobody() throws IOException {
    String value = "\"" + "x".repeat(1_000_000) + "\"";
    assertEquals(200, node.put("/v1/kv/served/k", value).status());
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 150; i++) {
        Socket socket = node.open();
        slow.add(socket);
        String request = "GET /v1/kv/served/k HTTP/1.1\r\nHost: localhost\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      }
      for (int i = 0; i < 20; i++) {
        assertEquals(200, node.get("/v1/exists/served/k").status());
      }
    } finally {
      for (Socket socket : slow) socket.close();
    }
  }
}
