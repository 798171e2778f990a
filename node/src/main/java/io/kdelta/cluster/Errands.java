package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The reconciliations that operators wait for: each names the peers whose sessions it still lacks,
 * and is answered when it lacks none, or its time is up. Owned by the core thread.
 */
final class Errands {
  private static final long SECOND = 1_000_000_000L;
  private static final long PATIENCE = 15 * SECOND;

  /** For a session that runs already. */
  private static final long EXTENSION = 5 * SECOND;

  private final Consumer<Effect.Reconciled> answer;
  private final List<Errand> open = new ArrayList<>();

  /** One of them. */
  private static final class Errand {
    final long ticket;
    final Set<NodeId> waiting;
    final List<Session> sessions = new ArrayList<>();
    long deadline;

    Errand(long ticket, Set<NodeId> waiting, long deadline) {
      this.ticket = ticket;
      this.waiting = waiting;
      this.deadline = deadline;
    }
  }

  Errands(Consumer<Effect.Reconciled> answer) {
    this.answer = answer;
  }

  /** Somebody waits for a session with each of these nodes. */
  void add(long ticket, Set<NodeId> waiting, long now) {
    Errand errand = new Errand(ticket, waiting, now + PATIENCE);
    open.add(errand);
    conclude(errand);
  }

  /** Whether anybody waits for a session with that node. */
  boolean wants(NodeId node) {
    return open.stream().anyMatch(errand -> errand.waiting.contains(node));
  }

  /** A session with that node has ended for good. */
  void ended(NodeId node, Session session) {
    for (Errand errand : List.copyOf(open)) {
      if (!errand.waiting.remove(node)) continue;
      errand.sessions.add(session);
      conclude(errand);
    }
  }

  /** That node is gone: nobody waits for it. */
  void gone(NodeId node) {
    for (Errand errand : List.copyOf(open)) {
      errand.waiting.remove(node);
      conclude(errand);
    }
  }

  /** Answers those whose time is up; a session that runs is waited for a little longer. */
  void expire(Predicate<NodeId> running, long now) {
    for (Errand errand : List.copyOf(open)) {
      if (errand.deadline > now) continue;
      if (errand.waiting.stream().anyMatch(running)) {
        errand.deadline = now + EXTENSION;
        continue;
      }
      errand.waiting.clear();
      conclude(errand);
    }
  }

  /** When {@link #expire} has something to do. */
  long deadline() {
    long deadline = Long.MAX_VALUE;
    for (Errand errand : open) deadline = Math.min(deadline, errand.deadline);
    return deadline;
  }

  /** This node was asleep for that long. */
  void forgive(long nanos) {
    for (Errand errand : open) errand.deadline += nanos;
  }

  private void conclude(Errand errand) {
    if (errand.waiting.isEmpty() && open.remove(errand)) {
      answer.accept(new Effect.Reconciled(errand.ticket, errand.sessions));
    }
  }
}
