package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The fault atlas: which disk keeps a good copy of what. Before a fault destroys something on a
 * disk it is asked whether all other disks together would recover everything that this one would;
 * then the demand that nothing is lost is fair. What a fault takes away all the same is written
 * down, as far as it can have been the last copy: there only an honest report is demanded.
 *
 * <p>Invariant: what is in no {@link Loss} has a copy on a disk that was never struck after it was
 * last counted on, or on several.
 */
final class Atlas {
  /**
   * What a fault may have destroyed the last copy of.
   *
   * @param node whose disk
   * @param atNanos when
   * @param fault what was done to it
   * @param versions every version that this disk would have recovered, and no other, with its key
   */
  record Loss(int node, long atNanos, Action fault, SortedMap<Digest, String> versions) {
    Loss {
      versions = Collections.unmodifiableSortedMap(new TreeMap<>(versions));
    }
  }

  private final World world;
  private final DurabilityProbe asked;
  private final DurabilityProbe probe;
  private final List<Loss> losses = new ArrayList<>();

  /** The keys of the versions that somebody was shown. */
  private final TreeMap<Digest, String> paths = new TreeMap<>();

  Atlas(World world) {
    this.world = world;
    this.asked = new DurabilityProbe(world.chance("atlas asked"), world.setup().storage());
    this.probe = new DurabilityProbe(world.chance("atlas"), world.setup().storage());
  }

  /** Whether a node's disk may be lost as a whole and nobody misses anything. */
  boolean covers(SimNode victim) {
    return asked.coveredByOthers(victim, world.standing()) && !asked.victimParks();
  }

  /** A node is out of its cluster: whatever only its disk holds does not come back. */
  void leaves(SimNode node) {
    strikes(node, new Action.Lose(node.index()));
  }

  /** A fault is about to destroy something on the disk of that node. */
  void strikes(SimNode victim, Action fault) {
    SortedMap<Digest, String> lost = probe.onlyOn(victim, world.standing());
    if (!losses.isEmpty()) {
      // One blow of several: what the first of them hit can not be read any more.
      Loss last = losses.getLast();
      boolean same = last.node == victim.index() && last.atNanos == world.nowNanos();
      if (same) lost.putAll(last.versions);
    }
    if (lost.isEmpty()) return;
    losses.add(new Loss(victim.index(), world.nowNanos(), fault, lost));
    world
        .trace()
        .note(world.nowNanos(), victim.index(), "beyond the atlas: " + lost.size() + " versions");
  }

  /** What was struck without a copy elsewhere, in order. */
  List<Loss> losses() {
    return Collections.unmodifiableList(losses);
  }

  /** A version of that key was shown to somebody. */
  void shown(Digest id, String path) {
    paths.put(id, path);
  }

  /** Whether this version may be gone for good, by itself or with what it is built on. */
  boolean mayMiss(Digest id) {
    String path = paths.get(id);
    return path != null && mayMiss(path);
  }

  /** Whether versions of that key may be gone for good, as far as the disk that was hit told. */
  boolean mayMiss(String path) {
    return losses.stream().anyMatch(loss -> loss.versions.containsValue(path));
  }
}
