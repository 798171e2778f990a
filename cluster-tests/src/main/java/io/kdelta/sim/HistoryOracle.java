package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.core.Reply;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Causality as the clients saw it (oracles O3 and O5), checked over their whole history when the
 * graph is known.
 *
 * <p>What can be held without tokens: a node never goes back. Whatever a node has shown of a key,
 * or said that it wrote, it shows or supersedes in every later answer about that key, to whomever,
 * over all its lives, since nothing is answered that a crash could take back. So for two answers of
 * one node about one key, the second asked after the first had come:
 *
 * <ul>
 *   <li>all heads together are built on everything that was seen before;
 *   <li>a value is never one that something seen before is built on;
 *   <li>a key that was seen with a value is absent only after a delete that knew that value;
 *   <li>a write over all heads is built on everything that was seen before.
 * </ul>
 *
 * <p>Seen by one client in one life of the node that is the session guarantee (O5: read your
 * writes, never go back, writes follow reads); between clients or lives it is causality along the
 * node (O3). Between two nodes nothing is held: that takes tokens. A node whose disk was struck is
 * left out.
 */
final class HistoryOracle implements Oracle {
  /** Versions that a write can name as parents. */
  private static final int PARENTS_MAX = 64;

  /** What an answer says about one key. */
  private enum Kind {
    VALUE,
    HEADS,
    ABSENT,
    WRITTEN,
    /** It is there, and nothing more is said. */
    PRESENT
  }

  /** One answer about one key. */
  private record Seen(
      int client, int life, long asked, long answered, Kind kind, List<Digest> ids) {}

  /** A request on its way: when and in which life of the node it was asked. */
  private record Sent(long nanos, int life) {}

  private final World world;
  private final TreeMap<Integer, Sent> open = new TreeMap<>();

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
    open.put(ask.client(), new Sent(world.nowNanos(), node.life()));
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    Sent sent = open.remove(ask.client());
    SimNode node = world.node(ask);
    if (sent == null || node.struck()) return;
    switch (outcome.reply()) {
      case Reply.Value value ->
          saw(ask, sent, path(value.version()), Kind.VALUE, List.of(id(value.version())));
      case Reply.HeadList heads ->
          saw(
              ask,
              sent,
              heads.key().namespace() + "/" + heads.key().key(),
              Kind.HEADS,
              heads.heads().stream().map(HistoryOracle::id).toList());
      case Reply.Written written -> wrote(ask, sent, written);
      case Reply.Resolved resolved -> {
        if (resolved.written() != null) wrote(ask, sent, resolved.written());
      }
      case null, default -> {
        if (ask.request() instanceof Request.Get(String path) && absent(outcome)) {
          saw(ask, sent, path, Kind.ABSENT, List.of());
        }
      }
    }
  }

  private static boolean absent(Clients.Outcome outcome) {
    return outcome.error() instanceof io.kdelta.error.KdeltaException.NotFound;
  }

  private void wrote(Action.Ask ask, Sent sent, Reply.Written written) {
    for (Reply.Written.Result result : written.versions()) {
      String path = result.version().key().namespace() + "/" + result.version().key().key();
      boolean fresh = !result.repeated() && result.version().parents().size() < PARENTS_MAX;
      Kind kind = fresh ? Kind.WRITTEN : Kind.PRESENT;
      saw(ask, sent, path, kind, List.of(result.version().id()));
    }
  }

  private void saw(Action.Ask ask, Sent sent, String path, Kind kind, List<Digest> ids) {
    histories
        .computeIfAbsent(World.name(ask.node()) + " " + path, node -> new ArrayList<>())
        .add(new Seen(ask.client(), sent.life, sent.nanos, world.nowNanos(), kind, ids));
  }

  @Override
  public void quiet(List<Audit> audits) {
    RawGraph graph = audits.getFirst().graph();
    TreeMap<String, Lineage> lineages = new TreeMap<>();
    histories.forEach((of, history) -> {
      String path = of.substring(of.indexOf(' ') + 1);
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
      own.add(seen.answered, seen.ids);
      node.add(seen.answered, seen.ids);
    }
  }

  private static void check(
      String oracle, String of, Lineage lineage, Lineage.Known known, Seen seen) {
    Digest broken =
        switch (seen.kind) {
          case HEADS, WRITTEN -> lineage.notBelow(seen.ids, known, seen.asked);
          case VALUE -> lineage.above(seen.ids.getFirst(), known, seen.asked);
          case ABSENT -> lineage.neverDeleted(known, seen.asked);
          case PRESENT -> null;
        };
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

  private static Digest id(Envelope envelope) {
    return envelope.version().id();
  }

  private static String path(Envelope envelope) {
    return Model.path(envelope);
  }
}
