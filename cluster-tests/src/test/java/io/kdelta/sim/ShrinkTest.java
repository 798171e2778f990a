package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: what is left of a failing run is what the failure needs. Method: with a planted bug
 * compiled in, the first seed that fails is cut down; the scenario that is left must be a small
 * part of it, break the same oracle when it is read back from its text, and break nothing in the
 * product as it is.
 */
final class ShrinkTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root"));

  /** Seed 5 breaks O7 on a disk that many actions together bring about: it is no example. */
  private static final long FROM = 6;

  private static final int RUNS_MAX = 250;
  private static final int ACTIONS_MAX = 36;

  @Test
  void aFailureIsCutDownToTheFewActionsThatItTakes(@TempDir Path folder) throws Exception {
    PlantedBug bug =
        PlantedBugs.ALL.stream().filter(planted -> planted.number() == 9).findFirst().orElseThrow();
    Class<?> planted = bug.plant(ROOT, folder).loadClass("io.kdelta.sim.SimMain");
    String caught =
        (String) planted.getMethod("firstFailure", long.class, long.class).invoke(null, FROM, 300L);
    assertFalse(caught.isEmpty());
    long seed = Long.parseLong(caught.split(" ", -1)[0]);
    String shrunk =
        (String) planted.getMethod("shrunk", long.class, int.class).invoke(null, seed, RUNS_MAX);
    List<String> counts = List.of(shrunk.lines().findFirst().orElse("").split(" ", -1));
    String text = shrunk.substring(shrunk.indexOf('\n') + 1);
    System.out.println("seed " + seed + " cut down: " + counts + "\n" + text);
    int before = Integer.parseInt(counts.get(0));
    int after = Integer.parseInt(counts.get(1));
    assertTrue(before >= 5 * after, before + " actions to begin with, " + after + " left");
    assertTrue(after <= ACTIONS_MAX, after + " actions left");
    String oracle = (String) planted.getMethod("brokenBy", String.class).invoke(null, text);
    assertEquals(counts.get(2), oracle, text);
    assertEquals("", SimMain.brokenBy(text), "the product as it is");
  }
}
