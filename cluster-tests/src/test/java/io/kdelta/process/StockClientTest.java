package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the contract is enough for a program of another ecosystem. Method: the stock gRPC client of
 * Node.js against a node in its own process, once with the .proto files and once with what the node
 * tells by reflection; what is asked and expected stands in src/test/js/stock-client.js. Skipped
 * where Node.js or the packages are missing: {@code npm ci} in that folder, which .ci/run does.
 */
final class StockClientTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root", ".."));
  private static final Path SCRIPTS = ROOT.resolve("cluster-tests/src/test/js");
  private static final Path PROTOS = ROOT.resolve("proto/src/main/protobuf");

  @TempDir private static Path folder;
  private static NodeProcess node;

  /** How a program ended and what it said. */
  private record Ended(int code, String said) {}

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(hasNodeJs(), "skipped: no Node.js 18 or newer on PATH");
    assumeTrue(
        Files.exists(SCRIPTS.resolve("node_modules/@grpc/grpc-js")),
        "skipped: run npm ci in " + SCRIPTS);
    node =
        new NodeProcess(
            "stock",
            folder.resolve("data"),
            folder.resolve("log"),
            NodeProcess.freePort(),
            List.of(),
            List.of());
    node.start();
    node.awaitReady();
  }

  @AfterAll
  static void stop() throws InterruptedException {
    if (node != null) assertEquals(0, node.terminate());
  }

  @Test
  void theProtosAreEnough() throws Exception {
    holds(run("stock-client.js", node.address(), "protos", PROTOS.toString()));
  }

  @Test
  void reflectionIsEnough() throws Exception {
    holds(run("stock-client.js", node.address(), "reflection"));
  }

  @Test
  void theExampleOfTheReadmeRuns() throws Exception {
    String said = holds(run("example.js", node.address()));
    assertTrue(said.endsWith("read {\"name\":\"Bo\"}\n"), said);
    String readme = Files.readString(ROOT.resolve("README.md"));
    String example = Files.readString(SCRIPTS.resolve("example.js"));
    String block =
        example.substring(example.indexOf("const grpc")).replace("__dirname + '/../../../../", "'");
    assertTrue(readme.contains("```js\n" + block + "```"), "the README shows\n" + block);
  }

  private static String holds(Ended ended) {
    assertEquals(0, ended.code, ended.said + node.said());
    return ended.said;
  }

  private static boolean hasNodeJs() throws InterruptedException {
    try {
      Process asked = new ProcessBuilder("node", "--version").start();
      String version = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return asked.waitFor() == 0 && Integer.parseInt(version.strip().split("[v.]", -1)[1]) >= 18;
    } catch (IOException none) {
      return false;
    }
  }

  private static Ended run(String script, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("node", script));
    command.addAll(List.of(arguments));
    Path said = Files.createTempFile(folder, "said", ".txt");
    Process program =
        Guard.start(
            new ProcessBuilder(command)
                .directory(SCRIPTS.toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile()));
    boolean ended = program.waitFor(120, TimeUnit.SECONDS);
    if (!ended) program.destroyForcibly();
    int code = Guard.awaitEnd(program);
    return new Ended(code, Files.readString(said, StandardCharsets.UTF_8));
  }
}
