package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Goal: the stories of promises.md come true, and no past failure comes back. Method: every
 * scenario of the resource folders {@code scenarios} and {@code corpus} is run; {@code
 * -Dkdelta.scenario=corpus/seed-8123} runs that one alone.
 */
final class ScenarioTest {
  private static final Corpus CORPUS = new Corpus(Path.of(System.getProperty("kdelta.root")));

  /** Every promise that a simulated cluster can keep has a story of its own. */
  private static final List<String> PROMISES =
      List.of(
          "DUR-LOCAL",
          "DUR-K",
          "ACK-TRUTH",
          "FENCE",
          "NOHOLE",
          "AMNESIA",
          "CONV",
          "LIVE",
          "AVAIL",
          "CAUSAL",
          "BRANCH",
          "TOMB",
          "DETECT",
          "REPAIR",
          "DISK");

  static List<String> names() {
    String one = System.getProperty("kdelta.scenario", "");
    return one.isEmpty() ? CORPUS.names() : List.of(one);
  }

  @ParameterizedTest
  @MethodSource("names")
  void comesTrue(String name) {
    SimRun.play(CORPUS.read(name));
  }

  @Test
  void everyPromiseHasAStory() {
    TreeSet<String> told = new TreeSet<>();
    for (String name : CORPUS.names()) {
      if (!name.startsWith("scenarios/")) continue;
      Script script = CORPUS.read(name);
      assertFalse(script.prose().isEmpty(), name + " begins with what it is about");
      String ids = script.prose().getFirst().split("\\.", 2)[0];
      told.addAll(List.of(ids.split(", ", -1)));
    }
    assertTrue(told.containsAll(PROMISES), told + " of " + PROMISES);
  }
}
