package io.kdelta.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.kdelta.error.KdeltaException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Goal: a node is asked under its own names alone, on loopback and beyond. Method: real nodes, and
 * requests written by hand.
 */
final class HostsTest {
  private static String asked(HttpNode node, String host) throws IOException {
    return node.raw("GET /v1/stats HTTP/1.1\r\nConnection: close\r\nHost: " + host + "\r\n\r\n");
  }

  private static void admits(HttpNode node, List<String> hosts) throws IOException {
    for (String host : hosts) assertTrue(asked(node, host).startsWith("HTTP/1.1 200"), host);
  }

  private static void refuses(HttpNode node, List<String> hosts) throws IOException {
    for (String host : hosts) {
      String heard = asked(node, host);
      assertTrue(heard.startsWith("HTTP/1.1 421"), host + ": " + heard);
      var error = new ObjectMapper().readTree(heard.substring(heard.indexOf("{"))).path("error");
      assertEquals("HOST", error.path("reason").asText());
      assertTrue(error.path("hint").asText().contains("--http-host"), heard);
    }
  }

  @Test
  void beyondLoopback() throws IOException {
    Map<String, String> exposed =
        Map.of(
            "listen",
            "0.0.0.0:0",
            "http",
            "0.0.0.0:0",
            "advertise",
            "db-1.example:7878",
            "insecure",
            "true",
            "http-host",
            "kdelta, .pods.example");
    try (HttpNode node = new HttpNode(exposed)) {
      admits(
          node,
          List.of(
              "localhost:1",
              "127.0.0.1",
              "192.0.2.7:7880",
              "[2001:db8::1]:7880",
              "db-1.example",
              "DB-1.EXAMPLE:7880",
              "kdelta:7880",
              "a.pods.example",
              "a.b.pods.example:1"));
      refuses(
          node,
          List.of(
              "evil.example",
              "db-2.example",
              "kdelta.evil.example",
              "pods.example",
              "apods.example",
              "192.0.2.7.evil.example",
              ".pods.example.evil"));
    }
  }

  @Test
  void onLoopbackUnderANameThatWasGiven() throws IOException {
    try (HttpNode node = new HttpNode(Map.of("http-host", "behind.example, .pods.example"))) {
      admits(
          node,
          List.of(
              "behind.example",
              "a.pods.example",
              "a.b.pods.example:1",
              "localhost",
              "127.0.0.1:80"));
      refuses(node, List.of("evil.example", "pods.example", "apods.example", "192.0.2.7", "[::2]"));
    }
  }

  @Test
  void whatIsNoName() {
    for (String host : List.of("a b", "http://a", "a:1", "*", "..a", "a.")) {
      KdeltaException.Invalid error =
          assertThrows(
              KdeltaException.Invalid.class,
              () -> new HttpNode(Map.of("http-host", host)).close(),
              host);
      assertEquals("http-host", error.field());
    }
  }
}
