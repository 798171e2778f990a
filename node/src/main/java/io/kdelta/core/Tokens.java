package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Coverage;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Head;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.Key;
import io.kdelta.causal.Stored;
import io.kdelta.cluster.Cluster;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The tokens of clients: what a reply names, and whether this node has what a request names.
 *
 * <p>Owned by the core. What a reply names is what the client asked with and every version that the
 * reply rests on, so that whoever has it answers nothing older.
 */
final class Tokens {
  private final CausalStore store;
  private final Cluster cluster;
  private final Stability stability;

  Tokens(CausalStore store, Cluster cluster) {
    this.store = store;
    this.cluster = cluster;
    this.stability = new Stability(store, cluster);
  }

  /** What stable reads show. */
  Stability stability() {
    return stability;
  }

  /** Grows whenever something may be shown that was not before. */
  long revision() {
    return store.revision() + stability.revision();
  }

  /** Names the cluster in tokens. */
  long cluster() {
    return cluster.clusterId().high();
  }

  /** All heads of a key, and so everything that an answer about it can rest on. */
  Coverage.Named key(Key key) {
    List<Dot> dots = new ArrayList<>();
    for (Head head : store.graph().heads(key).all()) {
      Stored stored = store.graph().version(head.id());
      if (stored != null) dots.addAll(stored.dots());
    }
    return dots(dots);
  }

  /** These places of visible versions. */
  Coverage.Named dots(List<Dot> dots) {
    return store.coverage().of(dots);
  }

  /** Everything that is visible here. */
  Coverage.Named everything() {
    return store.coverage().everything();
  }

  /** What a client has seen that asked with {@code after} and is shown {@code named}. */
  CausalToken answer(CausalToken after, Coverage.Named named) {
    if (!after.isEmpty() && after.names(named.logs())) return after;
    CausalToken shown = new CausalToken(cluster(), false, named.logs());
    CausalToken token = after.union(shown);
    if (token.size() <= CausalToken.BYTES_MAX) return token;
    return token.without(heldByAll(token)).fitted();
  }

  /** Names of logs of which everybody has what is named: nobody needs to be told. */
  private List<Long> heldByAll(CausalToken token) {
    List<Long> held = new ArrayList<>();
    for (Map.Entry<Long, Intervals> log : token.logs().entrySet()) {
      List<Incarnation> named = store.coverage().incarnations(List.of(log.getKey()));
      if (named.isEmpty()) continue;
      if (cluster.everyMemberHolds(named.getFirst(), log.getValue())) held.add(log.getKey());
    }
    return held;
  }

  /**
   * What of a request's token is not here yet, or not for a stable read; empty when it may be
   * carried out. WrongCluster for a token that another cluster gave.
   */
  CausalToken lacking(Command command, CausalToken after) {
    if (after.isEmpty()) return CausalToken.NONE;
    if (after.cluster() != cluster()) {
      throw new KdeltaException.WrongCluster(cluster.clusterId().hex());
    }
    boolean stable = command instanceof Command.Reading reading && reading.stable();
    if (after.folded() || after.partial()) {
      boolean held = cluster.lacksNothingBut(log -> after.logs().containsKey(log.high()));
      if (!held || (stable && !stability.showsAllBut(after))) return after;
    }
    return stable ? stability.lacking(after) : store.coverage().lacking(after);
  }

  /** Whether nobody is known who could bring what is not here. */
  boolean alone() {
    return cluster.alone() && store.parked() == 0;
  }
}
