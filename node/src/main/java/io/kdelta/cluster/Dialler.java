package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Dials the seeds and the addresses of every member that is not linked, for ever: that is how the
 * halves of a cut meet again by themselves. Owned by the core thread.
 *
 * <p>What is dialled may turn out to be a name of several addresses, as that of a headless service:
 * then each of these is dialled for itself, and the name again, to hear which they are by then.
 *
 * <p>Invariant: at most one attempt or open link per address; pauses double from {@code dialMin} to
 * at most {@code dialMax} (never above it, jitter included).
 */
final class Dialler {
  private static final int DOUBLINGS_MAX = 16;
  private static final int SEEDS_MAX = 256;

  /** Addresses of one name that are dialled. */
  private static final int ADDRESSES_MAX = 256;

  /** A name all of whose addresses are reached is asked for so much less often. */
  private static final int REACHED_PAUSES = 6;

  private final ClusterConfig.Pace pace;
  private final Entropy entropy;
  private final Outbox outbox;
  private final Map<String, Target> targets = new TreeMap<>();

  /** The addresses of members. */
  private TreeMap<String, NodeId> homes = new TreeMap<>();

  /** One address. */
  private static final class Target {
    boolean seed;
    boolean self;
    boolean busy;
    int failures;
    long dueAt;

    /** What came of the last attempt asks for so long a pause, whoever is missed. */
    long notBefore = Long.MIN_VALUE;

    long openedAt;
    long giveUpAt;

    /** A name that was left in peace for a while, as all of its addresses were reached. */
    boolean rested;

    /** Who answered there last, or whose address a card says it is. */
    @Nullable NodeId owner;

    /** Where the owner could be dialled, by its own word, when it answered there. */
    List<String> home = List.of();

    /** The addresses that it is a name of, as last heard; empty for an address. */
    List<String> named = List.of();

    /** Its owner is at home elsewhere now: somebody else may answer here. */
    void movedTo(List<String> addresses) {
      if ((seed || !home.isEmpty()) && !addresses.equals(home)) owner = null;
    }
  }

  Dialler(ClusterConfig config, Entropy entropy, Outbox outbox) {
    this.pace = config.pace();
    this.entropy = entropy;
    this.outbox = outbox;
  }

  /** Dials that address from now on, whoever answers there. */
  void seed(String address, long now) {
    long seeds = targets.values().stream().filter(target -> target.seed).count();
    Target target = targets.get(address);
    if (target == null && seeds >= SEEDS_MAX) return;
    if (target == null) target = add(address, now);
    target.seed = true;
  }

  /** Whether every seed turned out to be this node. */
  boolean alone() {
    return targets.values().stream().allMatch(target -> !target.seed || isSelf(target));
  }

  /** Whether it leads to this node, by all of its addresses if it is a name. */
  private boolean isSelf(Target target) {
    if (target.named.isEmpty()) return target.self;
    for (String address : target.named) {
      Target one = targets.get(address);
      if (one == null || !one.self) return false;
    }
    return true;
  }

  /** These are the members to reach now and their addresses; others than seeds are dropped. */
  void members(List<Member.Card> wanted, long now) {
    homes = new TreeMap<>();
    for (Member.Card card : wanted) {
      for (String address : card.addresses()) homes.putIfAbsent(address, card.node());
      for (Map.Entry<String, Target> entry : targets.entrySet()) {
        Target target = entry.getValue();
        boolean meant = !target.seed && card.addresses().contains(entry.getKey());
        if (!meant && card.node().equals(target.owner)) target.movedTo(card.addresses());
      }
    }
    prune();
    homes.forEach((address, node) -> {
      Target target = targets.get(address);
      if (target == null) target = add(address, now);
      if (!target.seed) target.owner = node;
    });
  }

  /**
   * That is a name, of these addresses now: they are dialled, and the name again after a while.
   * None is dropped because a name is not known any more, only because it means others.
   */
  void resolved(String name, List<String> addresses, long now) {
    Target target = targets.get(name);
    if (target == null || !target.busy) return;
    if (addresses.isEmpty()) {
      failed(target, now);
      return;
    }
    target.busy = false;
    target.failures = 0;
    target.dueAt = now + jittered(pace.dialMax());
    List<String> named = new ArrayList<>();
    for (String address : addresses) {
      boolean fits = named.size() < ADDRESSES_MAX && !named.contains(address);
      if (fits && !address.equals(name)) named.add(address);
    }
    target.named = named;
    for (String address : named) {
      Target one = targets.get(address);
      if (one == null) one = add(address, now);
      if (one.owner == null && !target.seed) one.owner = target.owner;
    }
    prune();
  }

