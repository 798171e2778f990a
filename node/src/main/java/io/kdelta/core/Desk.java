package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Coverage;
import io.kdelta.causal.Dot;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Written;
import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.AckPlan;
import io.kdelta.cluster.Cluster;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.Readiness;
import io.kdelta.cluster.Session;
import io.kdelta.document.Answer;
import io.kdelta.document.DocumentStore;
import io.kdelta.document.Write;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.storage.StorageEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where clients are served: takes a command, has the document store or the cluster carry it out,
 * and leaves the answer with the commit gate.
 *
 * <p>Owned by the core. A refusal that rests on rows (not found, conflict) waits for these rows as
 * an answer does: a crash could take them back and with them the reason. One that does not, leaves
 * at once, and then nothing was appended.
 */
final class Desk {
  private static final long NANOS_PER_MILLI = 1_000_000L;

  /** A start later a seed that is up has answered; whoever is alone by then begins alone. */
  private static final long SEEDS_ANSWER_NANOS = 5_000_000_000L;

  private final CoreConfig.Limits limits;
  private final StorageEngine engine;
  private final CausalStore store;
  private final Errands errands;
  private final DocumentStore documents;
  private final Lookups lookups;
  private final Tokens tokens;
  private final Anteroom anteroom;
  private final Watches watches;
  private final CommitGate gate;
  private final Peers peers;
  private final NodeFacts facts;
  private final Outbox outbox;
  private final Time clock;
  private final long openedAt;
  private final Supplier<CoreStats> stats;
  private long slowness;
  private boolean wrote;
  private long commands;
  private long writes;

  Desk(
      CoreConfig.Limits limits,
      StorageEngine engine,
      Errands errands,
      CausalStore store,
      CommitGate gate,
      Peers peers,
      NodeFacts facts,
      Outbox outbox,
      Time clock,
      Supplier<CoreStats> stats) {
    this.limits = limits;
    this.engine = engine;
    this.store = store;
    this.errands = errands;
    this.tokens = new Tokens(store, peers.cluster());
    this.documents = DocumentStore.of(store, tokens.stability()::heads);
    this.anteroom = new Anteroom(tokens);
    this.watches = new Watches(store, tokens);
    this.lookups = new Lookups(documents, engine, tokens);
    this.gate = gate;
    this.peers = peers;
    this.facts = facts;
    this.outbox = outbox;
    this.clock = clock;
    this.openedAt = clock.nanos();
    this.stats = stats;
  }

  /**
   * Serves one command; its answer leaves through the outbox, in this turn or a later one. A
   * command whose client has seen more than this node waits for that first.
   */
  void serve(Event.Arrived asked) {
    commands++;
    boolean steers = asked.command() instanceof Command.Steering;
    attempt(
        asked,
        () -> {
          admit(asked.deadlineNanos());
          if (asked.command() instanceof Command.Reading) refer(asked.after());
          if (steers || !anteroom.takes(asked)) {
            carryOut(asked);
          } else {
            peers.hurry(clock.nanos());
          }
        });
  }

  /** Serves what has waited for the store to grow, if it may be read. */
  void goOn() {
    for (Event.Arrived asked : anteroom.ready()) attempt(asked, () -> carryOut(asked));
    for (Event.Arrived asked : watches.ready()) attempt(asked, () -> carryOut(asked));
  }

  /** Refuses those whose deadline came while they waited for the store to grow. */
  void expire(long now) {
    anteroom.expire(now, outbox);
    for (Watches.Found found : watches.expired(now)) answer(found);
  }

  /** When the next of them gives up, or {@link Timers#NEVER}. */
  long nextDeadline() {
    return Math.min(anteroom.nextDeadline(), watches.nextDeadline());
  }

  /** The client of a ticket needs no answer. */
  void abandon(long ticket) {
    anteroom.abandon(ticket);
    watches.abandon(ticket);
  }

  /** Refuses what waits: the node stops. */
  void stop() {
    anteroom.stop(outbox);
    watches.stop(outbox);
  }

  private void attempt(Event.Arrived asked, Runnable attempt) {
    long ticket = asked.ticket();
    try {
      attempt.run();
    } catch (KdeltaException.NotFound | KdeltaException.NoValueAt | KdeltaException.Conflict e) {
      CommitGate.Need need = CommitGate.Need.read(engine.lastLsn());
      CausalToken token = tokens.answer(asked.after(), refusedBy(asked.command()));
      gate.park(ticket, need, asked.deadlineNanos(), (out, _) -> out.refuse(ticket, e, token));
    } catch (KdeltaException e) {
      outbox.refuse(ticket, e);
    }
  }

  /** What a refusal that rests on rows tells of them. */
  private Coverage.Named refusedBy(Command command) {
    try {
      return lookups.restsOn(command);
    } catch (KdeltaException e) {
      // Not to be read any more: then nothing was shown.
      return Coverage.Named.NOTHING;
    }
  }

