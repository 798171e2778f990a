package io.kdelta.sim;

import java.util.List;
import java.util.TreeMap;

/**
 * O5 across nodes: a client that carries its token reads its own writes, never goes back, and
 * writes over what it has read, on whatever node, whatever became of that node's disk. Checked over
 * all sessions when the graph is known: no answer may contradict what the same session was told, by
 * any node, before it asked ({@link Testimony}).
 *
 * <p>A request that hears BEHIND says nothing, and so breaks nothing; that the wait ends is for
 * {@link ProgressOracle}.
 */
final class SessionOracle implements Oracle {
  private final World world;
  private final TreeMap<Integer, Long> open = new TreeMap<>();

  private final Testimony sessions = new Testimony("O5");
  private long looks;

  SessionOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void asked(Action.Ask ask, SimNode node) {
    if (ask.session() > 0) open.put(ask.client(), world.nowNanos());
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    Long asked = open.remove(ask.client());
    if (asked == null) return;
    String session = "session " + ask.session() + " of client " + ask.client();
    String node = World.name(ask.node());
    for (Saying saying : Saying.of(ask, outcome)) {
      sessions.heard(session, node, asked, world.nowNanos(), saying);
    }
  }

  @Override
  public void quiet(List<Audit> audits) {
    looks += sessions.check(audits.getFirst().graph(), world.atlas()::mayMiss);
  }
}
