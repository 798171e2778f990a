package io.kdelta.sim;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How much went on in a run: what {@link Guards} hold a batch of runs to, since a simulator that
 * does nothing finds nothing.
 *
 * @param delivered messages that arrived
 * @param itemsLost pending changes that disks lost
 * @param faults how many of each kind struck
 * @param looks how often each oracle looked, by its name
 * @param places how often each place was reached
 * @param sessions what came of requests that carried a token
 */
record Activity(
    long delivered,
    long itemsLost,
    Map<String, Long> faults,
    Map<String, Long> looks,
    Map<Place, Long> places,
    Map<String, Long> sessions) {
  Activity {
    faults = Collections.unmodifiableMap(new TreeMap<>(faults));
    looks = Collections.unmodifiableMap(new TreeMap<>(looks));
    places = Collections.unmodifiableMap(new TreeMap<>(places));
    sessions = Collections.unmodifiableMap(new TreeMap<>(sessions));
  }

  /** Of a world whose run is over, with the faults that struck it. */
  static Activity of(World world, Map<String, Long> faults) {
    TreeMap<String, Long> looks = new TreeMap<>();
    Map<Place, Long> places = new TreeMap<>();
    Map<String, Long> sessions = new TreeMap<>();
    for (Oracle oracle : world.oracles()) {
      looks.put(oracle.getClass().getSimpleName(), oracle.looks());
      if (oracle instanceof Sightings sightings) places = sightings.reached();
      if (oracle instanceof SessionOracle session) sessions = session.counts();
    }
    long itemsLost = 0;
    for (SimNode node : world.nodes()) itemsLost += node.disk().itemsLost();
    return new Activity(world.network().delivered(), itemsLost, faults, looks, places, sessions);
  }

  /** In a word: the rest is for batches. */
  @Override
  public String toString() {
    return places.size() + " places";
  }
}
