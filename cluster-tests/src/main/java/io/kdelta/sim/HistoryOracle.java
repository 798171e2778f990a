package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Causality along one node (oracles O3 and O5), checked over the whole history of the clients when
 * the graph is known.
 *
 * <p>What holds without tokens: a node never goes back. Whatever a node has shown of a key, or said
 * that it wrote, it shows or supersedes in every later answer about that key, to whomever, over all
 * its lives, since nothing is answered that a crash could take back. So no answer may contradict
 * ({@link Saying}) what the node had answered before it was asked.
 *
 * <p>Seen by one client in one life of the node that is the session guarantee (O5: read your
 * writes, never go back, writes follow reads); between clients or lives it is causality along the
 * node (O3). Between two nodes nothing is held here: that takes tokens, see {@link SessionOracle}.
 * A node whose disk was struck is left out.
 */
final class HistoryOracle implements Oracle {
  /** One answer about one key. */
  private record Seen(int client, int life, long asked, long answered, Saying saying) {}

  /** A request on its way: when and in which life of the node it was asked. */
  private record Sent(long nanos, int life) {}

  private final World world;
  private final OnTheirWay<Sent> open = new OnTheirWay<>();

  /** Answers by node and key, in the order in which they came. */
  private final TreeMap<String, List<Seen>> histories = new TreeMap<>();

  private long looks;

  HistoryOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void asked(Action.Ask ask, SimNode node) {
    open.left(ask, new Sent(world.nowNanos(), node.life()));
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    Sent sent = open.ended(ask);
    SimNode node = world.nodes().get(outcome.by());
    // A stable read shows less than the node does, and may be told so.
    boolean less = ask.request() instanceof Request.Stable;
    if (sent == null || less || node.struck()) return;
    int life = node.index() == ask.node() ? sent.life : node.life();
    for (Saying saying : Saying.of(ask, outcome)) {
      histories
          .computeIfAbsent(World.name(node.index()) + " " + saying.path(), of -> new ArrayList<>())
          .add(new Seen(ask.client(), life, sent.nanos, world.nowNanos(), saying));
    }
  }

  @Override
  public void quiet(List<Audit> audits) {
    RawGraph graph = audits.getFirst().graph();
    TreeMap<String, Lineage> lineages = new TreeMap<>();
    histories.forEach((of, history) -> {
      String path = of.substring(of.indexOf(' ') + 1);
      // What an answer is built on is not known when versions in between are gone.
      if (world.atlas().mayMiss(path)) return;
      Lineage lineage = lineages.computeIfAbsent(path, key -> new Lineage(graph.versions(key)));
      hold(of, lineage, history);
    });
  }

  private void hold(String of, Lineage lineage, List<Seen> history) {
    TreeMap<String, Lineage.Known> sessions = new TreeMap<>();
    Lineage.Known node = lineage.nothing();
    for (Seen seen : history) {
      looks++;
      String session = seen.client + " in life " + seen.life;
      Lineage.Known own = sessions.computeIfAbsent(session, s -> lineage.nothing());
      check("O5", of + " as client " + session, lineage, own, seen);
      check("O3", of, lineage, node, seen);
      own.add(seen.answered, seen.saying.ids());
      node.add(seen.answered, seen.saying.ids());
    }
  }

  private static void check(
      String oracle, String of, Lineage lineage, Lineage.Known known, Seen seen) {
    Digest broken = seen.saying.contradicts(lineage, known, seen.asked);
    if (broken == null) return;
    throw new OracleFailure(
        oracle,
        of
            + " was seen with "
            + broken
            + ", and later asked at "
            + seen.asked
            + " it says "
            + seen);
  }
}
