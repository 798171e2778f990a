package io.kdelta.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.env.HostTime;
import io.kdelta.tls.Credentials;
import io.kdelta.tls.TestCertificates;
import io.kdelta.tls.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.HttpsURLConnection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what the dashboard and the alert rules of deploy/ ask for is told by a live node, and named
 * as Prometheus wants names. Method: two nodes with TLS in this process, calls, and the text of one
 * of them held against every name in the expressions.
 */
final class DashboardTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path DEPLOY = Path.of(System.getProperty("kdelta.root", ".."), "deploy");
  private static final Pattern NAME = Pattern.compile("\\b(?:kdelta|jvm|process)_[a-z_]+");

  /** What a family ends with, of the base units that are used. */
  private static final Pattern WELL_NAMED = Pattern.compile("kdelta_[a-z]+(_[a-z]+)*");

  @TempDir private Path folder = Path.of("");

  @Test
  void everyNameIsToldByALiveNode() throws Exception {
    TlsFiles files = new TestCertificates(folder, "ours").sign("node");
    try (NodeServer first = start("first", "", files);
        NodeServer second = start("second", first.address().toString(), files);
        KdeltaClient client =
            KdeltaClient.connect(
                ClientSettings.of(List.of(first.address().toString())).tls(files))) {
      await().atMost(PATIENCE).until(() -> second.linkedPeers() == 1);
      client.put("a", "b", "1");
      System.gc();
      TreeSet<String> named = new TreeSet<>(named(expressions()));
      assertTrue(named.size() > 30, named::toString);
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> {
            TreeSet<String> missing = new TreeSet<>(named);
            missing.removeAll(told(scrape(first, files)));
            assertEquals(new TreeSet<String>(), missing, "named, and not told by a node");
          });
      for (String name : told(scrape(first, files))) {
        if (name.startsWith("kdelta_")) assertTrue(WELL_NAMED.matcher(name).matches(), name);
        assertFalse(name.contains("_millis"), name);
      }
    }
  }

  /** Each alert says what happened and what to do. */
  @Test
  void alertsTellWhatToDo() throws IOException {
    int rules = 0;
    for (JsonNode group : alerts().path("groups")) {
      for (JsonNode rule : group.path("rules")) {
        rules++;
        assertTrue(rule.path("alert").asText().startsWith("Kdelta"), rule::toString);
        assertFalse(rule.path("labels").path("severity").asText().isEmpty(), rule::toString);
        assertFalse(rule.path("annotations").path("summary").asText().isEmpty(), rule::toString);
        assertFalse(rule.path("annotations").path("action").asText().isEmpty(), rule::toString);
      }
    }
    assertTrue(rules > 10, "rules: " + rules);
  }

  private static JsonNode alerts() throws IOException {
    Path file = DEPLOY.resolve(Path.of("prometheus", "alerts.yaml"));
    return new ObjectMapper(new YAMLFactory()).readTree(file.toFile());
  }

  private static String expressions() throws IOException {
    StringBuilder text = new StringBuilder();
    for (JsonNode found : alerts().findValues("expr")) text.append(found.asText()).append('\n');
    Path file = DEPLOY.resolve(Path.of("grafana", "kdelta.json"));
    JsonNode dashboard = new ObjectMapper().readTree(file.toFile());
    for (JsonNode found : dashboard.findValues("expr")) text.append(found.asText()).append('\n');
    for (JsonNode found : dashboard.findValues("query")) text.append(found.asText()).append('\n');
    return text.toString();
  }

  private static Set<String> named(String text) {
    TreeSet<String> names = new TreeSet<>();
    Matcher each = NAME.matcher(text);
    while (each.find()) names.add(each.group());
    return names;
  }

  private static Set<String> told(String text) {
    TreeSet<String> names = new TreeSet<>();
    for (String line : text.split("\n", -1)) {
      if (!line.isEmpty() && !line.startsWith("#")) names.add(line.split("[{ ]", 2)[0]);
    }
    return names;
  }

  private static NodeServer start(String name, String join, TlsFiles files) throws CannotStart {
    TreeMap<String, String> flags = new TreeMap<>();
    flags.putAll(Map.of("name", name, "port", "0", "http", "127.0.0.1:0", "in-memory", "true"));
    flags.put("join", join);
    flags.put("tls-ca", files.ca().orElseThrow().toString());
    flags.put("tls-cert", files.certificate().orElseThrow().toString());
    flags.put("tls-key", files.key().orElseThrow().toString());
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
  }

  private static String scrape(NodeServer node, TlsFiles files) throws IOException {
    URI metrics = URI.create("https://" + node.httpAddress().orElseThrow() + "/metrics");
    HttpsURLConnection connection = (HttpsURLConnection) metrics.toURL().openConnection();
    Credentials shown = Credentials.load(files, new HostTime(), Credentials.LOOK, line -> {});
    connection.setSSLSocketFactory(shown.jdkClient().getSocketFactory());
    try (InputStream in = connection.getInputStream()) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