  /** Drops what nobody means any more. */
  private void prune() {
    TreeSet<String> meant = new TreeSet<>(homes.keySet());
    targets.forEach((address, target) -> {
      if (target.seed || homes.containsKey(address)) meant.addAll(target.named);
    });
    targets
        .entrySet()
        .removeIf(entry ->
            !entry.getValue().seed && !entry.getValue().busy && !meant.contains(entry.getKey()));
  }

  /** Dials what is due. {@code reached}: nodes that need no dialling. */
  void tick(Predicate<NodeId> reached, long now) {
    List<String> due = new ArrayList<>();
    for (Map.Entry<String, Target> entry : targets.entrySet()) {
      Target target = entry.getValue();
      if (target.busy && now >= target.giveUpAt) failed(target, now);
      if (target.self || target.busy || now < target.dueAt) continue;
      if (target.owner != null && reached.test(target.owner)) {
        target.dueAt = now + pace.dialMax();
        continue;
      }
      if (!target.rested && target.failures == 0 && isReached(target, reached)) {
        target.rested = true;
        target.dueAt = now + REACHED_PAUSES * pace.dialMax();
        continue;
      }
      target.rested = false;
      due.add(entry.getKey());
    }
    for (String address : due) {
      Target target = target(address);
      target.busy = true;
      target.giveUpAt = now + 4 * pace.dialMax();
      outbox.add(new Effect.Dial(address));
    }
  }

  /** Whether it is a name of which nobody is missed. */
  private boolean isReached(Target target, Predicate<NodeId> reached) {
    for (String address : target.named) {
      Target one = targets.get(address);
      if (one == null) return false;
      if (!one.self && (one.owner == null || !reached.test(one.owner))) return false;
    }
    return !target.named.isEmpty();
  }

  /** When {@link #tick} has something to do. */
  long deadline() {
    long deadline = Long.MAX_VALUE;
    for (Target target : targets.values()) {
      if (target.self) continue;
      deadline = Math.min(deadline, target.busy ? target.giveUpAt : target.dueAt);
    }
    return deadline;
  }

  /** Nobody answered there. */
  void dialFailed(String address, long now) {
    Target target = targets.get(address);
    if (target == null || !target.busy) return;
    failed(target, now);
    prune();
  }

  /** A link was opened there: it stays busy until {@link #closed}. */
  void opened(String address, long now) {
    Target target = targets.get(address);
    if (target == null) return;
    target.busy = true;
    target.openedAt = now;
    target.giveUpAt = Long.MAX_VALUE;
  }

  /** That node answered there. */
  void answered(String address, Member.Card card) {
    Target target = targets.get(address);
    if (target == null) return;
    // The pause shrinks only when the link served: whoever answers and refuses is dialled slowly.
    target.owner = card.node();
    target.home = card.addresses();
  }

  /** This node itself answered there. */
  void answeredSelf(String address) {
    Target target = targets.get(address);
    if (target != null) target.self = true;
  }

  /**
   * The link is gone. If it was of no use, or for a moment only, the pause grows: so it goes with a
   * second node of the same id, when the other end takes one link for the other again and again.
   *
   * @param useful whether both ends agreed to talk
   */
  void closed(String address, boolean useful, long now) {
    Target target = targets.get(address);
    if (target == null) return;
    if (useful && now - target.openedAt >= pace.dialMax()) {
      target.busy = false;
      target.failures = 0;
      target.dueAt = now + jittered(pace.dialMin());
    } else {
      failed(target, now);
    }
    prune();
  }

  /** A node is no longer linked: its addresses are due again. */
  void lost(NodeId node, long now) {
    for (Target target : targets.values()) {
      if (!node.equals(target.owner) || target.busy) continue;
      long soon = Math.max(now + jittered(pace.dialMin()), target.notBefore);
      target.dueAt = Math.min(target.dueAt, soon);
    }
  }

  private Target add(String address, long now) {
    Target target = new Target();
    target.dueAt = now;
    targets.put(address, target);
    return target;
  }

  private Target target(String address) {
    Target target = targets.get(address);
    if (target == null) throw new AssertionError("no target " + address);
    return target;
  }

  private void failed(Target target, long now) {
    target.busy = false;
    long pause = pace.dialMin() << Math.min(target.failures, DOUBLINGS_MAX);
    target.failures = Math.min(target.failures + 1, DOUBLINGS_MAX);
    target.notBefore = now + jittered(Math.min(pause, pace.dialMax()));
    target.dueAt = target.notBefore;
  }

  /** Between three quarters of {@code pause} and all of it. */
  private long jittered(long pause) {
    return pause - pause / 4 * entropy.nextInt(1_024) / 1_024;
  }
}
