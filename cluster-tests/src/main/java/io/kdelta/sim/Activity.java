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
 */
record Activity(
    long delivered,
    long itemsLost,
    Map<String, Long> faults,
    Map<String, Long> looks,
    Map<Place, Long> places) {
  Activity {
    faults = Collections.unmodifiableMap(new TreeMap<>(faults));
    looks = Collections.unmodifiableMap(new TreeMap<>(looks));
    places = Collections.unmodifiableMap(new TreeMap<>(places));
  }

  /** Of a world whose run is over, with the faults that struck it. */
  static Activity of(World world, Map<String, Long> faults) {
    TreeMap<String, Long> looks = new TreeMap<>();
    Map<Place, Long> places = new TreeMap<>();
    for (Oracle oracle : world.oracles()) {
      looks.put(oracle.getClass().getSimpleName(), oracle.looks());
      if (oracle instanceof Sightings sightings) places = sightings.reached();
    }
    long itemsLost = 0;
    for (SimNode node : world.nodes()) itemsLost += node.disk().itemsLost();
    return new Activity(world.network().delivered(), itemsLost, faults, looks, places);
  }

  /** In a word: the rest is for batches. */
  @Override
  public String toString() {
    return places.size() + " places";
  }
}
