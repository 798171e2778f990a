package io.kdelta.client;

import static io.kdelta.proto.v1.WatchRequest.From.START;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: the Java of the README works. Method: the same lines, run here against a node, and every
 * line of the README looked for in this file.
 */
final class ReadmeTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root", ".."));
  private static final String FENCE = "```java\n";

  @Test
  void theExampleRuns() throws Exception {
    Map<String, String> flags =
        Map.of("name", "first", "port", "0", "http", "none", "in-memory", "true");
    try (NodeServer node =
        NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {})) {
      TreeSet<String> seen = new TreeSet<>();
      assertEquals("{\"name\":\"Bo\"}", example(List.of(node.address().toString()), seen));
      assertEquals("[bo]", seen.toString());
    }
  }

  @SuppressWarnings("CheckReturnValue") // As a reader of the README would write it.
  private static String example(List<String> servers, Set<String> seen) throws Exception {
    try (KdeltaClient client = KdeltaClient.connect(ClientSettings.of(servers))) {
      client.put("users", "bo", "{\"name\":\"Bo\"}");
      String bo = client.get("users", "bo");
      WatchRequest users = WatchRequest.newBuilder().setNamespace("users").setFrom(START).build();
      try (ChangeFeed changes = client.watch(users)) {
        for (Version version : changes.next().getVersionsList()) seen.add(version.getKey());
      }
      return bo;
    }
  }

  @Test
  void theReadmeSaysTheSame() throws Exception {
    String readme = Files.readString(ROOT.resolve("README.md"));
    int begin = readme.indexOf(FENCE) + FENCE.length();
    assertTrue(begin >= FENCE.length(), "an example in Java");
    String block = readme.substring(begin, readme.indexOf("```", begin));
    List<String> source =
        Files.readAllLines(ROOT.resolve("node/src/test/java/io/kdelta/client/ReadmeTest.java"));
    List<String> here = source.stream().map(String::strip).toList();
    List<String> lines = new ArrayList<>(block.lines().map(String::strip).toList());
    // Which servers there are is another matter here.
    assertTrue(lines.removeFirst().startsWith("List<String> servers = List.of("), block);
    for (String line : lines) assertTrue(here.contains(line), line);
  }
}
