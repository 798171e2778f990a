package io.kdelta.process;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the unit is one that systemd takes, little is open to it, and what deploy/README.md
 * installs for it runs. Method: systemd-analyze where there is one of version 250 or newer; the
 * installed files started with the settings of the unit in an otherwise empty environment, and told
 * to stop.
 */
final class SystemdTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root", ".."));
  private static final Path UNIT = ROOT.resolve("deploy/systemd/kdelta.service");
  private static final String PROGRAM = "/opt/kdelta/kdelta";
  private static final int OFFLINE_SINCE = 250;

  /** Of 100; systemd calls less than 20 OK. */
  private static final int EXPOSURE_MAX = 19;

  @TempDir private Path folder;

  private record Ended(int code, String said) {}

  @Test
  void systemdTakesTheUnit() throws Exception {
    assumeTrue(systemd() >= OFFLINE_SINCE, "skipped: no systemd-analyze of 250 or newer");
    String unit = Files.readString(UNIT);
    assertTrue(unit.contains("ExecStart=" + PROGRAM + " start\n"), unit);
    // Verify looks for the program.
    Path copy = folder.resolve("kdelta.service");
    Files.writeString(copy, unit.replace(PROGRAM, ROOT.resolve("kdelta").toRealPath().toString()));
    assertEquals(new Ended(0, ""), run("systemd-analyze", "verify", copy.toString()));
    Ended judged =
        run(
            "systemd-analyze",
            "security",
            "--offline=true",
            "--threshold=" + EXPOSURE_MAX,
            copy.toString());
    assertEquals(0, judged.code, judged.said);
  }

  @Test
  void whatIsInstalledRuns() throws Exception {
    Path jar = ROOT.resolve("node/target/kdelta.jar");
    assumeTrue(Files.exists(jar), "skipped: no " + jar + "; mvn package makes it");
    Path home = Files.createDirectory(folder.resolve("installed"));
    Files.copy(jar, home.resolve("kdelta.jar"));
    Path launcher = Files.copy(ROOT.resolve("kdelta"), home.resolve("kdelta"));
    assertTrue(launcher.toFile().setExecutable(true));
    Path lib = Files.createDirectory(home.resolve("lib"));
    try (Stream<Path> jars = Files.list(ROOT.resolve("node/target/lib"))) {
      for (Path one : jars.toList()) Files.copy(one, lib.resolve(one.getFileName()));
    }
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(launcher.toString(), "start")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/bin:/bin");
    builder.environment().put("KDELTA_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("KDELTA_DATA", folder.resolve("data").toString());
    builder.environment().put("KDELTA_LISTEN", "127.0.0.1:" + NodeProcess.freePort());
    builder.environment().put("KDELTA_HTTP", "127.0.0.1:" + NodeProcess.freePort());
    Process node = Guard.start(builder);
    try {
      await("the installed node is ready")
          .atMost(Duration.ofSeconds(90))
          .until(() -> !node.isAlive() || said(log).contains("ready in "));
      node.destroy();
      assertTrue(node.waitFor(60, TimeUnit.SECONDS), said(log));
      assertEquals(0, Guard.awaitEnd(node), said(log));
    } finally {
      node.destroyForcibly();
    }
  }

  private static String said(Path log) throws IOException {
    return Files.readString(log, StandardCharsets.UTF_8);
  }

  /** Its version; 0 when there is none. */
  private static int systemd() throws Exception {
    try {
      String[] words = run("systemd-analyze", "--version").said.split("\\s+", -1);
      return Integer.parseInt(words[1]);
    } catch (IOException none) {
      return 0;
    }
  }

  private static Ended run(String... command) throws Exception {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), said);
  }
}
