package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * O5 across nodes: a client that carries its token reads its own writes, never goes back, and
 * writes over what it has read, on whatever node, whatever became of that node's disk. Checked over
 * all sessions when the graph is known: no answer may contradict ({@link Saying}) what the same
 * session was told, by any node, before it asked.
 *
 * <p>A request that hears BEHIND says nothing, and so breaks nothing; that the wait ends is for
 * {@link ProgressOracle}.
 */
final class SessionOracle implements Oracle {
  /** One answer about one key. */
  private record Heard(int node, long asked, long answered, Saying saying) {}

  private final World world;
  private final TreeMap<Integer, Long> open = new TreeMap<>();

  /** Answers by session and key, in the order in which they came. */
  private final TreeMap<String, List<Heard>> sessions = new TreeMap<>();

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
    String session = "session " + ask.session() + " of client " + ask.client() + " about ";
    for (Saying saying : Saying.of(ask, outcome)) {
      sessions
          .computeIfAbsent(session + saying.path(), of -> new ArrayList<>())
          .add(new Heard(ask.node(), asked, world.nowNanos(), saying));
    }
  }

  @Override
  public void quiet(List<Audit> audits) {
    RawGraph graph = audits.getFirst().graph();
    TreeMap<String, Lineage> lineages = new TreeMap<>();
    sessions.forEach((session, answers) -> {
      String path = answers.getFirst().saying.path();
      // What an answer is built on is not known when versions in between are gone.
      if (world.atlas().mayMiss(path)) return;
      Lineage lineage = lineages.computeIfAbsent(path, key -> new Lineage(graph.versions(key)));
      hold(session, lineage, answers);
    });
  }

  private void hold(String session, Lineage lineage, List<Heard> answers) {
    Lineage.Known known = lineage.nothing();
    for (Heard heard : answers) {
      looks++;
      Digest broken = heard.saying.contradicts(lineage, known, heard.asked);
      if (broken != null) {
        throw new OracleFailure(
            "O5", session + " knew " + broken + ", and with its token was told " + heard);
      }
      known.add(heard.answered, heard.saying.ids());
    }
  }
}
