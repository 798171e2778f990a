package io.kdelta.server.http;

import static java.net.http.HttpRequest.BodyPublishers.noBody;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kdelta.server.http.HttpNode.Heard;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * Goal: every route answers what the command line prints with {@code -o json}, with its headers and
 * its status. Method: a real node, java.net.http, examples; each test has a namespace of its own.
 */
final class HttpRoutesTest {
  private static final HttpNode NODE = new HttpNode();

  @AfterAll
  static void stop() {
    NODE.close();
  }

  @Test
  void callsAsMessages() {
    byte[] deep = new byte[100_000];
    // Groups that nothing closes.
    java.util.Arrays.fill(deep, (byte) 0x0b);
    assertEquals(400, call("Kv/Put", "application/protobuf", deep).status());
    assertEquals(400, call("Kv/Put", "application/protobuf", new byte[] {(byte) 0xff}).status());
    assertEquals(415, call("Kv/Put", "application/json", new byte[0]).status());
    assertEquals(404, call("Admin/Backup", "application/protobuf", new byte[0]).status());
    assertEquals(404, call("Cluster/Leave", "application/protobuf", new byte[0]).status());
    assertEquals(200, call("Kv/ListNamespaces", "application/protobuf", new byte[0]).status());
    Heard meant = NODE.get("/v1/namespaces", "Kdelta-Grpc-Port", "1");
    assertEquals(421, meant.status());
    assertEquals("DOOR", meant.reason());
    assertEquals(
        200,
        NODE.get("/v1/namespaces", "Kdelta-Grpc-Port", meant.header("Kdelta-Grpc-Port")).status());
  }

