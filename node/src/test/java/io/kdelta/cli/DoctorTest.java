package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: doctor tells what is wrong and what to do, ends with 7 if something fails, and changes
 * nothing. Method: whole commands on good and bad directories, with and without a node.
 */
final class DoctorTest {
  private @TempDir Path folder;

  private record Result(int exitCode, TreeMap<String, JsonNode> checks, String all) {
    String state(String check) {
      JsonNode found = checks.get(check);
      return found == null ? "absent" : found.path("state").textValue();
    }

    String what(String check) {
      JsonNode found = checks.get(check);
      return found == null ? "absent" : found.path("what").textValue();
    }
  }

  private Result doctor(String server, String... more) throws IOException {
    TestConsole test = new TestConsole("", false);
    java.util.List<String> words =
        new java.util.ArrayList<>(java.util.List.of("-s", server, "-o", "json", "doctor"));
    words.addAll(java.util.List.of(more));
    int exitCode = Kdelta.run(test.console(), Map.of(), words);
    TreeMap<String, JsonNode> checks = new TreeMap<>();
    for (JsonNode check : new ObjectMapper().readTree(test.out()).path("checks")) {
      checks.put(check.path("check").textValue(), check);
    }
    return new Result(exitCode, checks, test.out() + test.err());
  }

  @Test
  void aNodeThatIsWell() throws IOException, CannotStart {
    Map<String, String> flags = Map.of("port", "0", "http", "127.0.0.1:0", "in-memory", "true");
    try (NodeServer node =
        NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {})) {
      Path data = folder.resolve("data");
      Result result = doctor(node.address().toString(), "--data", data.toString());
      assertEquals(ExitCode.DONE, result.exitCode(), result.all());
      for (String check : new String[] {"java", "grpc", "http", "version", "ready", "member"}) {
        assertEquals("ok", result.state(check), result.all());
      }
      assertTrue(result.what("member").contains("takes connections from here"), result.all());
      assertTrue(result.what("data").contains("the first kdelta start makes it"), result.all());
      assertFalse(Files.exists(data), "nothing is changed");
      // The console of the test is at a time of its own.
      assertEquals("warn", result.state("clock"), result.all());
      TestConsole table = new TestConsole("", true);
      assertEquals(
          ExitCode.DONE,
          Kdelta.run(
              table.console(),
              Map.of("NO_COLOR", "1"),
              java.util.List.of("doctor", "-s", node.address().toString())),
          table.out());
      assertTrue(table.out().contains("ok    grpc         " + node.address()), table.out());
    }
  }

  @Test
  void nobodyThereOrSomebodyElse() throws IOException {
    Result nobody = doctor("127.0.0.1:1", "--data", folder.toString());
    assertEquals(ExitCode.DIFFERENT, nobody.exitCode(), nobody.all());
    assertEquals("fail", nobody.state("grpc"));
    assertTrue(nobody.all().contains("kdelta start runs a node here"), nobody.all());
    assertEquals("ok", nobody.state("data"));
    try (ServerSocket silent = new ServerSocket(0, 9, InetAddress.getLoopbackAddress())) {
      Result other = doctor("127.0.0.1:" + silent.getLocalPort(), "--timeout", "1");
      assertEquals("fail", other.state("grpc"), other.all());
      assertTrue(other.what("grpc").startsWith("somebody answers at"), other.all());
    }
  }

  @Test
  void directoriesThatCannotBeUsed() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assertEquals("fail", doctor("127.0.0.1:1", "--data", file.toString()).state("data"));
    Path backup = Files.createDirectory(folder.resolve("backup"));
    Files.createFile(backup.resolve("BACKUP"));
    Result ofBackup = doctor("127.0.0.1:1", "--data", backup.toString());
    assertTrue(ofBackup.all().contains("kdelta admin restore " + backup), ofBackup.all());
    Path held = Files.createDirectory(folder.resolve("held"));
    try (FileChannel lock =
        FileChannel.open(
            held.resolve("LOCK"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      var _ = lock.lock();
      assertTrue(
          doctor("127.0.0.1:1", "--data", held.toString()).what("lock").startsWith("held by"));
    }
  }

  @Test
  void anAddressWithoutAPortTakesNoConnection() {
    assertFalse(ServerChecks.answers("nowhere"));
    assertFalse(ServerChecks.answers(""));
  }

  @Test
  void filesThatAreNoCertificates() throws IOException {
    Path noise = Files.writeString(folder.resolve("noise.pem"), "noise");
    Result result = doctor("127.0.0.1:1", "--tls-ca", folder.resolve("none").toString());
    assertEquals("fail", result.state("tls-ca"), result.all());
    result = doctor("127.0.0.1:1", "--tls-ca", noise.toString());
    assertEquals("fail", result.state("tls-ca"), result.all());
  }
}
