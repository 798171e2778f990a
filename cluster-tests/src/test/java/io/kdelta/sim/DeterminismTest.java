package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonFactory;
import io.kdelta.core.Core;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageEngine;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: a seed is the whole story. Method: the same seeds in this JVM and in another one with a
 * different collector, compiler, heap, locale, zone and charset must give the same hashes of the
 * full event trace, of all disk images, and of all client histories. (Sets of the JDK, identity
 * hashes and the rest of what a JVM draws for itself differ between the two anyway.)
 */
final class DeterminismTest {
  private static final long FROM = 101;
  private static final long TO = 120;

  /** One class of each part that a simulated run needs. */
  private static final List<Class<?>> RUNS =
      List.of(SimMain.class, Core.class, StorageEngine.class, Digest.class, JsonFactory.class);

  @Test
  void twoJvmsTellTheSameStory() throws Exception {
    Process other = start();
    List<String> here = new ArrayList<>();
    for (long seed = FROM; seed <= TO; seed++) here.add(SimRun.of(seed).toString());
    List<String> there = new ArrayList<>();
    String all = new String(other.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    for (String line : all.lines().toList()) if (line.startsWith("Outcome")) there.add(line);
    assertEquals(String.join("\n", here), String.join("\n", there), all);
    assertEquals(0, other.waitFor(), all);
  }

  private static Process start() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g", "-ea"));
    command.addAll(
        List.of("-Duser.language=tr", "-Duser.country=TR", "-Duser.timezone=Asia/Tokyo"));
    command.addAll(List.of("-Dfile.encoding=ISO-8859-1", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", classPath(), "io.kdelta.sim.SimMain"));
    command.addAll(List.of("--seeds", Long.toString(FROM), Long.toString(TO)));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** Where the simulator and what it runs were loaded from, whoever started this JVM. */
  private static String classPath() {
    TreeSet<String> places = new TreeSet<>();
    for (Class<?> type : RUNS) {
      places.add(type.getProtectionDomain().getCodeSource().getLocation().getPath());
    }
    return String.join(File.pathSeparator, places);
  }
}
