package io.kdelta.sim;

import io.kdelta.causal.CausalToken;
import io.kdelta.core.Command;
import io.kdelta.core.Event;
import io.kdelta.core.Reply;
import io.kdelta.error.KdeltaException;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The auditor's own questions: asks one and lets the world go on until it is answered. What goes on
 * may be an action that asks questions itself. Its tickets are negative.
 */
final class Asker implements NodeOutcomes {
  private static final long PATIENCE_NANOS = 10_000_000_000L;
  private static final long STEP_NANOS = 100_000;

  private final Simulator simulator;
  private final TreeMap<Long, Reply> replies = new TreeMap<>();
  private final TreeMap<Long, KdeltaException> errors = new TreeMap<>();
  private final TreeSet<Long> open = new TreeSet<>();
  private final TreeSet<Long> givenUp = new TreeSet<>();
  private long lastTicket;

  Asker(Simulator simulator) {
    this.simulator = simulator;
  }

  @Override
  public void answered(SimNode node, long ticket, Reply reply, CausalToken token) {
    if (waitsFor(node, ticket)) replies.put(ticket, reply);
  }

  @Override
  public void refused(SimNode node, long ticket, KdeltaException error, CausalToken token) {
    if (waitsFor(node, ticket)) errors.put(ticket, error);
  }

  @Override
  public void left(SimNode node) {
    // Whoever waits for its answer hears that its process ended.
  }

  @Override
  public void drained(SimNode node, boolean shipped) {
    // Its process ends in a moment.
  }

  @Override
  public void vanished(SimNode node) {
    // ask() sees that the node's life has ended.
  }

  /** Whether somebody waits for this answer; if nobody does any more, it may come once. */
  private boolean waitsFor(SimNode node, long ticket) {
    if (open.remove(ticket)) return true;
    if (givenUp.remove(ticket)) return false;
    throw new OracleFailure("O11", "node-" + node.index() + " answers " + ticket + " twice");
  }

  /** Throws what the node refuses with; Unreachable when it is down, or goes down before. */
  Reply ask(SimNode node, Command command) {
    return ask(node, command, PATIENCE_NANOS);
  }

  /** The same for an answer by that time. */
  Reply ask(SimNode node, Command command, long patienceNanos) {
    // It may have gone down in the very moment of its last answer.
    if (!node.up()) throw new KdeltaException.Unreachable(List.of("node-" + node.index()));
    long ticket = --lastTicket;
    int life = node.life();
    long deadline = simulator.nowNanos() + PATIENCE_NANOS;
    open.add(ticket);
    node.offer(new Event.Arrived(ticket, command, simulator.nowNanos() + patienceNanos));
    // A machine that stands still owes nobody an answer.
    while (simulator.nowNanos() <= deadline || node.stuck()) {
      simulator.runUntil(simulator.nowNanos() + STEP_NANOS);
      Reply answered = replies.remove(ticket);
      if (answered != null) return answered;
      KdeltaException refused = errors.remove(ticket);
      if (refused != null) throw refused;
      if (node.life() != life) {
        open.remove(ticket);
        givenUp.add(ticket);
        throw new KdeltaException.Unreachable(List.of("node-" + node.index()));
      }
    }
    throw new OracleFailure("O11", "node-" + node.index() + " never answers " + command);
  }
}
