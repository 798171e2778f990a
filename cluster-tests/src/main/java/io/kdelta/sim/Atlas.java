package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

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
   * What a fault has destroyed the last copy of.
   *
   * @param node whose disk
   * @param starts how many processes the node had had: the same for all that strikes it before it
   *     comes up again
   * @param atNanos when
   * @param fault what was done to it
   * @param files the one that was struck, those that a start sets aside for it, and those in which
   *     the rows of these versions lay when it was
   * @param keys of these versions
   * @param versions every version that this disk would have recovered, and no other, and that it
   *     does not any more, with its key
   * @param unproven whether nothing that is left proves that it was ever there: it was the end of a
   *     log, which to whoever reads that is a tear, or was never written; or nothing of the store
   *     is left at all, and who starts there begins a new one, as on the empty disk that it is
   */
  record Loss(
      int node,
      int starts,
      long atNanos,
      Action fault,
      SortedSet<String> files,
      SortedSet<String> keys,
      SortedMap<Digest, String> versions,
      boolean unproven) {
    Loss {
      keys = Collections.unmodifiableSortedSet(new TreeSet<>(keys));
      files = Collections.unmodifiableSortedSet(new TreeSet<>(files));
      versions = Collections.unmodifiableSortedMap(new TreeMap<>(versions));
    }

    private Loss inDoubt() {
      return new Loss(node, starts, atNanos, fault, files, keys, versions, true);
    }
  }

  private final World world;
  private final DurabilityProbe asked;
  private final DurabilityProbe probe;
  private final List<Loss> losses = new ArrayList<>();

  /** Of the fault that is under way: what only its victim holds, and what a start makes of that. */
  private SortedMap<Digest, String> only = new TreeMap<>();

  private DurabilityProbe.Start before = DurabilityProbe.Start.REFUSED;

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
    SortedMap<Digest, String> taken = probe.onlyOn(node, world.standing());
    lost(
        node,
        new Action.Lose(node.index()),
        new TreeSet<>(),
        new TreeSet<>(taken.values()),
        taken,
        false);
  }

  /** A fault is about to destroy something on the disk of that node: {@link #struck} follows. */
  void strikes(SimNode victim) {
    before = probe.started(victim);
    only = new TreeMap<>(before.versions());
    probe.leaveOnlyOn(victim, world.standing(), only);
  }

  /** It has. */
  void struck(SimNode victim, Action.OnDisk fault) {
    boolean blank = isBlank(victim);
    if (blank || !fault.rots()) {
      losses.replaceAll(loss -> isUntold(loss, victim) ? loss.inDoubt() : loss);
    }
    if (only.isEmpty()) return;
    DurabilityProbe.Start after = probe.started(victim);
    boolean end = !(fault instanceof Action.Flip);
    if (end) losses.replaceAll(loss -> isHit(loss, victim, fault, after) ? loss.inDoubt() : loss);
    only.keySet().removeAll(after.versions().keySet());
    TreeSet<String> keys = new TreeSet<>(only.values());
    TreeSet<String> files = new TreeSet<>(after.setAside());
    files.removeAll(before.setAside());
    // What is whole of a table stays: a second blow takes more of one that is set aside already.
    if (files.isEmpty()) files.addAll(after.setAside());
    files.add(fault.file());
    // A second blow may take the rows where they lie, before a start has moved them as the probe
    // did.
    if (!only.isEmpty()) files.addAll(homes(victim));
    lost(victim, fault, files, keys, only, blank || isUnproven(fault, after));
  }

  /** Whether that node has not come up since: what it had to tell lay on its disk alone. */
  private static boolean isUntold(Loss loss, SimNode victim) {
    return loss.node == victim.index() && loss.starts == victim.starts();
  }

  /**
   * Whether several blows have left a disk on which no store is to be seen: nothing but what a very
   * first start leaves too that comes to nothing, which is the lock, the draft of CURRENT, and a
   * manifest that can not be read. From one that can be read a start knows what is missing, and
   * whatever was written later than these is refused.
   */
  private boolean isBlank(SimNode victim) {
    for (String file : victim.disk().files()) {
      if (!file.equals("LOCK") && !file.equals("CURRENT.next") && !file.endsWith(".manifest")) {
        return false;
      }
    }
    DurabilityProbe.Start start = probe.started(victim);
    return !start.equals(DurabilityProbe.Start.REFUSED) && start.setAside().isEmpty();
  }

  private SortedSet<String> homes(SimNode victim) {
    SortedSet<String> homes = probe.homes(victim, only.keySet());
    homes.removeAll(before.setAside());
    return homes;
  }

  /** Whether the same blow has taken away what proved that an earlier loss was one. */
  private static boolean isHit(
      Loss loss, SimNode victim, Action.OnDisk fault, DurabilityProbe.Start after) {
    return isUntold(loss, victim)
        && loss.fault instanceof Action.OnDisk earlier
        && earlier.file().equals(fault.file())
        && fault.file().endsWith(".log")
        && !after.equals(DurabilityProbe.Start.REFUSED)
        && !after.setAside().contains(fault.file());
  }

  /**
   * A flipped byte leaves the marks that stand behind it; what takes away the end of a log takes
   * the marks with it.
   */
  private boolean isUnproven(Action.OnDisk fault, DurabilityProbe.Start after) {
    boolean end = !(fault instanceof Action.Flip) || after.lastLsn() >= before.durableMark();
    boolean silent = !after.equals(DurabilityProbe.Start.REFUSED);
    return fault.file().endsWith(".log")
        && end
        && silent
        && !after.setAside().contains(fault.file());
  }

  private void lost(
      SimNode node,
      Action fault,
      SortedSet<String> files,
      SortedSet<String> keys,
      SortedMap<Digest, String> versions,
      boolean unproven) {
    if (versions.isEmpty()) return;
    long now = world.nowNanos();
    losses.add(new Loss(node.index(), node.starts(), now, fault, files, keys, versions, unproven));
    world.trace().note(now, node.index(), "beyond the atlas: " + versions.size() + " versions");
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

  /** Whether versions of that key may be gone for good. */
  boolean mayMiss(String path) {
    return losses.stream().anyMatch(loss -> loss.keys.contains(path));
  }
}