  /** Keeps acknowledgements of writes back for so many nanoseconds, from now on. */
  void slow(long nanos) {
    slowness = nanos;
  }

  /** Whether anything was written since the last call. */
  boolean takeWrote() {
    boolean taken = wrote;
    wrote = false;
    return taken;
  }

  /** Who waits for the store to grow. */
  CoreStats.Waiting waiting() {
    return new CoreStats.Waiting(anteroom.size(), anteroom.behind(), watches.size());
  }

  /** Commands since the start. */
  long commands() {
    return commands;
  }

  /** Versions that clients wrote since the start. */
  long writes() {
    return writes;
  }

  private void admit(long deadline) {
    if (deadline <= clock.nanos()) {
      throw new KdeltaException.Overloaded("the request waited here beyond its deadline");
    }
    if (gate.parked() + anteroom.size() + watches.size() >= limits.parkedReplies()) {
      throw new KdeltaException.Overloaded(limits.parkedReplies() + " answers wait already");
    }
  }

  /**
   * What this node finds while it holds nothing is no answer where others hold something, or may
   * and were not heard yet: Behind, with who can answer. Bytes that were damaged here are no such
   * nothing: whoever asks for them hears that. Who has a token waits where nobody can answer now.
   */
  private void refer(CausalToken after) {
    if (store.tree().count() > 0 || !store.lost().isEmpty()) return;
    boolean early = clock.nanos() - openedAt < SEEDS_ANSWER_NANOS;
    Readiness emptiness = peers.cluster().emptiness(early);
    if (emptiness.ready()) return;
    Optional<Member> fullest = facts.fullest();
    if (fullest.isEmpty()) {
      if (!after.isEmpty()) return;
      throw new KdeltaException.Behind(
          "any version of its cluster (" + emptiness.reason() + ")", List.of());
    }
    Member.Card card = fullest.get().card();
    throw new KdeltaException.Behind(
        "any of the " + fullest.get().facts().versions() + " versions of " + card.name(),
        card.addresses());
  }

  private void carryOut(Event.Arrived asked) {
    long ticket = asked.ticket();
    switch (asked.command()) {
      case Command.Writing writing -> write(asked, writing);
      case Command.Reading reading -> {
        Lookups.Found found = lookups.find(reading);
        show(asked, found.reply(), found.lsn(), found.named());
      }
      case Command.Watch watch -> {
        Watches.Found found = watches.ask(asked, watch);
        if (found != null) answer(found);
      }
      case Command.Steering steering -> steer(ticket, steering, asked.deadlineNanos());
    }
  }

  private void answer(Watches.Found found) {
    show(found.asked(), found.reply(), found.lsn(), found.named());
  }

  /** Answers with what was read, once it is synced. */
  private void show(Event.Arrived asked, Reply reply, long lsn, Coverage.Named named) {
    long ticket = asked.ticket();
    CausalToken token = tokens.answer(asked.after(), named);
    if (gate.survives(lsn)) {
      outbox.answer(ticket, reply, token);
      return;
    }
    CommitGate.Need need = CommitGate.Need.read(lsn);
    gate.park(ticket, need, asked.deadlineNanos(), (out, _) -> out.answer(ticket, reply, token));
  }

  private void write(Event.Arrived asked, Command.Writing command) {
    switch (command) {
      case Command.Put(Write write, Command.Terms terms) ->
          write(asked, List.of(noted(write, terms)), terms);
      case Command.Delete delete -> {
        Write write =
            Write.delete(delete.key())
                .when(delete.precondition())
                .over(delete.parents())
                .because(delete.terms().note());
        write(asked, List.of(write), delete.terms());
      }
      case Command.Batch batch -> {
        List<Write> noted = new ArrayList<>();
        for (Write item : batch.items()) noted.add(noted(item, batch.terms()));
        write(asked, noted, batch.terms());
      }
      case Command.Resolve resolve -> resolve(asked, resolve);
      case Command.ImportVersions imports -> {
        AckPlan plan = accept(imports.level());
        Answer.Outcome outcome = documents.importVersions(imports.versions());
        park(asked, outcome, plan, synced -> Replies.imported(outcome, plan.level(), synced));
      }
    }
  }

  private void write(Event.Arrived asked, List<Write> writes, Command.Terms terms) {
    AckPlan plan = accept(terms.level());
    Answer.Outcome outcome = documents.write(writes, terms.requestId());
    park(asked, outcome, plan, synced -> Replies.written(outcome, plan.level(), synced));
  }

  private static Write noted(Write write, Command.Terms terms) {
    boolean silent = write.note().isEmpty() && !terms.note().isEmpty();
    return silent ? write.because(terms.note()) : write;
  }

