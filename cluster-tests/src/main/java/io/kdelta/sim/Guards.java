package io.kdelta.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/**
 * What a batch of runs that kept every promise must have done to mean anything: messages arrived,
 * disks lost what was not synced, faults struck, every oracle looked, clients made conflicts, every
 * {@link Place} was reached. One thread.
 */
public final class Guards {
  /** Fewer seeds than this need not end with a conflict. */
  private static final int SEEDS_FOR_A_CONFLICT = 150;

  /** How many kinds of oracles watch a run. */
  private static final int ORACLES = 10;

  private final TreeMap<String, Long> kinds = new TreeMap<>();
  private final TreeMap<String, Long> looks = new TreeMap<>();
  private final TreeMap<Place, Long> places = new TreeMap<>();
  private final TreeMap<String, Long> sessions = new TreeMap<>();
  private long runs;
  private long runsOfSeveral;
  private long delivered;
  private long itemsLost;
  private long faults;
  private long acknowledged;
  private long conflicts;

  /** Takes one run. */
  public void add(SimRun.Outcome outcome) {
    runs++;
    if (outcome.nodes() > 1) runsOfSeveral++;
    delivered += outcome.activity().delivered();
    itemsLost += outcome.activity().itemsLost();
    faults += outcome.faults();
    acknowledged += outcome.acknowledged();
    conflicts += outcome.conflicts();
    outcome.activity().faults().forEach((kind, count) -> kinds.merge(kind, count, Long::sum));
    outcome.activity().looks().forEach((oracle, count) -> looks.merge(oracle, count, Long::sum));
    outcome.activity().places().forEach((place, count) -> places.merge(place, count, Long::sum));
    outcome.activity().sessions().forEach((what, count) -> sessions.merge(what, count, Long::sum));
  }

  /** What the batch did not do; empty when it may be believed. */
  public List<String> flaws() {
    List<String> flaws = new ArrayList<>();
    if (delivered < 100 * runsOfSeveral) flaws.add("the network delivered " + delivered);
    if (itemsLost < runs) flaws.add("disks lost " + itemsLost + " pending changes");
    if (faults < runs) flaws.add(faults + " faults struck");
    if (acknowledged < 25 * runs) flaws.add(acknowledged + " writes were acknowledged");
    if (looks.size() < ORACLES) flaws.add("only these oracles looked: " + looks.keySet());
    looks.forEach((oracle, count) -> {
      if (count == 0) flaws.add(oracle + " never looked");
    });
    if (runs >= SEEDS_FOR_A_CONFLICT && conflicts == 0) flaws.add("no run ended with a conflict");
    for (Place place : Place.values()) {
      boolean due = runs >= place.seeds() && !places.containsKey(place);
      if (due) flaws.add("never reached: " + place.label());
    }
    return flaws;
  }

  /**
   * Faults by kind, looks by oracle, requests with a token by what came of them, and every place
   * with its count, for people.
   */
  public String table() {
    StringBuilder table = new StringBuilder("faults in " + runs + " runs:\n");
    kinds.forEach((kind, count) -> table.append(line(kind, count)));
    table.append("looks of the oracles:\n");
    looks.forEach((oracle, count) -> table.append(line(oracle, count)));
    table.append("requests with a token:\n");
    sessions.forEach((what, count) -> table.append(line(what, count)));
    table.append("places reached:\n");
    for (Place place : Place.values()) {
      table.append(line(place.label(), places.getOrDefault(place, 0L)));
    }
    return table.toString();
  }

  private static String line(String what, long count) {
    return String.format(Locale.ROOT, "  %-40s %d%n", what, count);
  }
}
