package io.kdelta.sim;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Envelope;
import io.kdelta.core.Command;
import io.kdelta.core.Event;
import io.kdelta.core.Reply;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The clients of a simulated world: send what they are told to, and tell the {@link Ledger} what
 * came of it. Their tickets are positive. Each keeps the token of its session.
 */
final class Clients implements NodeOutcomes {
  static final long DEADLINE_NANOS = 5_000_000_000L;

  /** What came of a request. */
  enum End {
    /** It was answered. */
    OK,
    /** It was refused, and nothing was stored. */
    REFUSED,
    /** Nobody knows: it may be there, or appear later. */
    UNKNOWN
  }

  /**
   * What came of a request, with its words.
   *
   * @param reply the answer, if there was one
   * @param error the refusal, if there was one
   * @param by which node answered: another one than was asked, if that one had nothing to say
   */
  record Outcome(End end, @Nullable Reply reply, @Nullable KdeltaException error, int by) {}

  /** Who wants to know what came of requests. */
  interface Listener {
    /** A request leaves for a node that is up. */
    default void asked(Action.Ask ask, SimNode node) {}

    void ended(Action.Ask ask, Outcome outcome);
  }

  /**
   * A request on its way.
   *
   * @param node who is to answer
   * @param referred whether that is another one than was asked at first
   */
  private record Open(Action.Ask ask, SimNode node, Listener asker, boolean referred) {}

  /** What a client has seen since a session began. */
  private record Session(int number, CausalToken token) {}

  private final Simulator simulator;
  private final Trace trace;
  private final Ledger ledger;
  private final TreeMap<Long, Open> open = new TreeMap<>();
  private final Watchers watchers = new Watchers();
  private final Attempts attempts = new Attempts();
  private final LastSeen lastSeen = new LastSeen();
  private final TreeMap<Integer, Session> sessions = new TreeMap<>();
  private final List<Listener> listeners = new ArrayList<>();
  private final Function<String, Optional<SimNode>> byAddress;
  private final BiPredicate<Integer, Integer> severed;
  private Listener watcher = (ask, outcome) -> {};
  private long lastTicket;

  /**
   * Of one world.
   *
   * @param byAddress who answers there
   * @param severed whether two nodes can not reach each other
   */
  Clients(
      Simulator simulator,
      Trace trace,
      Ledger ledger,
      Function<String, Optional<SimNode>> byAddress,
      BiPredicate<Integer, Integer> severed) {
    this.byAddress = byAddress;
    this.severed = severed;
    this.simulator = simulator;
    this.trace = trace;
    this.ledger = ledger;
  }

  /** Who hears of every end of a request from now on. */
  void tell(Listener hears) {
    listeners.add(hears);
  }

  /** Who watches, before anybody else hears of it. */
  void watch(Listener watches) {
    watcher = watches;
  }

  /** The wall clock of a node is set. */
  void clockSet(int node, long offsetMicros) {
    attempts.clockSet(node, offsetMicros, simulator.nowNanos());
  }

  /** Sends a request to a node. */
  void send(Action.Ask ask, SimNode node) {
    send(ask, node, (asked, outcome) -> {});
  }

  /** Sends a request to a node; {@code asker} hears what comes of it. */
  void send(Action.Ask ask, SimNode node, Listener asker) {
    if (attempts.sends(ask, node, simulator.nowNanos())) {
      ask.request().markers().forEach(ledger::mayBeTwice);
    }
    if (!node.up()) {
      failed(new Open(ask, node, asker, false), End.UNKNOWN, "node is down", null);
      return;
    }
    watcher.asked(ask, node);
    offer(new Open(ask, node, asker, false));
  }

  private void offer(Open request) {
    long ticket = ++lastTicket;
    open.put(ticket, request);
    Action.Ask ask = request.ask;
    long deadline = simulator.nowNanos() + DEADLINE_NANOS;
    request.node.offer(new Event.Arrived(ticket, command(ask), token(ask), deadline));
  }

  /** Asks where the node says, as the edge of a node does for its client; whether it may. */
  private boolean follows(Open request, KdeltaException error) {
    boolean told = error instanceof KdeltaException.Behind behind && !behind.elsewhere().isEmpty();
    if (!told || request.referred) return false;
    String address = ((KdeltaException.Behind) error).elsewhere().getFirst();
    SimNode other = byAddress.apply(address).filter(SimNode::up).orElse(null);
    if (other == null || severed.test(request.node.index(), other.index())) return false;
    offer(new Open(request.ask, other, request.asker, true));
    return true;
  }

  /** A watcher goes on where it was. */
  private Command command(Action.Ask ask) {
    return ask.request() instanceof Request.Watch watch
        ? watchers.of(ask.client(), watch).question()
        : ask.request().command(seen(ask.client()));
  }

