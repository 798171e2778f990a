package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kdelta.client.ClientSettings;
import io.kdelta.client.KdeltaClient;
import io.kdelta.image.ImageMain;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the image is one that container engines take, and a node runs in it as nobody, on a root
 * that it cannot write to. Method: the image is made from the jars of the build; its parts are
 * checked against their digests; its layers are unpacked, and a node is started there in a chroot
 * with mounts of its own, killed, started again and told to stop. The latter is skipped where the
 * test may not mount.
 */
final class ImageTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root", ".."));
  private static final String NOBODY = "65532:65532";

  /** What an engine does with the folders of a container, and then its first process. */
  private static final String ENTER =
      """
      set -e
      root=$1 data=$2
      shift 2
      mount --bind "$root" "$root"
      mount --bind "$data" "$root/data"
      mount -t tmpfs -o mode=1777 none "$root/tmp"
      mount -t proc proc "$root/proc"
      mount --rbind /dev "$root/dev"
      mount -o remount,bind,ro "$root"
      exec chroot --userspec=65532:65532 "$root" "$@"
      """;

  @TempDir private static Path folder;
  private static Path layout;
  private static JsonNode manifest;
  private static JsonNode config;

  @BeforeAll
  static void make() throws Exception {
    assumeTrue(
        Files.exists(ROOT.resolve("node/target/kdelta.jar")),
        "skipped: no node/target/kdelta.jar; mvn package makes it");
    assumeTrue(System.getProperty("os.name").equals("Linux"), "skipped: not on Linux");
    Path image = folder.resolve("image.tar");
    ImageMain.main(new String[] {ROOT.toString(), image.toString()});
    layout = Files.createDirectory(folder.resolve("layout"));
    run("tar", "-xf", image.toString(), "-C", layout.toString());
    JsonNode index = json(layout.resolve("index.json"));
    manifest = json(blob(index.path("manifests").path(0)));
    config = json(blob(manifest.path("config")));
  }

  @Test
  void everyPartIsWhatItsNameSays() throws Exception {
    assertEquals("1.0.0", json(layout.resolve("oci-layout")).path("imageLayoutVersion").asText());
    JsonNode layers = manifest.path("layers");
    assertEquals(3, layers.size());
    for (int i = 0; i < layers.size(); i++) {
      Path file = blob(layers.path(i));
      assertEquals(Files.size(file), layers.path(i).path("size").asLong());
      assertEquals(layers.path(i).path("digest").asText(), "sha256:" + digest(file));
      Path unpacked = folder.resolve("layer-" + i + ".tar");
      run("sh", "-c", "gzip -dc '" + file + "' > '" + unpacked + "'");
      String digest = config.path("rootfs").path("diff_ids").path(i).asText();
      assertEquals(digest, "sha256:" + digest(unpacked));
    }
    assertEquals(NOBODY, config.path("config").path("User").asText());
    assertEquals("SIGTERM", config.path("config").path("StopSignal").asText());
    assertTrue(config.path("config").path("Volumes").has("/data"));
    for (String port : List.of("7878/tcp", "7880/tcp")) {
      assertTrue(config.path("config").path("ExposedPorts").has(port), port);
    }
  }

  /** A node of the image is the node that was measured. */
  @Test
  void theJvmHasTheFlagsOfTheLauncher() throws IOException {
    List<String> options = Files.readAllLines(ROOT.resolve("deploy/image/jvm.options"));
    String launcher = Files.readString(ROOT.resolve("kdelta"));
    int start = launcher.indexOf("start | ");
    String flags = launcher.substring(start, launcher.indexOf(";;", start));
    List<String> given = new ArrayList<>();
    for (String line : flags.lines().toList()) {
      int open = line.indexOf("=(");
      if (open < 0) continue;
      given.addAll(List.of(line.substring(open + 2, line.indexOf(')', open)).split(" ")));
    }
    assertEquals(given, options.stream().filter(line -> !line.startsWith("#")).toList());
  }

  @Test
  void aNodeRunsAsNobodyOnAReadOnlyRoot() throws Exception {
    assumeTrue(mayMount(), "skipped: mounting needs root, and unshare of util-linux");
    Path root = Files.createDirectory(folder.resolve("root"));
    for (JsonNode layer : manifest.path("layers")) {
      run("tar", "-xpf", blob(layer).toString(), "--numeric-owner", "-C", root.toString());
    }
    Path data = Files.createDirectory(folder.resolve("data"));
    run("chown", NOBODY, data.toString());
    int port = NodeProcess.freePort();
    Map<String, String> settings =
        Map.of(
            "KDELTA_LISTEN", "127.0.0.1:" + port,
            "KDELTA_HTTP", "127.0.0.1:" + NodeProcess.freePort());
    Path log = folder.resolve("log");
    Process first = enter(root, data, settings, log, "start");
    try (KdeltaClient client = client(port)) {
      awaitReady(first, log, 1);
      String mounts = Files.readString(Path.of("/proc/" + first.pid() + "/mountinfo"));
      assertTrue(mounts.lines().anyMatch(line -> line.contains(" / ro,")), mounts);
      String status = Files.readString(Path.of("/proc/" + first.pid() + "/status"));
      assertTrue(status.contains("Uid:\t65532\t65532\t65532\t65532"), status);
      var _ = client.put("users", "bo", "{\"name\":\"Bo\"}");
      Path got = folder.resolve("got");
      Process command =
          enter(root, data, Map.of(), got, "get", "users/bo", "-s", "127.0.0.1:" + port);
      assertEquals(0, end(command), Files.readString(got));
      assertTrue(Files.readString(got).contains("\"name\":\"Bo\""), Files.readString(got));
      first.destroyForcibly();
      var _ = end(first);
      Process second = enter(root, data, settings, log, "start");
      awaitReady(second, log, 2);
      assertEquals("{\"name\":\"Bo\"}", client.get("users", "bo"));
      second.destroy();
      assertEquals(0, end(second), Files.readString(log));
    } finally {
      first.destroyForcibly();
    }
  }

  private static KdeltaClient client(int port) {
    Duration patience = Duration.ofSeconds(60);
    return KdeltaClient.connect(
        ClientSettings.of(List.of("127.0.0.1:" + port)).within(patience, patience));
  }

  /** Starts what the image says, with these words in place of its own. */
  private static Process enter(
      Path root, Path data, Map<String, String> settings, Path said, String... words)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c", ENTER, "sh"));
    command.addAll(List.of(root.toString(), data.toString()));
    config.path("config").path("Entrypoint").forEach(word -> command.add(word.asText()));
    command.addAll(List.of(words));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()));
    String path = builder.environment().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    builder.environment().clear();
    for (JsonNode variable : config.path("config").path("Env")) {
      String[] parts = variable.asText().split("=", 2);
      builder.environment().put(parts[0], parts[1]);
    }
    builder.environment().putAll(settings);
    // For unshare and mount; the first process of the image is named by its whole path.
    builder.environment().put("PATH", path);
    return Guard.start(builder);
  }

  private static void awaitReady(Process node, Path log, int times) {
    await("the node is ready")
        .atMost(Duration.ofSeconds(90))
        .until(() -> {
          String said = Files.readString(log, StandardCharsets.UTF_8);
          if (!node.isAlive()) throw new AssertionError("it ended:\n" + said);
          return said.split("ready in ", -1).length > times;
        });
  }

  private static int end(Process process) throws InterruptedException {
    if (!process.waitFor(90, TimeUnit.SECONDS)) process.destroyForcibly();
    return Guard.awaitEnd(process);
  }

  private static boolean mayMount() throws InterruptedException {
    try {
      return new ProcessBuilder("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException none) {
      return false;
    }
  }

  private static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  private static Path blob(JsonNode descriptor) {
    return layout.resolve("blobs/" + descriptor.path("digest").asText().replace(':', '/'));
  }

  private static String digest(Path file) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
  }
}
