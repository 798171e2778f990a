package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.error.KdeltaException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: flags win over the file and the file over the defaults; what cannot be meant is refused
 * with a message that helps. Method: examples of both.
 */
final class NodeSettingsTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void defaults() {
    NodeConfig config = read(Map.of());
    assertEquals("127.0.0.1:7878", config.network().listen().toString());
    assertEquals("127.0.0.1:7880", config.network().http().orElseThrow().toString());
    assertEquals("node-7878", config.identity().name());
    assertEquals(1 << 20, config.store().documentBytesMax());
    assertTrue(config.store().directory().endsWith(Path.of(".kdelta", "data")));
  }

  @Test
  void portIsShortForALoopbackAddress() {
    NodeConfig config = read(Map.of("port", "7888", "join", "127.0.0.1, other:9000"));
    assertEquals("127.0.0.1:7888", config.network().listen().toString());
    assertEquals("127.0.0.1:7890", config.network().http().orElseThrow().toString());
    assertEquals(List.of("127.0.0.1:7878", "other:9000"), config.identity().join());
  }

  @Test
  void flagsWinOverTheFile() throws IOException {
    Path file = folder.resolve("kdelta.properties");
    Files.writeString(file, "name = from-file\nzone = z1\nlisten = 127.0.0.1:7000\n");
    NodeConfig config =
        NodeSettings.read(Optional.of(file), Map.of("name", "from-flag", "port", "7001"));
    assertEquals("from-flag", config.identity().name());
    assertEquals("z1", config.identity().zone());
    assertEquals(7001, config.network().listen().port());
  }

  @Test
  void anUnknownKeyNamesTheClosest() throws IOException {
    Path file = folder.resolve("kdelta.properties");
    Files.writeString(file, "lisen = 127.0.0.1:7000\n");
    assertRefused("the closest is 'listen'", () -> NodeSettings.read(Optional.of(file), Map.of()));
  }

  @Test
  void listeningBeyondThisMachineNeedsAWord() {
    assertRefused("--insecure", () -> read(Map.of("listen", "0.0.0.0:7878")));
    assertRefused("--insecure", () -> read(Map.of("http", "0.0.0.0:7880")));
    NodeConfig config = read(Map.of("listen", "0.0.0.0:7878", "insecure", "true"));
    assertTrue(config.network().exposed());
  }

  @Test
  void whoListensEverywhereTellsPeersTheNameOfTheHost() throws IOException {
    Map<String, String> flags = Map.of("listen", "0.0.0.0:7000", "insecure", "true");
    String host = InetAddress.getLocalHost().getHostName();
    assertEquals(new Address(host, 7000), read(flags).network().advertise().orElseThrow());
    TreeMap<String, String> more = new TreeMap<>(flags);
    more.put("advertise", "example.org:7001");
    assertEquals("example.org:7001", read(more).network().advertise().orElseThrow().toString());
    assertTrue(read(Map.of("listen", "127.0.0.1:7000")).network().advertise().isEmpty());
  }

  @Test
  void withTlsItListensEverywhere() {
    Map<String, String> files = Map.of("tls-cert", "c.pem", "tls-key", "k.pem");
    TreeMap<String, String> flags = new TreeMap<>(files);
    flags.put("listen", "0.0.0.0:7878");
    assertFalse(read(flags).network().tls().orElseThrow().clientsAuthenticate());
    flags.put("tls-ca", "ca.pem");
    assertTrue(read(flags).network().tls().orElseThrow().clientsAuthenticate());
    flags.put("tls-client-auth", "none");
    assertFalse(read(flags).network().tls().orElseThrow().clientsAuthenticate());
    flags.put("insecure", "true");
    assertRefused("one of the two", () -> read(flags));
    assertRefused("--tls-key", () -> read(Map.of("tls-cert", "c.pem")));
    assertRefused("--tls-cert", () -> read(Map.of("tls-key", "k.pem")));
    assertRefused("shows a certificate", () -> read(Map.of("tls-ca", "ca.pem")));
    assertRefused("shows a certificate", () -> read(Map.of("tls-client-auth", "none")));
    TreeMap<String, String> anybody = new TreeMap<>(files);
    anybody.put("tls-client-auth", "require");
    assertRefused("--tls-ca", () -> read(anybody));
    anybody.put("tls-client-auth", "maybe");
    assertRefused("neither none nor require", () -> read(anybody));
  }

  @Test
  void nonsenseIsRefused() {
    assertRefused("port", () -> read(Map.of("port", "70000")));
    assertRefused("port", () -> read(Map.of("port", "abc")));
    assertRefused("listen", () -> read(Map.of("listen", "127.0.0.1:x")));
    assertRefused("one of the two", () -> read(Map.of("listen", "127.0.0.1:1", "port", "1")));
    assertRefused("in-memory", () -> read(Map.of("in-memory", "yes")));
    assertRefused("document-bytes-max", () -> read(Map.of("document-bytes-max", "999999999")));
    assertRefused("name", () -> read(Map.of("name", " ")));
    assertRefused("backups", () -> read(Map.of("backups", "0")));
  }

  @Test
  void ipv6AddressesKeepTheirBrackets() {
    assertEquals("[::1]:7878", Address.parse("join", "::1").toString());
    assertEquals("[::1]:9000", Address.parse("join", "[::1]:9000").toString());
    assertEquals("[::1]:7878", Address.parse("join", "[::1]").toString());
  }

  private static NodeConfig read(Map<String, String> flags) {
    return NodeSettings.read(Optional.empty(), flags);
  }

  private static void assertRefused(String part, Executable code) {
    String message = assertThrows(KdeltaException.Invalid.class, code).toString();
    assertTrue(message.contains(part), message);
  }
}
