package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: a seed is the whole story. Method: the same seeds in two JVMs with different collectors and
 * compilers must give the same hash of everything that happened.
 */
final class DeterminismTest {
  private static final List<String> SEEDS = List.of("--seeds", "101", "104");

  @Test
  void twoJvmsTellTheSameStory() throws Exception {
    Process first = run("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
    Process second = run("-XX:+UseParallelGC", "-XX:-TieredCompilation");
    String story = output(first);
    assertEquals(story, output(second));
    assertTrue(story.contains("trace="), story);
    assertEquals(0, first.waitFor(), story);
    assertEquals(0, second.waitFor());
  }

  private static Process run(String... options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-ea", "-Xmx1g", "--enable-native-access=ALL-UNNAMED", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add("io.kdelta.sim.SimMain");
    command.addAll(SEEDS);
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static String output(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
