package io.kdelta.cluster;

import io.kdelta.causal.Distinction;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Position;
import io.kdelta.causal.Reception;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The receipts that this node owes: for what it stored of other nodes' logs, once that is synced.
 * Owned by the core thread.
 *
 * <p>Invariant: no receipt leaves before everything it covers is durable here with rows of its own,
 * or parked so; a refused version is never covered. The chain value is reckoned from the ids that
 * arrived, so the origin can tell that its very writes are meant.
 */
final class Receipts {
  private static final int LOGS_MAX = 1_024;

  private final Replica replica;
  private final NodeId self;
  private final Wire wire;

  /** The one spoken of last is last. */
  private final LinkedHashMap<Incarnation, Log> logs = new LinkedHashMap<>();

  private final List<Due> due = new ArrayList<>();

  /** What is kept of one log. */
  private static final class Log {
    final TreeSet<NodeId> watchers = new TreeSet<>();
    NodeId origin = NodeId.NONE;
    long from;
    long to;
    @Nullable Digest chain;
  }

  /** A receipt that waits for its LSN; {@code reader}: whom it is for, null for all watchers. */
  private record Due(
      long lsn, Incarnation log, long from, long to, Digest chain, @Nullable NodeId reader) {}

  Receipts(Replica replica, NodeId self, Wire wire) {
    this.replica = replica;
    this.self = self;
    this.wire = wire;
  }

  void down(NodeId node) {
    for (Log log : logs.values()) log.watchers.remove(node);
  }

  /**
   * That node wants the receipts of a log, beginning with what is held of it up to {@code last}.
   */
  void watch(NodeId node, Incarnation incarnation, long last, long now) {
    Log log = log(incarnation);
    log.watchers.add(node);
    Optional<Position> position = replica.position(incarnation);
    if (position.isPresent()) {
      Intervals received = position.get().received();
      long to = Math.min(last, position.get().chainSeq());
      Optional<Digest> chain = to < 1 ? Optional.empty() : replica.chain(incarnation, to);
      for (Intervals.Range range : received.ranges()) {
        if (chain.isEmpty() || to < range.first() || to > range.last()) continue;
        due.add(new Due(replica.lastLsn(), incarnation, range.first(), to, chain.get(), node));
      }
    }
    Digest chain = log.chain;
    if (chain != null && log.to >= log.from) {
      due.add(new Due(replica.lastLsn(), incarnation, log.from, log.to, chain, node));
    }
    flush(now);
  }

  /** A frame was stored, durably with {@code lsn}. */
  void taken(Frame frame, List<Reception> receptions, long lsn, long now) {
    Log log = log(frame.incarnation());
    log.origin = frame.node();
    Digest chain = chainBefore(frame, log);
    if (chain == null) {
      log.chain = null;
      return;
    }
    boolean joins = chain.equals(log.chain) && log.to == frame.firstSeq() - 1;
    if (!joins) begin(log, frame.firstSeq(), chain);
    Intervals received = received(frame.incarnation());
    boolean repeated = false;
    for (int i = 0; i < receptions.size(); i++) {
      long seq = frame.firstSeq() + i;
      Reception reception = receptions.get(i);
      chain = Distinction.chain(chain, frame.entries().get(i).envelope().version().id());
      repeated |= reception instanceof Reception.Duplicate;
      if (counts(reception) && received.contains(seq)) {
        log.to = seq;
        log.chain = chain;
      } else {
        owe(frame.incarnation(), log, lsn);
        begin(log, seq + 1, chain);
      }
    }
    // What was held already may have come with a commit after the one that lsn names.
    owe(frame.incarnation(), log, repeated ? Math.max(lsn, replica.lastLsn()) : lsn);
    flush(now);
  }

  /** Rows may be gone: what they were to be receipted for is owed no more. */
  void mended() {
    due.removeIf(one -> !received(one.log()).containsAll(Intervals.of(one.from(), one.to())));
    logs.forEach((incarnation, log) -> {
      boolean reckoned = log.chain != null && log.to >= log.from;
      if (!reckoned) return;
      if (!received(incarnation).containsAll(Intervals.of(log.from, log.to))) log.chain = null;
    });
  }

  /** Sends what has become durable. */
  void flush(long now) {
    if (due.isEmpty()) return;
    long durable = replica.durableLsn();
    Map<String, Due> ready = new TreeMap<>();
    List<Due> waiting = new ArrayList<>();
    for (Due one : due) {
      if (one.lsn() > durable) {
        waiting.add(one);
      } else {
        // The later of two receipts that begin at one place covers the earlier.
        ready.merge(
            one.log().hex() + ":" + one.from() + ":" + one.reader(),
            one,
            (a, b) -> a.to() >= b.to() ? a : b);
      }
    }
    due.clear();
    due.addAll(waiting);
    for (Due one : ready.values()) send(one, now);
  }

  private void send(Due one, long now) {
    Log log = logs.get(one.log());
    if (log == null) return;
    Position position = replica.position(one.log()).orElse(null);
    if (position == null) return;
    long received = Math.max(one.to(), position.held().prefix());
    long applied = position.applied().union(position.adopted()).prefix();
    PeerMessage receipt =
        new PeerMessage.Receipt(one.log(), received, one.from(), one.to(), one.chain(), applied);
    if (one.reader() != null) {
      wire.send(one.reader(), receipt, now);
      return;
    }
    TreeSet<NodeId> readers = new TreeSet<>(log.watchers);
    readers.add(log.origin);
    readers.remove(self);
    for (NodeId reader : readers) wire.send(reader, receipt, now);
  }

  private Intervals received(Incarnation incarnation) {
    return replica.position(incarnation).map(Position::received).orElse(Intervals.EMPTY);
  }

  private static boolean counts(Reception reception) {
    return switch (reception) {
      case Reception.Visible _, Reception.Duplicate _ -> true;
      case Reception.Parked parked -> parked.durably();
      case Reception.Refused _ -> false;
    };
  }

  private static void begin(Log log, long from, Digest chain) {
    log.from = from;
    log.to = from - 1;
    log.chain = chain;
  }

  private void owe(Incarnation incarnation, Log log, long lsn) {
    Digest chain = log.chain;
    if (chain == null || log.to < log.from) return;
    due.add(new Due(lsn, incarnation, log.from, log.to, chain, null));
  }

  /** The chain value before the frame: by its own word, or by what was reckoned here. */
  private @Nullable Digest chainBefore(Frame frame, Log log) {
    Digest told = frame.before();
    if (told != null) return told;
    if (log.chain != null && log.to == frame.firstSeq() - 1) return log.chain;
    return replica.chain(frame.incarnation(), frame.firstSeq() - 1).orElse(null);
  }

  /** What is kept of that log, now the youngest. */
  private Log log(Incarnation incarnation) {
    Log log = logs.remove(incarnation);
    if (log == null) {
      // The one that nobody spoke of for the longest time makes room: it starts anew when it is.
      if (logs.size() >= LOGS_MAX) logs.pollFirstEntry();
      log = new Log();
    }
    logs.putLast(incarnation, log);
    return log;
  }
}
