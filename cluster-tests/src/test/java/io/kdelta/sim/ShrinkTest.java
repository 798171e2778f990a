package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimTime;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
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

  /** Seeds 5 and 6 break it by what many actions together bring about: they are no example. */
  private static final long FROM = 7;

  private static final int RUNS_MAX = 250;
  private static final int ACTIONS_MAX = 36;
  private static final long YEAR_MICROS = 365L * 86_400_000_000L;

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

  /** It fails a minute after its clock was set, when nothing has been done for a long time. */
  private static final PlantedBug LATE =
      new PlantedBug(
          0,
          "whoever has a clock in next year fails when the second minute has begun",
          Set.of("LATE"),
          List.of(
              new PlantedBug.Patch(
                  "cluster-tests/src/main/java/io/kdelta/sim/SimNode.java",
                  "    List<Event> first = waiting.subList(",
                  "    if (simulator.nowNanos() > 60_000_000_000L && time.epochMicros() > "
                      + (SimTime.EPOCH_MICROS_START + YEAR_MICROS)
                      + "L) throw new OracleFailure(\"LATE\", \"too late\");\n"
                      + "    List<Event> first = waiting.subList(")));

  private static final String STORY =
      """
      seed 11
      nodes 3
      at 1s start all
      at 2s cut node-0 to node-2
      at 3s put node-0 t/a '{"a":"much more than is needed"}'
      at 4s clock node-1 offset=31536000s
      at 5s powerloss node-2
      at 6s start node-2
      at 7s heal all
      at 8s put node-1 t/b '1'
      at 90s end
      """;

  @Test
  void aFailureAfterTheLastActionIsCutDownToo(@TempDir Path folder) throws Exception {
    Class<?> planted = LATE.plant(ROOT, folder).loadClass("io.kdelta.sim.SimMain");
    String shrunk =
        (String) planted.getMethod("shrunk", String.class, int.class).invoke(null, STORY, RUNS_MAX);
    String text = shrunk.substring(shrunk.indexOf('\n') + 1);
    List<String> steps = text.lines().filter(line -> line.startsWith("at ")).toList();
    assertEquals(3, steps.size(), text);
    assertTrue(steps.get(0).endsWith(" start node-1"), text);
    assertTrue(steps.get(1).endsWith(" clock node-1 offset=31536000s"), text);
    assertTrue(steps.get(2).endsWith(" end"), text);
    assertEquals("LATE", planted.getMethod("brokenBy", String.class).invoke(null, text), text);
    String cut = text.substring(0, text.indexOf(steps.get(2)));
    assertEquals("", planted.getMethod("brokenBy", String.class).invoke(null, cut), cut);
    assertEquals("", SimMain.brokenBy(text), "the product as it is");
  }
}