  private static Heard call(String method, String type, byte[] body) {
    return NODE.send(
        NODE.request("/v1/call/kdelta.v1." + method)
            .header("Content-Type", type)
            .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(body))
            .build());
  }

  @Test
  void aDocument() {
    Heard put = NODE.put("/v1/kv/docs/alice?note=first+of+all", "{ \"name\" : \"Alice\" }");
    assertEquals(200, put.status(), put.body());
    JsonNode written = put.json();
    assertEquals(
        List.of(
            "namespace", "key", "id", "parents", "time", "node", "kind", "note", "ack", "repeated"),
        names(written));
    assertEquals("first of all", written.path("note").asText());
    assertEquals("one", written.path("node").asText());
    assertEquals(written.path("id").asText(), put.header("Kdelta-Version"));
    assertEquals("0", put.header("Kdelta-Heads-Left"));

    Heard get = NODE.get("/v1/kv/docs/alice");
    assertEquals("{\"name\":\"Alice\"}", get.body());
    assertEquals("application/json", get.header("Content-Type"));
    assertEquals("1", get.header("Kdelta-Heads"));
    assertEquals(written.path("id").asText(), get.header("Kdelta-Version"));
    assertEquals(66, get.header("ETag").length());

    JsonNode meta = NODE.get("/v1/kv/docs/alice?meta").json();
    assertEquals(
        List.of(
            "namespace",
            "key",
            "id",
            "parents",
            "time",
            "node",
            "kind",
            "value",
            "note",
            "heads",
            "state"),
        names(meta));
    assertEquals("\"" + meta.path("state").asText() + "\"", get.header("ETag"));

    Heard head =
        NODE.send(
            NODE.request("/v1/kv/docs/alice")
                .method("HEAD", java.net.http.HttpRequest.BodyPublishers.noBody())
                .build());
    assertEquals(200, head.status());
    assertEquals("", head.body());
    assertEquals(get.header("ETag"), head.header("ETag"));
    assertEquals("16", head.header("Content-Length"));

    assertEquals(304, NODE.get("/v1/kv/docs/alice", "If-None-Match", get.header("ETag")).status());
  }

  @Test
  void conditions() {
    assertEquals(200, NODE.put("/v1/kv/cond/k", "1", "If-None-Match", "*").status());
    Heard again = NODE.put("/v1/kv/cond/k", "1", "If-None-Match", "*");
    assertEquals(412, again.status());
    assertEquals("CONFLICT", again.reason());
    assertEquals("ABORTED", again.json().path("error").path("code").asText());
    assertEquals(409, NODE.put("/v1/kv/cond/k?if-absent", "1").status());
    String tag = NODE.get("/v1/kv/cond/k").header("ETag");
    assertEquals(200, NODE.put("/v1/kv/cond/k", "2", "If-Match", tag).status());
    assertEquals(412, NODE.put("/v1/kv/cond/k", "3", "If-Match", tag).status());
    String state = NODE.get("/v1/kv/cond/k?meta").json().path("state").asText();
    assertEquals(200, NODE.write("DELETE", "/v1/kv/cond/k?if=" + state, "").status());
    Heard gone = NODE.get("/v1/kv/cond/k");
    assertEquals(404, gone.status());
    assertEquals("NOT_FOUND", gone.reason());
    assertEquals("cond/k", gone.json().path("error").path("details").path("key").asText());
    assertEquals(400, NODE.put("/v1/kv/cond/k?if-absent", "1", "If-Match", tag).status());
  }

  @Test
  void aRetryIsHarmless() {
    Heard first = NODE.put("/v1/kv/retry/k", "1", "Kdelta-Request-Id", "r1");
    Heard second = NODE.put("/v1/kv/retry/k", "1", "Kdelta-Request-Id", "r1");
    assertEquals(first.header("Kdelta-Version"), second.header("Kdelta-Version"));
    assertFalse(first.json().path("repeated").asBoolean());
    assertTrue(second.json().path("repeated").asBoolean());
  }

  @Test
  void keysOfAnyBytes() {
    for (String key : List.of("a%2Fb/c", "%C3%A9t%C3%A9", "..%2F..", "a%20b%3F%25", "a:b%0A")) {
      Heard put = NODE.put("/v1/kv/keys/" + key, "\"" + key + "\"");
      assertEquals(200, put.status(), put.body());
      assertEquals("\"" + key + "\"", NODE.get("/v1/kv/keys/" + key).body());
    }
    assertEquals("\"a%2Fb/c\"", NODE.get("/v1/kv/keys/a/b%2fc").body());
    assertEquals("../..", NODE.get("/v1/kv/keys/..%2F..?meta").json().path("key").asText());
  }

  @Test
  void listsComeInPages() {
    for (int i = 0; i < 5; i++) NODE.put("/v1/kv/pages/k%20" + i, "{}");
    NODE.put("/v1/kv/pages/other", "{}");
    List<String> keys = new ArrayList<>();
    Heard page = NODE.get("/v1/kv/pages?prefix=k%20&limit=2");
    page.json().path("keys").forEach(key -> keys.add(key.asText()));
    while (!page.header("Kdelta-Next").isEmpty()) {
      page = NODE.get("/v1/kv/pages?prefix=k%20&limit=2&page=" + page.header("Kdelta-Next"));
      page.json().path("keys").forEach(key -> keys.add(key.asText()));
    }
    assertEquals(List.of("k 0", "k 1", "k 2", "k 3", "k 4"), keys);
  }

  @Test
  void theGraph() {
    NODE.put("/v1/kv/graph/k", "{\"a\":1}");
    String base = NODE.get("/v1/kv/graph/k").header("Kdelta-Version");
    NODE.put("/v1/kv/graph/k?parents=" + base, "{\"a\":2}");
    NODE.put("/v1/kv/graph/k?parents=" + base, "{\"a\":1,\"b\":1}");

    JsonNode history = NODE.get("/v1/history/graph/k").json().path("versions");
    assertEquals(3, history.size());
    assertEquals(base, history.path(2).path("id").asText());
    assertEquals(1, NODE.get("/v1/history/graph/k?limit=1").json().path("versions").size());
    assertEquals(
        0, NODE.get("/v1/history/graph/k?since=2100-01-01").json().path("versions").size());

    JsonNode heads = NODE.get("/v1/heads/graph/k").json();
    assertEquals(List.of("heads", "commonAncestors", "state"), names(heads));
    assertEquals(base, heads.path("commonAncestors").path(0).path("id").asText());
    assertEquals(heads, NODE.get("/v1/kv/graph/k?heads").json());
    String first = heads.path("heads").path(0).path("id").asText();
    String second = heads.path("heads").path(1).path("id").asText();

    JsonNode conflict = NODE.get("/v1/conflicts/graph").json().path("conflicts").path(0);
    assertEquals(List.of("namespace", "key", "heads"), names(conflict));
    assertTrue(NODE.get("/v1/conflicts").json().path("conflicts").size() >= 1);

    assertEquals(first, NODE.get("/v1/versions/" + first).json().path("id").asText());
    assertEquals(
        base,
        NODE.get("/v1/versions/" + first + "/ancestors").json().at("/versions/0/id").asText());
    assertEquals(
        2, NODE.get("/v1/versions/" + base + "/descendants").json().path("versions").size());
    assertEquals(
        base,
        NODE.get("/v1/versions/" + first + "/common/" + second)
            .json()
            .at("/versions/0/id")
            .asText());

    Heard diff = NODE.get("/v1/diff/graph/k?from=" + base + "&to=" + first);
    assertEquals(base, diff.header("Kdelta-From"));
    assertEquals(List.of("path", "op", "old", "new"), names(diff.json().at("/changes/0")));

    Heard dry = NODE.post("/v1/resolve/graph/k?merge&dry-run", "");
    assertEquals(
        List.of("namespace", "key", "dryRun", "kind", "value", "unmerged", "heads"),
        names(dry.json()));
    assertEquals("{\"a\":2,\"b\":1}", dry.json().path("value").toString());
    Heard merged = NODE.post("/v1/resolve/graph/k?merge&note=both", "");
    assertEquals("2", merged.header("Kdelta-Heads-Superseded"), merged.body());
    assertEquals("{\"a\":2,\"b\":1}", NODE.get("/v1/kv/graph/k").body());
    assertEquals("{\"a\":1}", NODE.get("/v1/kv/graph/k?at=" + base).body());
    assertEquals(4, NODE.get("/v1/export/graph?history").json().path("versions").size());
    assertEquals(1, NODE.get("/v1/export/graph").json().path("versions").size());
  }

  @Test
  void aConflictThatOnlyAPersonCanResolve() {
    NODE.put("/v1/kv/clash/k", "{\"a\":1}");
    String base = NODE.get("/v1/kv/clash/k").header("Kdelta-Version");
    String two = NODE.put("/v1/kv/clash/k?parents=" + base, "{\"a\":2}").header("Kdelta-Version");
    Heard put = NODE.put("/v1/kv/clash/k?parents=" + base, "{\"a\":3}");
    assertEquals("1", put.header("Kdelta-Heads-Left"));
    assertEquals("2", NODE.get("/v1/kv/clash/k").header("Kdelta-Heads"));
    Heard merge = NODE.post("/v1/resolve/clash/k?merge", "");
    assertEquals(409, merge.status());
    assertEquals("UNMERGED", merge.reason());
    assertEquals(400, NODE.post("/v1/resolve/clash/k?merge&take=" + two, "").status());
    assertEquals(200, NODE.post("/v1/resolve/clash/k?take=" + two, "").status());
    assertEquals("{\"a\":2}", NODE.get("/v1/kv/clash/k").body());
  }

  @Test
  void aBatch() {
    Heard batch =
        NODE.post(
            "/v1/batch?note=together",
            """
            {"op":"put","key":"batch/a","value":{"n":1.50}}

            {"op":"put","key":"batch/b/c","value":[],"note":"mine"}
            """);
    assertEquals(200, batch.status(), batch.body());
    assertEquals("together", batch.json().at("/versions/0/note").asText());
    assertEquals(2, batch.json().path("versions").size());
    assertEquals("[]", NODE.get("/v1/kv/batch/b/c").body());
    assertEquals("mine", NODE.get("/v1/kv/batch/b/c?meta").json().path("note").asText());
    Heard wrong = NODE.post("/v1/batch", "\n{\"op\":\"put\",\"kee\":\"batch/a\"}");
    assertEquals(400, wrong.status());
    assertTrue(wrong.body().contains("line 2"), wrong.body());
    assertEquals(400, NODE.post("/v1/batch", "").status());
  }

  @Test
  void numbers() {
    NODE.put("/v1/kv/numbers/k", "1");
    assertEquals("numbers", NODE.get("/v1/stats/numbers").json().path("namespace").asText());
    assertTrue(NODE.get("/v1/stats").json().path("namespace").isNull());
    List<String> namespaces = new ArrayList<>();
    NODE.get("/v1/namespaces")
        .json()
        .path("namespaces")
        .forEach(entry -> namespaces.add(entry.path("namespace").asText()));
    assertTrue(namespaces.contains("numbers"), namespaces.toString());
    assertTrue(NODE.get("/v1/exists/numbers/k").json().path("exists").asBoolean());
    Heard absent = NODE.get("/v1/exists/numbers/other");
    assertEquals(200, absent.status());
    assertFalse(absent.json().path("exists").asBoolean(true));
  }

  @Test
  void theCluster() {
    JsonNode node = NODE.get("/v1/cluster/status").json().at("/nodes/0");
    assertEquals("alive", node.path("state").asText());
    assertTrue(node.path("self").asBoolean());
    assertEquals("one", NODE.get("/v1/cluster/members").json().at("/members/0/name").asText());
    assertTrue(NODE.get("/v1/cluster/log?limit=3").json().path("sessions").isArray());
  }

  @Test
  void whoComesAndGoes() {
    Heard none = NODE.post("/v1/cluster/reconcile", "");
    assertEquals("{\"sessions\":[]}", none.body());
    assertEquals(404, NODE.post("/v1/cluster/reconcile?with=nobody", "").status());
    Heard nobody = NODE.post("/v1/cluster/remove/nobody", "");
    assertEquals(404, nobody.status(), nobody.body());
    Heard alive = NODE.post("/v1/cluster/remove/one", "");
    assertEquals(400, alive.status(), alive.body());
    for (String path : List.of("leave", "drain", "reconcile", "remove/one")) {
      assertEquals(405, NODE.get("/v1/cluster/" + path).status());
      Heard foreign = NODE.post("/v1/cluster/" + path, "", "Origin", "http://evil.example");
      assertEquals("CROSS_SITE", foreign.reason());
      Heard form = NODE.send(NODE.request("/v1/cluster/" + path).POST(noBody()).build());
      assertEquals(415, form.status(), "a form needs no preflight");
    }
    for (String way : List.of("leave", "drain")) {
      try (HttpNode leaving = new HttpNode()) {
        Heard gone = leaving.post("/v1/cluster/" + way, "");
        assertEquals(200, gone.status(), gone.body());
        assertEquals(0, gone.json().path("told").asInt(-1));
        assertTrue(gone.json().path("address").asText().startsWith("127.0.0.1:"), gone.body());
        assertEquals(way.equals("drain"), gone.json().has("shipped"));
        Heard late = leaving.put("/v1/kv/a/b", "1");
        assertTrue(late.status() == 503 || late.status() == 409, late.body());
      }
    }
  }

  @Test
  void anImport() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      lines
          .append("{\"key\":\"k")
          .append(i % 150)
          .append("\",\"value\":")
          .append(i)
          .append("}\n\n");
    }
    Heard first = NODE.post("/v1/import/bulk?ack=local", lines.toString());
    assertEquals("{\"namespace\":\"bulk\",\"lines\":200,\"stored\":200,\"held\":0}", first.body());
    assertEquals("199", NODE.get("/v1/kv/bulk/k49").body());
    assertEquals("149", NODE.get("/v1/kv/bulk/k149").body());
    String token = first.header("Kdelta-Token");
    assertEquals("100", NODE.get("/v1/kv/bulk/k100", "Kdelta-Token", token).body());
    Heard again = NODE.post("/v1/import/bulk", lines.toString());
    assertEquals(200, again.json().path("held").asInt(), again.body());
    assertEquals(2, NODE.get("/v1/history/bulk/k49").json().path("versions").size());

    String bad = "{\"key\":\"a\",\"value\":1}\n{\"key\":\"b\"}\n";
    Heard refused = NODE.post("/v1/import/refused", bad);
    assertEquals(400, refused.status());
    assertTrue(refused.body().contains("line 2"), refused.body());
    assertEquals(0, NODE.get("/v1/kv/refused").json().path("keys").size(), "none is stored");
    assertEquals(400, NODE.post("/v1/import/refused", "\n \n").status());
  }

  @Test
  void aSession() {
    Heard put = NODE.put("/v1/kv/session/k", "1");
    String token = put.header("Kdelta-Token");
    assertFalse(token.isEmpty());
    assertEquals("1", NODE.get("/v1/kv/session/k", "Kdelta-Token", token).body());
    Heard forged = NODE.get("/v1/kv/session/k", "Kdelta-Token", "AAAA");
    assertEquals(400, forged.status(), forged.body());
    assertEquals(400, NODE.get("/v1/kv/session/k", "Kdelta-Timeout", "never").status());
    assertEquals(200, NODE.get("/v1/kv/session/k?stable", "Kdelta-Timeout", "2.5").status());
  }

  @Test
  void aWatchGoesOnWhereItEnded() throws Exception {
    String first;
    NODE.put("/v1/kv/watched/a", "1");
    try (Stream<String> lines =
        NODE.follow(NODE.request("/v1/watch/watched?from=start").build()).body()) {
      List<String> told = until(lines.iterator(), "event: current");
      JsonNode version = data(told, "event: version");
      assertEquals("a", version.path("key").asText());
      first = version.path("resumeToken").asText();
      assertTrue(told.contains("id: " + first), told.toString());
    }
    NODE.put("/v1/kv/watched/b", "2");
    NODE.put("/v1/kv/elsewhere/b", "2");
    HttpResponse<Stream<String>> again =
        NODE.follow(
            NODE.request("/v1/watch/watched?prefix=").header("Last-Event-ID", first).build());
    // Another scope has another token.
    assertEquals(200, again.statusCode());
    assertEquals("text/event-stream", again.headers().firstValue("Content-Type").orElseThrow());
    try (Stream<String> lines = again.body()) {
      List<String> told = until(lines.iterator(), "event: current");
      assertEquals("b", data(told, "event: version").path("key").asText(), told.toString());
    }
    assertEquals(400, NODE.get("/v1/watch/watched?from=yesterday").status());
    Heard forged = NODE.get("/v1/watch/watched", "Last-Event-ID", "AAAA");
    assertEquals(400, forged.status(), forged.body());
  }

  private static List<String> until(Iterator<String> lines, String last) {
    List<String> told = new ArrayList<>();
    while (lines.hasNext() && !told.contains(last)) told.add(lines.next());
    return told;
  }

  private static JsonNode data(List<String> lines, String event) throws Exception {
    for (int i = lines.indexOf(event); i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith("data: ")) return new ObjectMapper().readTree(line.substring(6));
    }
    throw new AssertionError(event + " in " + lines);
  }

  @Test
  void probes() {
    assertEquals("ok\n", NODE.get("/healthz").body());
    String counted = "kdelta_http_seconds_count{route=\"/healthz\",status=\"200\"}";
    // A request is counted when its answer is out.
    await().until(() -> NODE.get("/metrics").body().contains(counted));
    Heard page = NODE.get("/");
    assertTrue(page.header("Content-Security-Policy").contains("default-src 'none'"));
    for (String file : List.of("/status.js", "/graph.js", "/status.css", "/icon.svg")) {
      assertEquals(200, NODE.get(file).status(), file);
    }
  }

  @Test
  void whatIsNotThere() {
    Heard nowhere = NODE.get("/v1/nothing");
    assertEquals(404, nowhere.status());
    assertEquals("NO_ROUTE", nowhere.reason());
    Heard method = NODE.put("/v1/stats", "1");
    assertEquals(405, method.status());
    assertEquals("GET", method.header("Allow"));
    Heard misspelt = NODE.get("/v1/kv/a/b?metta");
    assertEquals(400, misspelt.status());
    assertTrue(misspelt.body().contains("at, stable, meta, heads"), misspelt.body());
    assertEquals(400, NODE.get("/v1/kv/a/b?at=-1&at=-2").status());
    assertEquals(400, NODE.put("/v1/kv/a/b?ack=most", "1").status());
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