  private void resolve(Event.Arrived asked, Command.Resolve command) {
    AckPlan plan = command.dryRun() ? null : accept(command.terms().level());
    Answer.Resolution resolution =
        documents.resolve(
            command.key(),
            command.choice(),
            command.dryRun(),
            command.precondition(),
            command.terms().note(),
            command.terms().requestId());
    Answer.Outcome outcome = resolution.outcome();
    if (plan == null || outcome == null) {
      long ticket = asked.ticket();
      Reply.Resolved reply = Replies.planned(resolution);
      Coverage.Named named = tokens.key(command.key());
      CausalToken token = tokens.answer(asked.after(), named);
      CommitGate.Need need = CommitGate.Need.read(Math.max(resolution.lsn(), named.lsn()));
      gate.park(ticket, need, asked.deadlineNanos(), (out, _) -> out.answer(ticket, reply, token));
      return;
    }
    park(
        asked,
        outcome,
        plan,
        synced -> Replies.resolved(resolution, outcome, plan.level(), synced));
  }

  /** What a write accepted now has to reach; ReadOnly while the node takes none. */
  private AckPlan accept(@Nullable AckLevel level) {
    Cluster cluster = peers.cluster();
    Readiness readiness = cluster.readiness();
    if (!readiness.ready()) {
      throw new KdeltaException.ReadOnly(engine.readOnlyReason().orElse(readiness.reason()));
    }
    return cluster.plan(level == null ? cluster.defaultLevel() : level);
  }

  /**
   * Parks the answer to a write.
   *
   * @param reply makes it, from how many nodes have it synced
   */
  private void park(
      Event.Arrived asked, Answer.Outcome outcome, AckPlan plan, IntFunction<Reply> reply) {
    List<List<Dot>> places = new ArrayList<>();
    List<List<Dot>> repeated = new ArrayList<>();
    List<Dot> dots = new ArrayList<>();
    for (Written written : outcome.written()) {
      places.add(written.dots());
      dots.addAll(written.dots());
      if (written.repeated()) {
        repeated.add(written.dots());
      } else {
        writes++;
        wrote = true;
      }
    }
    Coverage.Named named = tokens.dots(dots);
    CausalToken token = tokens.answer(asked.after(), named);
    long lsn = Math.max(outcome.lsn(), named.lsn());
    CommitGate.Need need = CommitGate.Need.write(lsn, plan.level(), plan.further(), places);
    long now = clock.nanos();
    long patience = now + limits.ackTimeoutMillis() * NANOS_PER_MILLI;
    long until = Math.min(asked.deadlineNanos(), patience);
    gate.park(
        asked.ticket(),
        need,
        now + slowness,
        until,
        (out, synced) -> out.answer(asked.ticket(), reply.apply(synced), token));
    // Nobody ships what was shipped once; a retry has to ask for it.
    if (plan.further() > 0) peers.assure(repeated, until, clock.nanos());
  }

  private void steer(long ticket, Command.Steering command, long deadline) {
    long now = clock.nanos();
    switch (command) {
      case Command.ClusterStatus() -> outbox.answer(ticket, facts.members(false));
      case Command.Members() -> outbox.answer(ticket, facts.members(true));
      case Command.AdminStatus() -> outbox.answer(ticket, facts.status(stats.get()));
      case Command.Health() -> outbox.answer(ticket, facts.health(stats.get()));
      case Command.ReconcileLog(int limit) -> {
        List<Session> sessions = peers.cluster().sessions();
        int count = Math.clamp(limit, 0, sessions.size());
        outbox.answer(ticket, new Reply.SessionList(peers.named(sessions.subList(0, count))));
      }
      case Command.Reconcile reconcile -> {
        Optional<NodeId> peer =
            Optional.ofNullable(reconcile.with()).map(text -> facts.member(text).node());
        var event = new io.kdelta.cluster.Event.ReconcileNow(ticket, peer);
        peers.run(ticket, Peers.Kind.RECONCILE, deadline, event, now);
      }
      case Command.StoreErrand errand -> errands.begin(ticket, errand);
      case Command.Leave() ->
          peers.run(ticket, Peers.Kind.LEAVE, deadline, new io.kdelta.cluster.Event.Leave(), now);
      case Command.Drain() ->
          peers.run(ticket, Peers.Kind.DRAIN, deadline, new io.kdelta.cluster.Event.Drain(), now);
      case Command.Remove remove -> remove(ticket, remove, deadline);
    }
  }

  /** What it answers must be durable: a removal that a crash takes back is none. */
  private void remove(long ticket, Command.Remove command, long deadline) {
    Optional<String> readOnly = engine.readOnlyReason();
    if (readOnly.isPresent()) throw new KdeltaException.ReadOnly(readOnly.get());
    NodeId gone = facts.removable(command.node()).node();
    int told = peers.remove(gone, clock.nanos());
    CommitGate.Need need = CommitGate.Need.read(engine.lastLsn());
    Reply reply = new Reply.Removed(gone, told);
    gate.park(ticket, need, deadline, (out, _) -> out.answer(ticket, reply));
  }
}
