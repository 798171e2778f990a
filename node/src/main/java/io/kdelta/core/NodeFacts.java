package io.kdelta.core;

import io.kdelta.causal.CausalStats;
import io.kdelta.causal.CausalStore;
import io.kdelta.cluster.CatchUpProgress;
import io.kdelta.cluster.Cluster;
import io.kdelta.cluster.Member;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Damage;
import io.kdelta.storage.Recovery;
import io.kdelta.storage.StorageEngine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What this node knows of itself and of the members, for people. Owned by the core; reads only, and
 * nothing of it waits for the disk: it must work when the disk does not.
 */
final class NodeFacts {
  private static final Comparator<Member> BY_NAME =
      Comparator.<Member, String>comparing(member -> member.card().name())
          .thenComparing(Member::node);

  /** Sentences of a report: as many lost versions are named as there is room. */
  private static final int NOTES_MAX = 1_000;

  private final CoreConfig config;
  private final StorageEngine engine;
  private final CausalStore store;
  private final Cluster cluster;
  private final List<String> notes;

  /**
   * Facts of one node.
   *
   * @param notes what opening its directory had to cut or set aside
   */
  NodeFacts(
      CoreConfig config,
      StorageEngine engine,
      CausalStore store,
      Cluster cluster,
      List<String> notes) {
    this.notes = notes;
    this.config = config;
    this.engine = engine;
    this.store = store;
    this.cluster = cluster;
  }

  /**
   * The members by name.
   *
   * @param left whether those that left for good are listed too
   */
  Reply.MemberList members(boolean left) {
    return members(left, store.tree().root());
  }

  /** Both for the node itself, without a look at the root. */
  Reply.Health health(CoreStats stats) {
    Digest told = cluster.member(store.node()).map(self -> self.facts().root()).orElse(Digest.ZERO);
    return new Reply.Health(status(stats, told), members(false, told));
  }

  private Reply.MemberList members(boolean left, Digest root) {
    List<Reply.MemberList.Node> nodes = new ArrayList<>();
    for (Member member : cluster.members().stream().sorted(BY_NAME).toList()) {
      if (member.state() == Member.State.LEFT && !left) continue;
      boolean self = member.node().equals(store.node());
      nodes.add(
          self
              ? new Reply.MemberList.Node(fresh(member, root), OptionalLong.empty(), true)
              : new Reply.MemberList.Node(member, lag(member.facts(), root), false));
    }
    CatchUpProgress progress = cluster.catchUp();
    String lender = "";
    if (!progress.phase().isEmpty()) {
      lender =
          cluster
              .member(progress.peer())
              .map(member -> member.card().name())
              .orElse(Peers.EARLIER_START);
    }
    return new Reply.MemberList(cluster.clusterId(), nodes, progress, lender, cluster.pulse());
  }

  /** The linked member that holds most, if one is known to hold anything. */
  Optional<Member> fullest() {
    return cluster.members().stream()
        .filter(member -> member.linked() && member.alive() && member.facts().versions() > 0)
        .max(Comparator.comparingLong(member -> member.facts().versions()));
  }

  /** The member that people call so: by its name, an address, or the first digits of its id. */
  Member member(String text) {
    List<Member> found = new ArrayList<>();
    for (Member member : cluster.members()) {
      boolean named = member.card().name().equals(text);
      boolean addressed = member.card().addresses().contains(text);
      if (named || addressed) return member;
      if (!text.isEmpty() && member.node().hex().startsWith(text)) found.add(member);
    }
    if (found.size() > 1) throw new KdeltaException.Invalid("node", text + " is not unique");
    if (found.isEmpty()) throw new KdeltaException.NotFound("node " + text);
    return found.getFirst();
  }

  /**
   * The one dead or stopped member that people call so.
   *
   * @throws KdeltaException.NotFound when there is none
   * @throws KdeltaException.Invalid when it is alive, or there are several
   */
  Member removable(String text) {
    List<Member> gone = new ArrayList<>();
    Member alive = null;
    for (Member member : cluster.members()) {
      if (member.state() == Member.State.LEFT || !called(member, text)) continue;
      if (member.alive() || member.node().equals(store.node())) alive = member;
      else gone.add(member);
    }
    if (gone.size() > 1) {
      throw new KdeltaException.Invalid("node", text + " is not unique: name it by its id");
    }
    if (gone.size() == 1) return gone.getFirst();
    if (alive != null) {
      String address = String.join(",", alive.card().addresses());
      throw new KdeltaException.Invalid(
          "node",
          text + " is alive: it leaves by itself (kdelta -s " + address + " cluster leave)");
    }
    throw new KdeltaException.NotFound("node " + text);
  }

  private static boolean called(Member member, String text) {
    return member.card().name().equals(text)
        || member.card().addresses().contains(text)
        || (!text.isEmpty() && member.node().hex().startsWith(text));
  }

  Reply.Status status(CoreStats stats) {
    return status(stats, store.tree().root());
  }

  private Reply.Status status(CoreStats stats, Digest root) {
    return new Reply.Status(
        store.node(),
        cluster.clusterId(),
        config.member().name(),
        cluster.readiness(),
        engine.readOnlyReason().orElse(""),
        root,
        stats,
        engine.stats(),
        recoveryNotes());
  }

  /** One sentence for each thing that was cut or set aside. */
  static List<String> recovery(Recovery recovery) {
    List<String> notes = new ArrayList<>();
    recovery
        .log()
        .cut()
        .ifPresent(cut ->
            notes.add(
                "cut the torn tail of "
                    + cut.file()
                    + " at byte "
                    + cut.offset()
                    + ": it was never acknowledged"));
    for (Damage damage : recovery.setAside()) notes.add("set aside " + damage);
    return notes;
  }

  /** What was set aside before this opening, which has said what it found itself. */
  static List<String> earlier(List<String> report, Set<String> said) {
    return report.stream()
        .map("set aside "::concat)
        .filter(sentence -> !said.contains(sentence))
        .map("earlier: "::concat)
        .toList();
  }

  /** What opening noted, what was found since, and how much of it is missing still. */
  private List<String> recoveryNotes() {
    LinkedHashSet<String> all = new LinkedHashSet<>(notes);
    all.addAll(recovery(engine.recovery()));
    List<Digest> lost = store.lost();
    for (Digest id : lost) {
      if (all.size() >= NOTES_MAX) break;
      all.add("lost here until a peer brings it back: " + store.keyOfLost(id) + " " + id.hex());
    }
    if (!lost.isEmpty()) {
      all.add(lost.size() + " versions are lost here until a peer brings them back");
    }
    return List.copyOf(all);
  }

  private Member fresh(Member member, Digest root) {
    CausalStats stats = store.stats();
    Member.Facts said = member.facts();
    Member.Facts facts =
        new Member.Facts(
            said.number(),
            said.stage(),
            root,
            stats.keysLive(),
            stats.keysEver(),
            stats.versions(),
            StoredReplica.diskBytes(engine.stats()),
            said.load());
    return new Member(
        member.card(), member.state(), member.refutation(), facts, member.linked(), member.met());
  }

  /** A lower bound from the counts; empty when they say nothing. */
  private OptionalLong lag(Member.Facts facts, Digest root) {
    if (facts.equals(Member.Facts.NONE)) return OptionalLong.empty();
    if (facts.root().equals(root)) return OptionalLong.of(0);
    long behind = store.stats().versions() - facts.versions();
    return behind > 0 ? OptionalLong.of(behind) : OptionalLong.empty();
  }
}
