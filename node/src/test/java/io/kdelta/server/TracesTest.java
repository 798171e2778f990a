package io.kdelta.server;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.wire.TraceParent;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/**
 * Goal: who traces a call finds it in the log of the node that took it, and its write in the logs
 * of those that store it; who does not, finds nothing. Method: two nodes in this process.
 */
final class TracesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String SPAN = "00f067aa0ba902b7";

  private final Lines first = new Lines();
  private final Lines second = new Lines();

  /** What a node said with fields. */
  private static final class Lines implements Notices {
    private final List<Map<String, String>> said = new CopyOnWriteArrayList<>();

    @Override
    public void accept(String line) {}

    @Override
    public void accept(String what, SequencedMap<String, String> fields) {
      LinkedHashMap<String, String> all = new LinkedHashMap<>(fields);
      all.put("what", what);
      said.add(all);
    }

    private List<Map<String, String>> of(String trace) {
      return said.stream().filter(line -> trace.equals(line.get("trace_id"))).toList();
    }

    private Map<String, String> one(String trace) {
      await().atMost(PATIENCE).until(() -> !of(trace).isEmpty());
      return of(trace).getFirst();
    }
  }

  private static NodeServer start(String name, String join, Lines lines) throws CannotStart {
    Map<String, String> flags =
        Map.of("name", name, "port", "0", "http", "127.0.0.1:0", "in-memory", "true", "join", join);
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), lines);
  }

  private static String traceId(int number) {
    return "4bf92f3577b34da6a3ce929d0e0e47" + (10 + number);
  }

  private static String header(int number) {
    return new TraceParent(traceId(number), SPAN).text();
  }

  private static Channel with(Channel channel, String header) {
    Metadata headers = new Metadata();
    headers.put(TraceParent.METADATA, header);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static String put(Channel channel, String key) {
    return KvGrpc.newBlockingStub(channel)
        .put(
            PutRequest.newBuilder()
                .setNamespace("n")
                .setKey(key)
                .setValue(ByteString.copyFromUtf8("\"payload\""))
                .setAck(AckLevel.ACK_LEVEL_ONE)
                .build())
        .getId();
  }

  @Test
  void aWriteIsFoundAtBothNodes() throws Exception {
    try (NodeServer one = start("first", "", first);
        NodeServer two = start("second", one.address().toString(), second);
        KdeltaClient client =
            KdeltaClient.connect(ClientSettings.of(List.of(one.address().toString())))) {
      await().atMost(PATIENCE).until(() -> one.linkedPeers() == 1 && two.linkedPeers() == 1);
      Channel channel = client.channel();
      put(channel, "untraced");
      put(with(channel, header(0).toUpperCase(Locale.ROOT)), "malformed");
      put(with(channel, header(0).replaceAll("01$", "00")), "unsampled");
      String version = put(with(channel, header(1)), "secret");
      Map<String, String> call = first.one(traceId(1));
      assertEquals("call", call.get("what"));
      assertEquals(SPAN, call.get("parent_id"));
      assertEquals("kdelta.v1.Kv/Put", call.get("method"));
      assertEquals("OK", call.get("outcome"));
      assertEquals(version, call.get("version"));
      Map<String, String> stored = second.one(traceId(1));
      assertEquals("stored", stored.get("what"));
      assertEquals("second", stored.get("node"));
      assertEquals(call.get("span_id"), stored.get("parent_id"));
      assertEquals(version, stored.get("version"));
      readsAndHttp(one, channel);
      // What was not traced left no line, whether it came before or after.
      assertEquals(3, first.said.size(), first.said::toString);
      assertEquals(2, second.said.size(), second.said::toString);
      String all = first.said.toString() + second.said;
      assertTrue(!all.contains("secret") && !all.contains("payload"), all);
    }
  }

  private void readsAndHttp(NodeServer one, Channel channel) throws Exception {
    GetRequest absent = GetRequest.newBuilder().setNamespace("n").setKey("none").build();
    KvGrpc.KvBlockingStub stub = KvGrpc.newBlockingStub(with(channel, header(2)));
    assertThrows(StatusRuntimeException.class, () -> stub.get(absent));
    assertEquals("NOT_FOUND", first.one(traceId(2)).get("outcome"));
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://" + one.httpAddress().orElseThrow() + "/v1/kv/n/secret"))
            .timeout(PATIENCE)
            .header("traceparent", header(3))
            .header("Content-Type", "application/json")
            .PUT(HttpRequest.BodyPublishers.ofString("2"))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      assertEquals(200, client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    }
    Map<String, String> call = first.one(traceId(3));
    assertEquals("PUT:/v1/kv/{ns}/{key}", call.get("method"));
    assertEquals(call.get("version"), second.one(traceId(3)).get("version"));
  }
}
