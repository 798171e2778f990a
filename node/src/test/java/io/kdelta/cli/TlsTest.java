package io.kdelta.cli;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import io.kdelta.tls.TestCertificates;
import io.kdelta.tls.TlsFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: over TLS those come together who trust each other, and whoever does not is told why and
 * what to do, clients and peers alike. Method: nodes in this process and the command line, with
 * certificates of two authorities that the test makes.
 */
final class TlsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private static Path folder = Path.of("");

  private static TlsFiles node = TlsFiles.NONE;
  private static TlsFiles user = TlsFiles.NONE;
  private static TlsFiles expired = TlsFiles.NONE;
  private static TlsFiles elsewhere = TlsFiles.NONE;
  private static TlsFiles stranger = TlsFiles.NONE;

  @BeforeAll
  static void sign() throws IOException {
    TestCertificates ours = new TestCertificates(folder, "ours");
    node = ours.sign("node");
    user = ours.sign("user", "san=email:user@example.org", "-validity", "50");
    expired = ours.sign("expired", TestCertificates.HERE, "-startdate", "-10d", "-validity", "5");
    elsewhere = ours.sign("elsewhere", "san=dns:elsewhere.example", "-validity", "50");
    stranger = new TestCertificates(folder, "theirs").sign("stranger");
  }

  private static Map<String, String> flags(TlsFiles files) {
    Map<String, String> flags = new TreeMap<>();
    files.ca().ifPresent(file -> flags.put("tls-ca", file.toString()));
    files.certificate().ifPresent(file -> flags.put("tls-cert", file.toString()));
    files.key().ifPresent(file -> flags.put("tls-key", file.toString()));
    return flags;
  }

  private static NodeServer start(TlsFiles files, Map<String, String> more, List<String> notices)
      throws CannotStart {
    Map<String, String> flags = new TreeMap<>(flags(files));
    flags.putAll(Map.of("port", "0", "http", "none", "in-memory", "true"));
    flags.putAll(more);
    return NodeServer.start(NodeSettings.read(Optional.empty(), flags), notices::add);
  }

  private static NodeServer start(TlsFiles files) throws CannotStart {
    return start(files, Map.of(), new CopyOnWriteArrayList<>());
  }

  /** What the command line says, on whatever stream; the exit code in front. */
  private static String said(NodeServer server, TlsFiles files, String... arguments) {
    TestConsole test = new TestConsole("", false);
    List<String> words = new ArrayList<>(List.of("-s", server.address().toString()));
    flags(files).forEach((flag, value) -> words.addAll(List.of("--" + flag, value)));
    words.addAll(List.of(arguments));
    int exitCode = Kdelta.run(test.console(), Map.of(), words);
    return exitCode + " " + test.out() + test.err();
  }

  private static void assertTold(String said, int exitCode, String... parts) {
    assertTrue(said.startsWith(exitCode + " "), said);
    for (String part : parts) assertTrue(said.contains(part), said);
  }

  private static TlsFiles only(Path ca) {
    return new TlsFiles(Optional.of(ca), Optional.empty(), Optional.empty());
  }

  @Test
  void whoTrustsEachOtherComesTogether() throws CannotStart {
    try (NodeServer server = start(node)) {
      assertTold(said(server, user, "put", "a/b", "1"), ExitCode.DONE);
      assertEquals("0 1\n", said(server, user, "get", "a/b"));
    }
  }

  @Test
  void aClientWithoutACertificate() throws CannotStart {
    try (NodeServer server = start(node)) {
      String said = said(server, only(node.ca().orElseThrow()), "get", "a/b");
      assertTold(said, ExitCode.UNREACHABLE, "certificate", "--tls-cert FILE --tls-key FILE");
    }
  }

  @Test
  void aClientThatSpeaksPlainly() throws CannotStart {
    try (NodeServer server = start(node)) {
      String said = said(server, TlsFiles.NONE, "get", "a/b");
      assertTold(said, ExitCode.UNREACHABLE, "this server wants TLS", "--tls-ca");
    }
  }

  @Test
  void aServerThatSpeaksPlainly() throws CannotStart {
    try (NodeServer server = start(TlsFiles.NONE)) {
      assertTold(said(server, user, "get", "a/b"), ExitCode.UNREACHABLE, "it speaks no TLS");
    }
  }

  @Test
  void anAuthorityThatTheClientDoesNotKnow() throws CannotStart {
    try (NodeServer server = start(node)) {
      String said = said(server, only(stranger.ca().orElseThrow()), "get", "a/b");
      assertTold(said, ExitCode.UNREACHABLE, "nobody who is trusted has signed", "--tls-ca");
      String ofTheJdk = said(server, TlsFiles.NONE, "--tls", "get", "a/b");
      assertTold(ofTheJdk, ExitCode.UNREACHABLE, "nobody who is trusted has signed");
    }
  }

  @Test
  void anAuthorityThatTheServerDoesNotKnow() throws CannotStart {
    TlsFiles mixed = new TlsFiles(node.ca(), stranger.certificate(), stranger.key());
    try (NodeServer server = start(node)) {
      String said = said(server, mixed, "get", "a/b");
      assertTold(said, ExitCode.UNREACHABLE, "certificate of this end", "--tls-ca");
    }
  }

  @Test
  void aCertificateThatHasExpired() throws CannotStart {
    CannotStart refused = assertThrows(CannotStart.class, () -> start(expired).close());
    assertTrue(String.valueOf(refused.getMessage()).contains("was valid until"), refused::toString);
    try (NodeServer server = start(node)) {
      assertTold(said(server, expired, "get", "a/b"), ExitCode.USAGE, "was valid until");
    }
  }

  @Test
  void aServerOfAnotherName() throws CannotStart {
    try (NodeServer server = start(elsewhere)) {
      assertTold(said(server, user, "get", "a/b"), ExitCode.UNREACHABLE, "for another name");
    }
  }

  @Test
  void clientsMayHaveNoneWherePeersMustHaveOne() throws CannotStart {
    List<String> notices = new CopyOnWriteArrayList<>();
    try (NodeServer first =
        start(node, Map.of("tls-client-auth", "none", "name", "first"), notices)) {
      TlsFiles trusting = only(node.ca().orElseThrow());
      assertTold(said(first, trusting, "put", "a/b", "1"), ExitCode.DONE);
      TlsFiles mixed = new TlsFiles(node.ca(), stranger.certificate(), stranger.key());
      Map<String, String> join = Map.of("join", first.address().toString());
      try (NodeServer _ = start(mixed, join, notices)) {
        await().atMost(PATIENCE).until(() -> notices.toString().contains("cannot link to"));
        assertEquals("0 first\n", said(first, trusting, "-o", "name", "cluster", "members"));
      }
      try (NodeServer _ = start(TlsFiles.NONE, join, notices)) {
        await().atMost(PATIENCE).until(() -> notices.toString().contains("this server wants TLS"));
      }
      try (NodeServer _ = start(node, join, notices)) {
        await()
            .atMost(PATIENCE)
            .until(() -> said(first, trusting, "-o", "name", "cluster", "members").length() > 9);
      }
    }
  }

  @Test
  void threeNodesWithCertificatesOfOneAuthority() throws CannotStart {
    List<String> notices = new CopyOnWriteArrayList<>();
    try (NodeServer first = start(node, Map.of("name", "first"), notices)) {
      Map<String, String> join = Map.of("join", first.address().toString());
      Map<String, String> joins = new TreeMap<>(join);
      joins.put("name", "second");
      try (NodeServer second = start(node, joins, notices)) {
        joins.put("name", "third");
        try (NodeServer third = start(node, joins, notices)) {
          await()
              .atMost(PATIENCE)
              .until(() -> said(third, user, "put", "a/b", "1", "--ack", "all").startsWith("0 "));
          assertEquals("0 1\n", said(first, user, "get", "a/b"));
          assertEquals("0 1\n", said(second, user, "get", "a/b"));
          assertTrue(notices.stream().noneMatch(n -> n.contains("TLS")), notices::toString);
        }
      }
    }
  }

  @Test
  void aPeerOfAnotherAuthorityIsKeptAway() throws CannotStart {
    List<String> notices = new CopyOnWriteArrayList<>();
    try (NodeServer first = start(node, Map.of("name", "first"), notices)) {
      Map<String, String> join = Map.of("join", first.address().toString());
      try (NodeServer _ = start(stranger, join, notices)) {
        await()
            .atMost(PATIENCE)
            .until(() -> notices.toString().contains("nobody who is trusted has signed"));
        assertEquals("0 first\n", said(first, user, "-o", "name", "cluster", "members"));
      }
    }
  }

  @Test
  void theJavaClientSpeaksIt() throws CannotStart {
    try (NodeServer server = start(node);
        KdeltaClient client =
            KdeltaClient.connect(
                ClientSettings.of(List.of(server.address().toString())).tls(user))) {
      client.put("a", "b", "1");
      assertEquals("1", client.get("a", "b"));
    }
  }
}