  /** The watchers among them. */
  Watchers watchers() {
    return watchers;
  }

  /** What a client knows of the keys by now. */
  Request.Seen seen(int client) {
    return lastSeen.of(client);
  }

  /** What the client of a request has seen in its session. */
  CausalToken token(Action.Ask ask) {
    Session session = sessions.get(ask.client());
    if (session == null || session.number != ask.session()) return CausalToken.NONE;
    return session.token;
  }

  /** A client takes the token of an answer as its own; it travels as bytes. */
  private void learn(Action.Ask ask, CausalToken told) {
    if (ask.session() == 0) return;
    CausalToken known = token(ask).union(CausalToken.decode(told.encode())).fitted();
    sessions.put(ask.client(), new Session(ask.session(), known));
  }

  @Override
  public void answered(SimNode node, long ticket, Reply reply, CausalToken token) {
    Open request = open.remove(ticket);
    if (request == null) return;
    learn(request.ask, token);
    List<String> markers = request.ask.request().markers();
    note(node, "answers " + markers + " " + summary(reply));
    String how = "by " + markers + " on node-" + node.index();
    switch (reply) {
      case Reply.Written written -> acknowledged(written, how);
      case Reply.Resolved resolved -> {
        if (resolved.written() != null) acknowledged(resolved.written(), how);
      }
      case Reply.Value value -> ledger.read(value.version().version().id(), how);
      case Reply.HeadList heads -> {
        for (Envelope head : heads.heads()) ledger.read(head.version().id(), how);
      }
      case Reply.Changes changes -> {
        for (Envelope one : changes.versions()) ledger.read(one.version().id(), how);
        if (request.ask.request() instanceof Request.Watch watch) {
          watchers.of(request.ask.client(), watch).hear(changes);
        }
      }
      case Reply.StoreDone _, Reply.Left _, Reply.Removed _ -> {}
      default -> throw new OracleFailure("ACK-TRUTH", "an answer of another kind: " + reply);
    }
    lastSeen.answered(request.ask, reply);
    ended(request, new Outcome(End.OK, reply, null, request.node.index()));
  }

  private void acknowledged(Reply.Written written, String how) {
    for (Reply.Written.Result entry : written.versions()) {
      Digest id = entry.version().id();
      ledger.acknowledged(id, written.level() + " " + how);
    }
  }

  private static String summary(Reply reply) {
    return switch (reply) {
      case Reply.Written w -> w.level() + " " + w.versions().getFirst().version().id();
      case Reply.Changes c -> "changes " + c.versions().size();
      case Reply.Value v -> "value " + v.version().version().id();
      default -> reply.getClass().getSimpleName();
    };
  }

  @Override
  public void refused(SimNode node, long ticket, KdeltaException error, CausalToken token) {
    Open request = open.remove(ticket);
    if (request == null) return;
    learn(request.ask, token);
    if (follows(request, error)) return;
    lastSeen.refused(request.ask, error);
    note(
        node,
        "refuses " + request.ask.request().markers() + " " + error.getClass().getSimpleName());
    failed(request, unknown(error) ? End.UNKNOWN : End.REFUSED, error.toString(), error);
  }

  /** Whether the write may still be there or appear: the class UNKNOWN of ACK-TRUTH. */
  private static boolean unknown(KdeltaException error) {
    return switch (error) {
      case KdeltaException.DurabilityUnmet _,
          KdeltaException.Unreachable _,
          KdeltaException.DiskFault _,
          KdeltaException.Corrupt _ ->
          true;
      default -> false;
    };
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
    for (long ticket : List.copyOf(open.keySet())) {
      Open request = open.get(ticket);
      if (request == null || request.node != node) continue;
      open.remove(ticket);
      failed(request, End.UNKNOWN, "node went down", null);
    }
  }

  private void ended(Open request, Outcome outcome) {
    watcher.ended(request.ask, outcome);
    request.asker.ended(request.ask, outcome);
    for (Listener listener : listeners) listener.ended(request.ask, outcome);
  }

  private void failed(Open request, End end, String how, @Nullable KdeltaException error) {
    Action.Ask ask = request.ask;
    attempts.ended(ask, error);
    for (String marker : ask.request().markers()) {
      // What another attempt did nobody knows.
      if (end == End.REFUSED && attempts.isOnly(ask)) ledger.refused(marker, how);
      else ledger.unknown(marker);
    }
    ended(request, new Outcome(end, null, error, request.node.index()));
  }

  private void note(SimNode node, String what) {
    trace.note(simulator.nowNanos(), node.index(), what);
  }
}
