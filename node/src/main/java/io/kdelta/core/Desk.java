package io.kdelta.core;

import io.kdelta.causal.Dot;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Written;
import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.AckPlan;
import io.kdelta.cluster.Cluster;
import io.kdelta.cluster.Event;
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

  private final CoreConfig.Limits limits;
  private final StorageEngine engine;
  private final Errands errands;
  private final DocumentStore documents;
  private final Lookups lookups;
  private final CommitGate gate;
  private final Peers peers;
  private final NodeFacts facts;
  private final Outbox outbox;
  private final Time clock;
  private final Supplier<CoreStats> stats;
  private long slowness;
  private boolean wrote;
  private long commands;
  private long writes;

  Desk(
      CoreConfig.Limits limits,
      StorageEngine engine,
      Errands errands,
      DocumentStore documents,
      CommitGate gate,
      Peers peers,
      NodeFacts facts,
      Outbox outbox,
      Time clock,
      Supplier<CoreStats> stats) {
    this.limits = limits;
    this.engine = engine;
    this.errands = errands;
    this.documents = documents;
    this.lookups = new Lookups(documents, engine);
    this.gate = gate;
    this.peers = peers;
    this.facts = facts;
    this.outbox = outbox;
    this.clock = clock;
    this.stats = stats;
  }

  /** Serves one command; its answer leaves through the outbox, in this turn or a later one. */
  void serve(long ticket, Command command, long deadline) {
    commands++;
    try {
      admit(deadline);
      carryOut(ticket, command, deadline);
    } catch (KdeltaException.NotFound | KdeltaException.NoValueAt | KdeltaException.Conflict e) {
      CommitGate.Need need = CommitGate.Need.read(engine.lastLsn());
      gate.park(ticket, need, deadline, (out, _) -> out.refuse(ticket, e));
    } catch (KdeltaException e) {
      outbox.refuse(ticket, e);
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
    if (gate.parked() >= limits.parkedReplies()) {
      throw new KdeltaException.Overloaded(limits.parkedReplies() + " answers wait already");
    }
  }

  private void carryOut(long ticket, Command command, long deadline) {
    switch (command) {
      case Command.Writing writing -> write(ticket, writing, deadline);
      case Command.Reading reading -> {
        Lookups.Found found = lookups.find(reading);
        if (gate.survives(found.lsn())) {
          outbox.answer(ticket, found.reply());
          return;
        }
        CommitGate.Need need = CommitGate.Need.read(found.lsn());
        gate.park(ticket, need, deadline, (out, _) -> out.answer(ticket, found.reply()));
      }
      case Command.Steering steering -> steer(ticket, steering, deadline);
    }
  }

  private void write(long ticket, Command.Writing command, long deadline) {
    switch (command) {
      case Command.Put(Write write, Command.Terms terms) ->
          write(ticket, List.of(noted(write, terms)), terms, deadline);
      case Command.Delete delete -> {
        Write write =
            Write.delete(delete.key())
                .when(delete.precondition())
                .over(delete.parents())
                .because(delete.terms().note());
        write(ticket, List.of(write), delete.terms(), deadline);
      }
      case Command.Batch batch -> {
        List<Write> noted = new ArrayList<>();
        for (Write item : batch.items()) noted.add(noted(item, batch.terms()));
        write(ticket, noted, batch.terms(), deadline);
      }
      case Command.Resolve resolve -> resolve(ticket, resolve, deadline);
      case Command.ImportVersions imports -> {
        AckPlan plan = accept(imports.level());
        Answer.Outcome outcome = documents.importVersions(imports.versions());
        park(
            ticket,
            outcome,
            plan,
            deadline,
            (out, synced) -> out.answer(ticket, Replies.imported(outcome, plan.level(), synced)));
      }
    }
  }

  private void write(long ticket, List<Write> asked, Command.Terms terms, long deadline) {
    AckPlan plan = accept(terms.level());
    Answer.Outcome outcome = documents.write(asked, terms.requestId());
    park(
        ticket,
        outcome,
        plan,
        deadline,
        (out, synced) -> out.answer(ticket, Replies.written(outcome, plan.level(), synced)));
  }

  private static Write noted(Write write, Command.Terms terms) {
    boolean silent = write.note().isEmpty() && !terms.note().isEmpty();
    return silent ? write.because(terms.note()) : write;
  }

  private void resolve(long ticket, Command.Resolve command, long deadline) {
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
      Reply.Resolved reply = Replies.planned(resolution);
      CommitGate.Need need = CommitGate.Need.read(resolution.lsn());
      gate.park(ticket, need, deadline, (out, _) -> out.answer(ticket, reply));
      return;
    }
    park(
        ticket,
        outcome,
        plan,
        deadline,
        (out, synced) ->
            out.answer(ticket, Replies.resolved(resolution, outcome, plan.level(), synced)));
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

  private void park(
      long ticket,
      Answer.Outcome outcome,
      AckPlan plan,
      long deadline,
      CommitGate.Departure departure) {
    List<List<Dot>> places = new ArrayList<>();
    List<List<Dot>> repeated = new ArrayList<>();
    for (Written written : outcome.written()) {
      places.add(written.dots());
      if (written.repeated()) {
        repeated.add(written.dots());
      } else {
        writes++;
        wrote = true;
      }
    }
    CommitGate.Need need =
        CommitGate.Need.write(outcome.lsn(), plan.level(), plan.further(), places);
    long now = clock.nanos();
    long patience = now + limits.ackTimeoutMillis() * NANOS_PER_MILLI;
    gate.park(ticket, need, now + slowness, Math.min(deadline, patience), departure);
    // Nobody ships what was shipped once; a retry has to ask for it.
    if (plan.further() > 0) peers.assure(repeated, clock.nanos());
  }

  private void steer(long ticket, Command.Steering command, long deadline) {
    long now = clock.nanos();
    switch (command) {
      case Command.ClusterStatus() -> outbox.answer(ticket, facts.members(false));
      case Command.Members() -> outbox.answer(ticket, facts.members(true));
      case Command.AdminStatus() -> outbox.answer(ticket, facts.status(stats.get()));
      case Command.ReconcileLog(int limit) -> {
        List<Session> sessions = peers.cluster().sessions();
        int count = Math.clamp(limit, 0, sessions.size());
        outbox.answer(ticket, new Reply.SessionList(peers.named(sessions.subList(0, count))));
      }
      case Command.Reconcile reconcile -> {
        Optional<NodeId> peer =
            Optional.ofNullable(reconcile.with()).map(text -> facts.member(text).node());
        Event event = new Event.ReconcileNow(ticket, peer);
        peers.run(ticket, Peers.Kind.RECONCILE, deadline, event, now);
      }
      case Command.StoreErrand errand -> errands.begin(ticket, errand);
      case Command.Leave() -> peers.run(ticket, Peers.Kind.LEAVE, deadline, new Event.Leave(), now);
    }
  }
}
