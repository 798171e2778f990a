package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Goal: the simulator's oracles can fail. Method: each of {@link PlantedBugs} is compiled beside
 * the product, and simulated clusters made of it run from seed 1 on until one fails: by an oracle
 * that the bug names, within {@link #SEEDS_MAX} seeds. The same seeds pass without the bug ({@link
 * SimulationTest}).
 */
final class PlantedBugsTest {
  private static final long SEEDS_MAX = 300;
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root"));

  static List<PlantedBug> bugs() {
    return PlantedBugs.ALL;
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void isCaughtByTheOracleThatNamesIt(PlantedBug bug, @TempDir Path folder) throws Exception {
    ClassLoader planted = bug.plant(ROOT, folder);
    String caught =
        (String)
            planted
                .loadClass("io.kdelta.sim.SimMain")
                .getMethod("firstFailure", long.class, long.class)
                .invoke(null, 1L, SEEDS_MAX);
    String what = "planted bug " + bug.number() + " (" + bug.name() + ")";
    assertFalse(caught.isEmpty(), what + " passes " + SEEDS_MAX + " seeds");
    String oracle = caught.substring(caught.indexOf(' ') + 1);
    System.out.println(what + ": seed and oracle " + caught);
    assertTrue(
        bug.oracles().contains(oracle),
        what + " is caught by " + caught + ", not " + bug.oracles());
  }

  @Test
  void theProductHasNoSwitchForThem() throws IOException {
    for (String module : List.of("reconciliation", "storage", "node")) {
      try (Stream<Path> sources = Files.walk(ROOT.resolve(module).resolve("src/main"))) {
        for (Path source : sources.filter(Files::isRegularFile).toList()) {
          assertFalse(source.getFileName().toString().contains("Planted"), source.toString());
          if (!source.toString().endsWith(".java")) continue;
          String text = Files.readString(source);
          for (PlantedBug bug : PlantedBugs.ALL) {
            for (PlantedBug.Patch patch : bug.patches()) {
              boolean planted = !patch.after().isEmpty() && text.contains(patch.after());
              assertFalse(
                  planted && !patch.before().contains(patch.after()), bug + " in " + source);
            }
          }
        }
      }
    }
  }
}
