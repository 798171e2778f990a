package io.kdelta.sim;

import io.kdelta.causal.Key;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A condition held where it was checked (O4): a write that was to happen only where there is no
 * value (if_absent) stands over no value, one that was to happen only over a state of its key
 * (if_state) stands over just the heads of that state; and what was refused was refused for another
 * state than the one that was asked for. The parents of a version are the heads that the node had,
 * so once the graph is known they tell. On two nodes at once a condition may hold twice: that is a
 * branch.
 */
final class ConditionOracle implements Oracle {
  /** Versions that a write can name as parents: with more heads it does not tell all. */
  private static final int PARENTS_MAX = 64;

  private static final String STATE = "state ";

  /** What a resolve expects beside its condition. */
  private static final String SEVERAL = "two or more heads";

  /** What was written, or refused, under a condition. */
  private record Judged(String node, String path, Precondition condition) {}

  private final World world;

  /** The conditions of a request, by key. */
  private final OnTheirWay<SortedMap<String, Precondition>> asked = new OnTheirWay<>();

  private final IfAbsent overNothing = new IfAbsent();

  /** Over which state it was to be. */
  private final TreeMap<Digest, Judged> overState = new TreeMap<>();

  /** For which state a write was refused that wanted no value. */
  private final TreeMap<String, Judged> refused = new TreeMap<>();

  private long looks;

  ConditionOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void asked(Action.Ask ask, SimNode node) {
    SortedMap<String, Precondition> conditions = new TreeMap<>();
    switch (ask.request().command(world.clients().seen(ask.client()))) {
      case Command.Put put -> note(conditions, put.write().key(), put.write().precondition());
      case Command.Delete delete -> note(conditions, delete.key(), delete.precondition());
      case Command.Resolve resolve -> note(conditions, resolve.key(), resolve.precondition());
      case Command.Batch batch -> {
        for (Write write : batch.items()) note(conditions, write.key(), write.precondition());
      }
      default -> {
        // Nothing is written.
      }
    }
    asked.left(ask, conditions);
  }

  private static void note(
      SortedMap<String, Precondition> conditions, Key key, Precondition condition) {
    if (!condition.equals(Precondition.NONE)) conditions.put(path(key), condition);
  }

  private static String path(Key key) {
    return key.namespace() + "/" + key.key();
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    SortedMap<String, Precondition> conditions = asked.ended(ask);
    if (conditions == null || conditions.isEmpty()) return;
    switch (outcome.reply()) {
      case Reply.Written reply -> wrote(ask, conditions, reply);
      case Reply.Resolved reply -> {
        if (reply.written() != null) wrote(ask, conditions, reply.written());
      }
      case null, default -> {
        if (outcome.error() instanceof KdeltaException.Conflict conflict) {
          refused(World.name(ask.node()), conditions, conflict);
        }
      }
    }
  }

  private void wrote(
      Action.Ask ask, SortedMap<String, Precondition> conditions, Reply.Written reply) {
    boolean same = ask.request() instanceof Request.Put put && put.ifAbsent();
    for (Reply.Written.Result result : reply.versions()) {
      String path = path(result.version().key());
      Precondition condition = conditions.get(path);
      // What a retry finds was written under what its client had seen then.
      if (condition == null || (result.repeated() && !same)) continue;
      looks++;
      Digest id = result.version().id();
      String node = World.name(ask.node());
      if (condition.absent()) overNothing.wrote(id, node);
      else overState.put(id, new Judged(node, path, condition));
    }
  }

  private void refused(
      String node, SortedMap<String, Precondition> conditions, KdeltaException.Conflict conflict) {
    Precondition condition = conditions.get(conflict.key());
    if (condition == null || conflict.expected().equals(SEVERAL)) return;
    looks++;
    Judged judged = new Judged(node, conflict.key(), condition);
    boolean none = !conflict.actual().startsWith(STATE);
    boolean holds = condition.absent() ? none : conflict.actual().equals(STATE + condition.state());
    if (holds) throw broken(judged, "refused it, having found " + conflict.actual());
    if (condition.absent()) refused.put(conflict.actual().substring(STATE.length()), judged);
  }

  @Override
  public void quiet(List<Audit> audits) {
    RawGraph graph = audits.getFirst().graph();
    var _ = overNothing.check(graph);
    for (String path : graph.keys()) {
      for (RawGraph.Raw version : graph.versions(path)) {
        Judged judged = overState.get(version.id());
        if (judged != null && version.parents().size() < PARENTS_MAX) hold(judged, version);
        Judged denied = refused.get(version.id().hex());
        if (denied != null && version.deleted()) {
          throw broken(denied, "refused it for the delete " + version.id());
        }
      }
    }
  }

  private void hold(Judged judged, RawGraph.Raw version) {
    Digest over = state(version.parents());
    if (over != null && over.equals(judged.condition.state())) return;
    throw broken(judged, "wrote " + version.id() + " over the state " + over);
  }

  /** The state of a key that has these heads, by data-model.md section 2; null without any. */
  private static @Nullable Digest state(List<Digest> heads) {
    List<Digest> sorted = new ArrayList<>(heads);
    sorted.sort(null);
    Digest state = null;
    for (Digest head : sorted) {
      if (state == null || state.equals(head)) {
        state = head;
        continue;
      }
      boolean before = state.compareTo(head) < 0;
      ByteWriter both = new ByteWriter(2 * Digest.SIZE);
      both.write(Bytes.wrap((before ? state : head).toBytes()));
      both.write(Bytes.wrap((before ? head : state).toBytes()));
      state = Audit.named("synthesis", both.toBytes());
    }
    return state;
  }

  private OracleFailure broken(Judged judged, String how) {
    String wanted =
        judged.condition.absent() ? "without a value" : "in state " + judged.condition.state();
    return new OracleFailure(
        "O4",
        judged.node
            + " was to write "
            + judged.path
            + " only "
            + wanted
            + ", and "
            + how
            + ", at "
            + world.nowNanos());
  }
}
