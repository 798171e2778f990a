package io.kdelta.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.env.HostTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.tls.Credentials;
import io.kdelta.tls.TestCertificates;
import io.kdelta.tls.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.HttpsURLConnection;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: certificates are replaced while a node serves, without a lost request; files that cannot be
 * used change nothing; the HTTP port shows the same certificate. Method: a node in this process
 * that looks at its files every ten milliseconds, and files replaced under it.
 */
final class TlsReloadTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private Path folder = Path.of("");

  private final List<String> notices = new CopyOnWriteArrayList<>();
  private TlsFiles before = TlsFiles.NONE;
  private TlsFiles after = TlsFiles.NONE;
  private TlsFiles live = TlsFiles.NONE;

  @BeforeEach
  void sign() throws IOException {
    before = new TestCertificates(folder, "before").sign("node");
    after = new TestCertificates(folder, "after").sign("node");
    live = TestCertificates.copy(before, folder.resolve("live"));
  }

  private NodeServer start(TlsFiles files) throws CannotStart {
    Map<String, String> flags = new TreeMap<>();
    flags.putAll(Map.of("port", "0", "http", "127.0.0.1:0", "in-memory", "true"));
    NodeConfig plain = NodeSettings.read(Optional.empty(), flags);
    NodeConfig.Network network = plain.network();
    Optional<NodeConfig.Tls> tls =
        Optional.of(new NodeConfig.Tls(files, true, Duration.ofMillis(10)));
    NodeConfig config =
        new NodeConfig(
            plain.identity(),
            new NodeConfig.Network(
                network.listen(), network.http(), List.of(), network.advertise(), tls, false),
            plain.store());
    return NodeServer.start(config, notices::add);
  }

  private static KdeltaClient client(NodeServer server, TlsFiles files) {
    ClientSettings settings = ClientSettings.of(List.of(server.address().toString()));
    Duration soon = Duration.ofSeconds(20);
    return KdeltaClient.connect(settings.within(soon, soon).tls(files).rounds(1));
  }

  private void put(TlsFiles source) throws IOException {
    // The certificate last: until it is there the files do not fit together, and are not taken.
    TestCertificates.replace(source.key().orElseThrow(), live.key().orElseThrow());
    TestCertificates.replace(source.ca().orElseThrow(), live.ca().orElseThrow());
    TestCertificates.replace(source.certificate().orElseThrow(), live.certificate().orElseThrow());
  }

  @Test
  void underLoadNothingIsLost() throws Exception {
    AtomicBoolean enough = new AtomicBoolean();
    try (NodeServer server = start(live);
        KdeltaClient old = client(server, before);
        ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
      old.put("a", "first", "1");
      Future<Integer> written =
          writers.submit(() -> {
            int count = 0;
            while (!enough.get()) old.put("a", "k" + count++, "1");
            return count;
          });
      put(after);
      await().atMost(PATIENCE).until(() -> notices.toString().contains("the new certificates"));
      try (KdeltaClient fresh = client(server, after)) {
        fresh.put("a", "second", "1");
      }
      // It is connected already; whoever comes with the old certificate now is not let in.
      old.put("a", "third", "1");
      try (KdeltaClient late = client(server, before)) {
        assertThrows(KdeltaException.Unreachable.class, () -> late.get("a", "first"));
      }
      enough.set(true);
      assertTrue(written.get() > 0);
    }
  }

  @Test
  void filesOfNoUseChangeNothing() throws Exception {
    try (NodeServer server = start(live)) {
      Path certificate = live.certificate().orElseThrow();
      Path half =
          Files.writeString(folder.resolve("half.pem"), "-----BEGIN CERTIFICATE-----\nhalf");
      TestCertificates.replace(half, certificate);
      await().atMost(PATIENCE).until(() -> notices.toString().contains("the old ones stay"));
      try (KdeltaClient client = client(server, before)) {
        client.put("a", "b", "1");
      }
      assertEquals(1, notices.stream().filter(n -> n.contains("the old ones stay")).count());
      TestCertificates.replace(after.certificate().orElseThrow(), certificate);
      await().atMost(PATIENCE).until(() -> notices.toString().contains("is not the key of"));
      put(before);
      await().atMost(PATIENCE).until(() -> notices.toString().contains("the new certificates"));
      try (KdeltaClient client = client(server, before)) {
        assertEquals("1", client.get("a", "b"));
      }
    }
  }

  @Test
  void aKeyThatOthersCanReadIsTold() throws Exception {
    Path key = live.key().orElseThrow();
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw----r--"));
    start(live).close();
    assertTrue(notices.toString().contains("chmod 600 " + key), notices::toString);
  }

  @Test
  void httpShowsTheSameCertificateAndProbesNeedNone() throws Exception {
    try (NodeServer server = start(live)) {
      assertEquals("200 ok\n", http(server, "/healthz", before));
      TlsFiles trusting = new TlsFiles(before.ca(), Optional.empty(), Optional.empty());
      assertEquals("200 ok\n", http(server, "/healthz", trusting));
      assertThrows(IOException.class, () -> http(server, "/healthz", after));
      String refused = http(server, "/v1/stats", trusting);
      assertTrue(refused.startsWith("401 {\"error\":{\"reason\":\"UNAUTHENTICATED\""), refused);
      assertTrue(http(server, "/healthz/x", trusting).startsWith("401 "));
      assertTrue(http(server, "/healthz/x", before).startsWith("404 "));
      try (KdeltaClient client = client(server, before)) {
        client.put("a", "b", "1");
      }
      assertTrue(http(server, "/v1/kv/a/b", trusting).startsWith("401 {\"error\":{"));
      assertTrue(http(server, "/v1/kv/a/b", before).startsWith("200 1"));
      String metrics = http(server, "/metrics", trusting);
      assertTrue(metrics.contains("\nkdelta_tls_certificate_end_seconds 1."), metrics);
    }
  }

  private static String http(NodeServer server, String path, TlsFiles files) throws IOException {
    URI address = URI.create("https://" + server.httpAddress().orElseThrow() + path);
    HttpsURLConnection connection = (HttpsURLConnection) address.toURL().openConnection();
    Credentials shown = Credentials.load(files, new HostTime(), Credentials.LOOK, line -> {});
    connection.setSSLSocketFactory(shown.jdkClient().getSocketFactory());
    int code = connection.getResponseCode();
    try (InputStream in =
        code < HttpURLConnection.HTTP_BAD_REQUEST
            ? connection.getInputStream()
            : connection.getErrorStream()) {
      return code + " " + new String(in.readAllBytes(), UTF_8);
    }
  }
}
