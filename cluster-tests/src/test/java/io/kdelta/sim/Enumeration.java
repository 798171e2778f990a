package io.kdelta.sim;

import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Every place of {@link FixedStory} at which something can be made to happen, or in a short run
 * some of them, evenly spread; says which. {@code -Dkdelta.enumerate=all} takes every place, {@code
 * -Dkdelta.enumerate=COUNT} about so many.
 *
 * <p>A crash draws what it drops, keeps and tears from the seed, so neighbouring places are told
 * under different seeds.
 */
final class Enumeration {
  private static final int SHORT = 16;
  private static final int SEEDS = 5;

  /** The same for all enumerations of one JVM. */
  private static final Map<SimVfs.Fault, Long> COUNTED = new EnumMap<>(SimVfs.Fault.class);

  private final String name;
  private final long startedNanos = System.nanoTime();
  private long told;
  private long happened;

  Enumeration(String name) {
    this.name = name;
  }

  /** At how many calls such a fault can happen, as tellings in which nothing happens count them. */
  static long places(SimVfs.Fault fault) {
    if (COUNTED.isEmpty()) {
      for (int seed = 1; seed <= SEEDS; seed++) {
        FixedStory.tell("nothing happens", seed, (stage, victim) -> {}, Enumeration::count);
      }
    }
    return COUNTED.getOrDefault(fault, 0L);
  }

  private static void count(Stage stage) {
    for (SimVfs.Fault fault : SimVfs.Fault.values()) {
      COUNTED.merge(fault, disk(stage).callsThatCan(fault), Math::max);
    }
  }

  /** The places that this run takes, of so many. */
  List<Long> of(long places) {
    String wanted = System.getProperty("kdelta.enumerate", "");
    long count = wanted.isEmpty() ? SHORT : wanted.equals("all") ? places : Long.parseLong(wanted);
    long taken = Math.clamp(count, 1, Math.max(1, places));
    List<Long> chosen = new ArrayList<>();
    // The first calls of a life are the rarest in a run: evenly spread from 1 on.
    for (long i = 0; i < taken; i++) chosen.add(1 + i * places / taken);
    System.out.printf(
        Locale.ROOT,
        "%s: %d of %d places, %d left out%n",
        name,
        taken,
        places,
        Math.max(0, places - taken));
    return chosen;
  }

  /**
   * Tells the story with something happening at a place.
   *
   * @param faults how many have to happen on the disk for it to count
   */
  void tell(long place, int faults, FixedStory.Twist twist) {
    long seed = 1 + place % SEEDS;
    told++;
    FixedStory.tell(
        name + " at " + place,
        seed,
        twist,
        stage -> {
          if (disk(stage).faultsHappened() >= faults) happened++;
        });
  }

  /** How often something happened, at the end. */
  long done() {
    System.out.printf(
        Locale.ROOT,
        "%s: %d told, happened in %d, %.1f s%n",
        name,
        told,
        happened,
        (System.nanoTime() - startedNanos) / 1e9);
    return happened;
  }

  private static SimVfs disk(Stage stage) {
    return stage.world().nodes().get(FixedStory.VICTIM).disk();
  }
}
