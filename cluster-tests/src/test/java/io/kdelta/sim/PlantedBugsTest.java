package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the simulator's oracles can fail. Method: each of {@link PlantedBugs} is compiled beside
 * the product, and simulated clusters made of it run until one fails: first the seed that is known
 * to catch it ({@link KnownSeeds}), unless {@code -Dkdelta.seeds} says how many a batch has, then
 * from seed 1 on. Bugs of the sessions run in the fuzzing of two peers. Bugs of the simulator
 * itself are held to its guards, which the simulator as it is must pass. As many run at once as
 * there are processors; what caught each is printed at the end and kept in target/simulation.
 */
final class PlantedBugsTest {
  private static final long SEEDS_MAX = 300;

  /** So many runs are enough for the guards. */
  private static final long SEEDS_GUARDED = 3;

  private static final long SEEDS_OF_A_LIAR = 6;
  private static final long SEEDS_OF_A_LENDER = 30;

  private static final Path ROOT = Path.of(System.getProperty("kdelta.root"));
  private static final List<Case> CASES = new ArrayList<>();
  private static @TempDir Path folder;
  private static KnownSeeds known;
  private static ExecutorService workers;

  /** One bug on its way to be caught. */
  private record Case(PlantedBug bug, Future<Caught> caught) {}

  /**
   * What caught it.
   *
   * @param seed and what failed there; empty if nothing did
   * @param seconds without the time to compile
   */
  private record Caught(String seed, String oracle, double seconds) {
    static Caught of(String told, long began) {
      int space = told.indexOf(' ');
      return new Caught(
          space < 0 ? "" : told.substring(0, space),
          told.substring(space + 1),
          (System.nanoTime() - began) / 1e9);
    }

    boolean by(PlantedBug bug) {
      return !seed.isEmpty() && bug.oracles().contains(oracle);
    }
  }

  @BeforeAll
  static void plantAll() {
    known = fromOneOn() ? KnownSeeds.none() : KnownSeeds.read();
    workers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    for (PlantedBug bug : PlantedBugs.ALL) {
      submit(bug, "io.kdelta.sim.SimMain", "firstFailure", SEEDS_MAX);
    }
    for (PlantedBug bug : PlantedBugs.OF_SESSIONS) {
      submit(bug, "io.kdelta.reconciliation.SessionFuzz", "firstFailure", SEEDS_MAX);
    }
    for (PlantedBug bug : PlantedBugs.OF_THE_SIMULATOR) {
      submit(bug, "io.kdelta.sim.SimMain", "firstFlaw", SEEDS_GUARDED);
    }
  }

  private static boolean fromOneOn() {
    return !System.getProperty("kdelta.seeds", "").isEmpty();
  }

  private static void submit(PlantedBug bug, String type, String method, long seeds) {
    Path of = folder.resolve("bug-" + CASES.size());
    Callable<Caught> work =
        () -> {
          Method runs =
              bug.plant(ROOT, of).loadClass(type).getMethod(method, long.class, long.class);
          long began = System.nanoTime();
          OptionalLong seed = known.of(bug);
          if (seed.isPresent() && seed.getAsLong() <= seeds) {
            long one = seed.getAsLong();
            Caught caught = Caught.of((String) runs.invoke(null, one, one), began);
            if (caught.by(bug)) return caught;
          }
          return Caught.of((String) runs.invoke(null, 1L, seeds), began);
        };
    CASES.add(new Case(bug, workers.submit(work)));
  }

