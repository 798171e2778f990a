package io.kdelta.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.PutRequest;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Goal: a live node tells of its membership, of what it ships to whom, and of who waits. Method:
 * two nodes in this process, a write on one of them, and its text for Prometheus.
 */
final class PeerMetricsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final String SHIPPED = "kdelta_peer_shipped_bytes_total{peer=\"second\"}";

  /** Without labels, and with what they must at least come to. */
  private static final Map<String, Double> LEAST =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("kdelta_membership_health", 1.0),
              Map.entry("kdelta_membership_probes_total", 1.0),
              Map.entry("kdelta_membership_probes_missed_total", 0.0),
              Map.entry("kdelta_membership_suspicions_total", 0.0),
              Map.entry("kdelta_membership_deaths_total", 0.0),
              Map.entry("kdelta_membership_refutations_total", 0.0),
              Map.entry("kdelta_membership_format", 3.0),
              Map.entry("kdelta_replication_receipts_total", 1.0),
              Map.entry("kdelta_replication_slots_lost_total", 0.0),
              Map.entry("kdelta_peer_shipped_bytes_total{peer=\"second\"}", 100.0),
              Map.entry("kdelta_peer_shipped_wire_bytes_total{peer=\"second\"}", 100.0),
              Map.entry("kdelta_peer_shipped_frames_total{peer=\"second\"}", 1.0),
              Map.entry("kdelta_peer_queued_bytes{peer=\"second\"}", 0.0),
              Map.entry("kdelta_peer_queued_peak_bytes{peer=\"second\"}", 100.0),
              Map.entry("kdelta_peer_credit_bytes{peer=\"second\"}", 1.0),
              Map.entry("kdelta_peer_slots{peer=\"second\"}", 1.0),
              Map.entry("kdelta_peer_lag_versions{peer=\"second\"}", 0.0),
              Map.entry("kdelta_peer_load{peer=\"second\"}", 0.0),
              Map.entry("kdelta_reconciliation_seconds_total", 0.0),
              Map.entry("kdelta_snapshot_lent_bytes_total", 0.0),
              Map.entry("kdelta_sessions_waiting", 0.0),
              Map.entry("kdelta_sessions_behind_total", 0.0),
              Map.entry("kdelta_watches_waiting", 0.0),
              Map.entry("kdelta_peers{state=\"alive\"}", 1.0)));

  private static NodeServer start(String name, String join) throws CannotStart {
    Map<String, String> flags =
        Map.of("name", name, "port", "0", "http", "127.0.0.1:0", "in-memory", "true", "join", join);
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
  }

  @Test
  void eachIsThereOnALiveNode() throws Exception {
    try (NodeServer first = start("first", "")) {
      double shipped = whileTwoAreLinked(first);
      await().atMost(PATIENCE).until(() -> first.linkedPeers() == 0);
      assertFalse(told(scrape(first)).containsKey("kdelta_peer_queued_bytes{peer=\"second\"}"));
      double after = Objects.requireNonNull(told(scrape(first)).get(SHIPPED));
      assertTrue(after >= shipped, "what was shipped stays when the link is gone: " + after);
    }
  }

  /** What the first has shipped to the second when that ends. */
  private static double whileTwoAreLinked(NodeServer first) throws Exception {
    String address = first.address().toString();
    try (NodeServer second = start("second", address);
        KdeltaClient client = KdeltaClient.connect(ClientSettings.of(List.of(address)))) {
      await().atMost(PATIENCE).until(() -> second.linkedPeers() == 1);
      for (int i = 0; i < 3; i++) {
        client.put(
            PutRequest.newBuilder()
                .setNamespace("m")
                .setKey("k" + i)
                .setValue(ByteString.copyFromUtf8("1"))
                .setAck(AckLevel.ACK_LEVEL_ONE)
                .build());
      }
      await().atMost(PATIENCE).untilAsserted(() -> assertEquals(List.of(), missing(scrape(first))));
      List<String> named = namedInTheReadme();
      assertTrue(named.size() > 20, named::toString);
      List<String> lines = List.of(scrape(first).split("\n", -1));
      named.removeIf(name -> lines.stream().anyMatch(line -> line.matches(name + "(_.*|[ {].*)")));
      assertEquals(List.of(), named, "in the README, and not told by a node");
      return Objects.requireNonNull(told(scrape(first)).get(SHIPPED));
    }
  }

  /** Each name that its part about metrics writes out, or makes of an asterisk and a list. */
  private static List<String> namedInTheReadme() throws IOException {
    String text = Files.readString(Path.of(System.getProperty("kdelta.root"), "README.md"));
    int begin = text.indexOf("\n## Metrics\n");
    String part = text.substring(begin, text.indexOf("\n## ", begin + 1));
    List<String> names = new ArrayList<>();
    Matcher each =
        Pattern.compile("`(kdelta_\\w+?)_?\\*?(\\{\\w+\\})?`(\\s+\\(([^)]*)\\))?").matcher(part);
    while (each.find()) {
      String list = each.group(4);
      if (list == null) names.add(each.group(1));
      else for (String one : list.split(",\\s+", -1)) names.add(each.group(1) + "_" + one);
    }
    return names;
  }

  private static Map<String, Double> told(String text) {
    TreeMap<String, Double> told = new TreeMap<>();
    for (String line : text.split("\n", -1)) {
      int space = line.lastIndexOf(' ');
      if (line.startsWith("#") || space < 0) continue;
      told.put(line.substring(0, space), Double.valueOf(line.substring(space + 1)));
    }
    return told;
  }

  private static List<String> missing(String text) {
    Map<String, Double> told = told(text);
    List<String> missing = new ArrayList<>();
    LEAST.forEach((name, least) -> {
      Double value = told.get(name);
      if (value == null || value < least) missing.add(name + " is " + value);
    });
    return missing;
  }

  private static String scrape(NodeServer node) throws IOException {
    URI metrics = URI.create("http://" + node.httpAddress().orElseThrow() + "/metrics");
    try (InputStream in = metrics.toURL().openStream()) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
