package io.kdelta.sim;

import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * O5 across nodes: a client that carries its token reads its own writes, never goes back, and
 * writes over what it has read, on whatever node, whatever became of that node's disk. Checked over
 * all sessions when the graph is known: no answer may contradict what the same session was told, by
 * any node, before it asked ({@link Testimony}).
 *
 * <p>A request that hears BEHIND says nothing, and so breaks nothing; that the wait ends is for
 * {@link ProgressOracle}.
 *
 * <p>A token names places in logs, and that rests on AMNESIA: no two versions have one place. A
 * peer that lies can break it before there are identities: it claims for a version of its own the
 * place that somebody else's has, and whom it tells so first holds that place and not the version.
 * Nobody can know better until the two meet. So what was usurped binds no session; whatever is
 * built on it and has a place of its own does again, with all below it.
 */
final class SessionOracle implements Oracle {
  /** A turn of a healthy machine and a write of its disk are over by then. */
  private static final long PROMPT_NANOS = 10_000_000L;

  private final World world;

  /** When a request with a token left. */
  private final OnTheirWay<Long> open = new OnTheirWay<>();

  /** By client: the node that it asked before. */
  private final TreeMap<Integer, Integer> before = new TreeMap<>();

  private final TreeMap<String, Long> counts = new TreeMap<>();

  private final Testimony sessions = new Testimony("O5");
  private long looks;

  SessionOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  /** How many requests carried a token, and what came of them. */
  Map<String, Long> counts() {
    return Collections.unmodifiableMap(counts);
  }

  private void count(String what) {
    counts.merge(what, 1L, Long::sum);
  }

  @Override
  public void asked(Action.Ask ask, SimNode node) {
    if (ask.session() == 0) return;
    open.left(ask, world.nowNanos());
    count("asked");
    Integer earlier = before.put(ask.client(), ask.node());
    if (earlier != null && earlier != ask.node()) count("asked at another node than before");
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    Long asked = open.ended(ask);
    if (asked == null) return;
    boolean behind = outcome.error() instanceof KdeltaException.Behind;
    boolean told = outcome.reply() != null || outcome.error() instanceof KdeltaException.NotFound;
    if (told && world.nowNanos() - asked > PROMPT_NANOS) count("answered after more than 10 ms");
    count(behind ? "told that the node is behind" : told ? "answered" : "refused, or never heard");
    String session = "session " + ask.session() + " of client " + ask.client();
    String node = World.name(ask.node());
    for (Saying saying : Saying.of(ask, outcome)) {
      sessions.heard(session, node, asked, world.nowNanos(), saying);
    }
  }

  @Override
  public void quiet(List<Audit> audits) {
    NavigableSet<Digest> usurped = usurped();
    looks += sessions.check(audits.getFirst().graph(), world.atlas()::mayMiss, usurped::contains);
  }

  /** Versions whose place in its log the liar has claimed for one of its own. */
  private NavigableSet<Digest> usurped() {
    TreeSet<Digest> usurped = new TreeSet<>();
    NavigableSet<Dot> claimed = world.liar().claimed();
    if (claimed.isEmpty()) return usurped;
    TreeSet<Digest> placed = new TreeSet<>();
    TreeSet<Digest> honest = new TreeSet<>();
    for (SimNode node : world.standing()) {
      for (Envelope held : world.subject(node).export().versions()) {
        if (held.version().node().equals(world.liar().node())) continue;
        honest.add(held.version().id());
        if (!held.dots().isEmpty()) placed.add(held.version().id());
        if (held.dots().stream().anyMatch(claimed::contains)) usurped.add(held.version().id());
      }
    }
    // Who hears the lie first holds the version without its place; that may be all who are left.
    honest.removeAll(placed);
    usurped.addAll(honest);
    return usurped;
  }
}