  @AfterAll
  static void printTable() throws Exception {
    KnownSeeds found = KnownSeeds.none();
    StringBuilder table = new StringBuilder("planted bugs: number, seed that caught it, oracle\n");
    for (Case one : CASES) {
      if (!one.caught.isDone()) continue;
      Caught caught = one.caught.get();
      if (caught.by(one.bug) && PlantedBugs.ALL.contains(one.bug)) {
        found.add(one.bug, Long.parseLong(caught.seed));
      }
      table.append(
          String.format(
              Locale.ROOT,
              "  %2d  %4s  %-11s %5.1f s  %s%n",
              one.bug.number(),
              caught.seed,
              caught.oracle,
              caught.seconds,
              one.bug.name()));
    }
    Reports.keep("planted-bugs", table.toString());
    if (fromOneOn()) Reports.keep("planted-bugs-seeds", found.format());
    workers.shutdownNow();
    CASES.clear();
  }

  @TestFactory
  Stream<DynamicTest> isCaughtByTheOracleThatNamesIt() {
    return List.copyOf(CASES).stream()
        .map(one ->
            DynamicTest.dynamicTest(
                one.bug.number() + " " + one.bug.name(), () -> judge(one.bug, one.caught.get())));
  }

  private static void judge(PlantedBug bug, Caught caught) {
    String what = "planted bug " + bug.number() + " (" + bug.name() + ")";
    assertFalse(caught.seed.isEmpty(), what + " is never caught");
    assertTrue(caught.by(bug), what + " is caught by " + caught);
  }

  @Test
  void theSimulatorAsItIsPassesItsGuards() {
    assertEquals("", SimMain.firstFlaw(1, SEEDS_GUARDED));
  }

  @Test
  void aLiarAloneBreaksNothing() throws Exception {
    assertEquals("", firstFailure(PlantedBugs.LIAR, "liar", SEEDS_OF_A_LIAR));
  }

  @Test
  void aBadLenderAloneBreaksNothing() throws Exception {
    assertEquals("", firstFailure(PlantedBugs.A_BAD_LENDER, "lender", SEEDS_OF_A_LENDER));
  }

  @Test
  void anEmptyAnswerIsCaughtByItsStory() throws Exception {
    PlantedBug bug = PlantedBugs.AN_EMPTY_ANSWER;
    String story =
        Files.readString(
            ROOT.resolve("cluster-tests/src/test/resources/scenarios")
                .resolve("an-empty-node-is-read-while-it-joins.scenario"));
    assertEquals("", SimMain.broken(story));
    Object broken =
        bug.plant(ROOT, folder.resolve("empty-answer"))
            .loadClass("io.kdelta.sim.SimMain")
            .getMethod("broken", String.class)
            .invoke(null, story);
    assertEquals(bug.oracles(), Set.of(broken));
  }

  private static Object firstFailure(PlantedBug bug, String name, long seeds) throws Exception {
    return bug.plant(ROOT, folder.resolve(name))
        .loadClass("io.kdelta.sim.SimMain")
        .getMethod("firstFailure", long.class, long.class)
        .invoke(null, 1L, seeds);
  }

  /**
   * What is packaged is the code of the sources as they are, and of none of the planted ones: both
   * are compiled here and compared with the classes on the class path, instruction by instruction.
   */
  @Test
  void thePackagedProductHasNoneOfThem() throws Exception {
    int differ = 0;
    for (int i = 0; i < PlantedBugs.ALL.size(); i++) {
      PlantedBug bug = PlantedBugs.ALL.get(i);
      Path planted = folder.resolve("planted-" + i);
      bug.plant(ROOT, planted);
      PlantedBug none = bug.withoutChange();
      Path clean = folder.resolve("clean-" + i);
      none.plant(ROOT, clean);
      assertEquals(List.of(), Bytecode.differing(clean.resolve("classes")), bug.name());
      assertFalse(Bytecode.differing(planted.resolve("classes")).isEmpty(), bug.name());
      differ++;
    }
    assertEquals(PlantedBugs.ALL.size(), differ);
    for (String module : List.of("reconciliation", "storage", "node")) {
      try (Stream<Path> sources = Files.walk(ROOT.resolve(module).resolve("src/main"))) {
        assertTrue(sources.noneMatch(path -> path.toString().contains("Planted")), module);
      }
    }
  }
}
