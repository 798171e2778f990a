package io.kdelta.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the launcher of an installation makes its caches of classes beside the jar, or in the
 * user's folder where it may not write there; takes none that was made of another jar, by another
 * Java or for other flags; never repeats what writes; and starts nodes with a cache that is whole.
 * Method: the launcher with a Java that is a script, which notes its words and makes a cache where
 * it is told to.
 */
final class LauncherTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root", ".."));
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String JAVA =
      """
      #!/bin/sh
      for word in "$@"; do
        case $word in
          -XX:AOTCacheOutput=*) : >"${word#*=}" ;;
          -XX:AOTMode=*) mode=${word#*=} ;;
          -XX:AOTConfiguration=*) notes=${word#*=} ;;
          -XX:AOTCache=*) cache=${word#*=} ;;
        esac
      done
      if [ "$mode" = record ]; then
        [ "$NEXT" != interrupted ] || { kill -TERM $PPID; exec tail -f /dev/null; }
        [ "$NEXT" != fails ] || exit 9
        echo noted >"$notes"
      elif [ "$mode" = create ]; then
        printf 'half of ' >"$cache"
        [ "$NEXT" != breaks ] || { echo broken; exit 1; }
        cat "${CALLS%/*}/installed/"*.aot >"$CALLS.meanwhile" 2>&1
        cat "$notes" >>"$cache"
      fi
      echo "$@" >>"$CALLS"
      """;

  @TempDir private Path folder = Path.of("");
  private Path installed = Path.of("");
  private Path java = Path.of("");
  private Path calls = Path.of("");
  private Path home = Path.of("");

  @BeforeEach
  void install() throws IOException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    installed = Files.createDirectory(folder.resolve("installed"));
    Files.copy(ROOT.resolve("kdelta"), installed.resolve("kdelta"));
    executable(installed.resolve("kdelta"));
    Files.writeString(installed.resolve("kdelta.jar"), "jar");
    java = Files.createDirectory(folder.resolve("java"));
    Path program = Files.createDirectory(java.resolve("bin")).resolve("java");
    Files.writeString(program, JAVA);
    executable(program);
    version("25.0.3+9");
    calls = Files.writeString(folder.resolve("calls"), "");
    Files.setPosixFilePermissions(calls, PosixFilePermissions.fromString("rw-rw-rw-"));
    home = Files.createDirectory(folder.resolve("home"));
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"));
  }

  private static void executable(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void version(String version) throws IOException {
    Files.writeString(
        java.resolve("release"),
        "JAVA_RUNTIME_VERSION=\"" + version + "\"\nJAVA_VERSION=\"25.0.3\"\n");
  }

  /** Runs the launcher and answers the words that Java had. */
  private String run(List<String> before, String... words) throws Exception {
    List<String> command = new ArrayList<>(before);
    command.addAll(
        List.of(
            "env",
            "HOME=" + home,
            "CALLS=" + calls,
            "KDELTA_JAVA_HOME=" + java,
            "PATH=/usr/bin:/bin"));
    Files.writeString(calls, "");
    command.add(installed.resolve("kdelta").toString());
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), said);
    await()
        .atMost(PATIENCE)
        .until(() -> said().stream().anyMatch(line -> !line.contains("AOTCacheOutput")));
    return said().stream().filter(line -> !line.contains("AOTCacheOutput")).findFirst().orElse("");
  }

  private List<String> said() throws IOException {
    return Files.readAllLines(calls);
  }

  private static Set<String> caches(Path where) throws IOException {
    TreeSet<String> names = new TreeSet<>();
    if (!Files.isDirectory(where)) return names;
    try (Stream<Path> files = Files.list(where)) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".aot") || name.endsWith(".making"))
          .forEach(names::add);
    }
    return names;
  }

  private void awaitCaches(Path where, String prefix) {
    TreeSet<String> both = new TreeSet<>();
    both.add(prefix + "-all-25.0.3+9.aot");
    both.add(prefix + "-get-25.0.3+9.aot");
    await().atMost(PATIENCE).until(() -> caches(where).equals(both));
  }

  @Test
  void besideTheJar() throws Exception {
    List<String> plain = List.of();
    assertFalse(run(plain, "get", "a/b").contains("AOTCache"));
    awaitCaches(installed, "kdelta");
    assertTrue(run(plain, "get", "a/b").contains("kdelta-get-25.0.3+9.aot"));
    assertTrue(run(plain, "-s", "h:1", "get", "a/b", "-o", "raw").contains("kdelta-get-"));
    assertTrue(run(plain, "get", "a/b", "--meta").contains("kdelta-all-25.0.3+9.aot"));
    assertTrue(run(plain, "put", "a/b", "1").contains("kdelta-all-"));
    assertFalse(run(plain, "start").contains("AOT"));
    assertFalse(run(List.of("env", "KDELTA_AOT=off"), "get", "a/b").contains("AOT"));
    assertFalse(run(List.of("env", "KDELTA_JAVA_OPTS=-Xmx1g"), "get", "a/b").contains("AOT"));
  }

  @Test
  void ofAnotherJarOrJavaIsNone() throws Exception {
    List<String> plain = List.of();
    Path jar = installed.resolve("kdelta.jar");
    run(plain, "get", "a/b");
    awaitCaches(installed, "kdelta");
    for (long days : new long[] {-400, 0}) {
      Instant time = Instant.now().plus(Duration.ofDays(days));
      Files.setLastModifiedTime(jar, FileTime.from(time));
      assertFalse(run(plain, "get", "a/b").contains("AOTCache="), "an older jar, then a newer one");
      await()
          .atMost(PATIENCE)
          .until(() ->
              caches(installed).size() == 2
                  && Files.getLastModifiedTime(installed.resolve("kdelta-all-25.0.3+9.aot"))
                      .equals(Files.getLastModifiedTime(jar)));
      assertTrue(run(plain, "get", "a/b").contains("AOTCache="));
    }
    version("25.0.4+1");
    assertFalse(run(plain, "exists", "a/b").contains("AOTCache="));
    await().atMost(PATIENCE).until(() -> caches(installed).contains("kdelta-all-25.0.4+1.aot"));
  }

  @Test
  void whereTheJarCannotBeWrittenBeside() throws Exception {
    boolean root = System.getProperty("user.name").equals("root");
    List<String> asOther =
        root ? List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") : List.of();
    assumeTrue(!root || Files.exists(Path.of("/usr/bin/setpriv")), "skipped: no setpriv");
    Files.setPosixFilePermissions(installed, PosixFilePermissions.fromString("r-xr-xr-x"));
    try {
      run(asOther, "get", "a/b");
      Path users = home.resolve(".cache/kdelta");
      awaitCaches(users, installed.toString().replace('/', '%'));
      assertEquals(new TreeSet<String>(), caches(installed));
      assertTrue(run(asOther, "get", "a/b").contains("AOTCache=" + users));
      if (root) {
        // Of a folder that is not one's own nothing is taken.
        assertFalse(run(List.of(), "put", "a/b", "1").contains("AOTCache="));
      }
    } finally {
      Files.setPosixFilePermissions(installed, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  @Test
  void whatWritesIsNeverRepeated() throws Exception {
    List<String> plain = List.of();
    run(plain, "put", "a/b", "1", "--note", "get");
    run(plain, "-s", "get", "del", "a/b");
    run(plain, "restore", "a/get", "log");
    assertEquals(new TreeSet<String>(), caches(installed));
    run(plain, "--quiet", "blame", "a/b");
    await().atMost(PATIENCE).until(() -> caches(installed).contains("kdelta-all-25.0.3+9.aot"));
    assertTrue(said().stream().noneMatch(line -> line.contains(" put ")));
  }

  /** Runs {@code kdelta rehearse} and answers its exit code and what it said. */
  private String rehearse(String next) throws Exception {
    Process process =
        new ProcessBuilder(
                "env",
                "HOME=" + home,
                "CALLS=" + calls,
                "NEXT=" + next,
                "KDELTA_JAVA_HOME=" + java,
                "PATH=/usr/bin:/bin",
                installed.resolve("kdelta").toString(),
                "rehearse")
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    return process.exitValue() + " " + said;
  }

  private Set<String> files() throws IOException {
    TreeSet<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.list(installed)) {
      files.map(file -> file.getFileName().toString()).forEach(names::add);
    }
    return names;
  }

  @Test
  void nodesStartWithWhatWasRehearsed() throws Exception {
    List<String> plain = List.of();
    Path cache = installed.resolve("kdelta-node-25.0.3+9.aot");
    assertFalse(run(plain, "start").contains("AOT"));
    assertTrue(rehearse("").startsWith("0 "));
    assertEquals(Set.of("kdelta", "kdelta.jar", cache.getFileName().toString()), files());
    assertEquals("half of noted\n", Files.readString(cache));
    for (String verb : List.of("start", "bench")) {
      assertTrue(run(plain, verb).contains("-XX:AOTCache=" + cache), verb);
      String own = run(List.of("env", "KDELTA_JAVA_OPTS=-Xmx1g"), verb);
      assertTrue(own.contains("-XX:AOTCache=" + cache), own);
      assertFalse(run(List.of("env", "KDELTA_AOT=off"), verb).contains("AOT"));
      String named = run(List.of("env", "KDELTA_JAVA_OPTS=-XX:AOTCache=mine"), verb);
      assertFalse(named.contains(cache.toString()), named);
    }
    assertFalse(run(plain, "put", "a/b", "1").contains("AOT"), "another verb, other flags");
    assertFalse(run(plain, "rehearse", "--help").contains("AOT"), "nothing is made of a help");
    version("25.0.4+1");
    assertFalse(run(plain, "start").contains("AOT"), "another Java");
  }

  @Test
  void nodesTakeNoneOfAnotherJar() throws Exception {
    List<String> plain = List.of();
    Path jar = installed.resolve("kdelta.jar");
    assertTrue(rehearse("").startsWith("0 "));
    for (long days : new long[] {-400, 0}) {
      Instant time = Instant.now().plus(Duration.ofDays(days));
      Files.setLastModifiedTime(jar, FileTime.from(time));
      assertFalse(run(plain, "start").contains("AOT"), "an older jar, then a newer one");
      assertTrue(rehearse("").startsWith("0 "));
      assertTrue(run(plain, "start").contains("AOTCache="));
    }
  }

  @Test
  void aCacheOfNodesIsWholeOrTheOneBefore() throws Exception {
    Path cache = installed.resolve("kdelta-node-25.0.3+9.aot");
    for (String before : List.of("", "half of noted\n")) {
      Set<String> files = files();
      assertTrue(rehearse("fails").startsWith("9 "));
      String broken = rehearse("breaks");
      assertTrue(broken.startsWith("1 ") && broken.contains("broken"), broken);
      assertTrue(rehearse("interrupted").startsWith("130 "));
      assertEquals(files, files(), "nothing is left");
      assertEquals(before, Files.exists(cache) ? Files.readString(cache) : "");
      assertTrue(rehearse("").startsWith("0 "));
      String meanwhile = Files.readString(Path.of(calls + ".meanwhile"));
      assertTrue(before.isEmpty() ? meanwhile.contains("No such file") : meanwhile.equals(before));
    }
  }

  @Test
  void whatAKilledRehearsalLeftIsRemoved() throws Exception {
    Process gone = new ProcessBuilder("true").start();
    assertTrue(gone.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    Path left = Files.createDirectory(installed.resolve("kdelta.rehearsal." + gone.pid()));
    Files.writeString(left.resolve("new"), "half");
    Path other =
        Files.createDirectory(
            installed.resolve("kdelta.rehearsal." + ProcessHandle.current().pid()));
    assertTrue(rehearse("").startsWith("0 "));
    assertFalse(Files.exists(left));
    assertTrue(Files.exists(other), "one that runs");
  }
}
