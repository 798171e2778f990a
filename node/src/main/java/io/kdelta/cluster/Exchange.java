package io.kdelta.cluster;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Reception;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.Effect.Abort;
import io.kdelta.reconciliation.Effect.Done;
import io.kdelta.reconciliation.Effect.Push;
import io.kdelta.reconciliation.Effect.Send;
import io.kdelta.reconciliation.InformationBound;
import io.kdelta.reconciliation.Input;
import io.kdelta.reconciliation.Limits;
import io.kdelta.reconciliation.Message;
import io.kdelta.reconciliation.Message.Fail.Code;
import io.kdelta.reconciliation.MessageCodec;
import io.kdelta.reconciliation.Reconciliation;
import io.kdelta.reconciliation.Rung;
import io.kdelta.reconciliation.SharedDots;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One session with one peer: the pure machine, the versions that move for it, and what it cost.
 *
 * <p>Owned by {@link Reconciler}, on the core thread. Messages and pushed versions travel in one
 * lane, in order. What arrives is stored before the machine hears of it; what the machine pushes
 * goes parents first, within the peer's credit. A session that reached DONE with equal roots is
 * over only when everything received is synced and the peer's positions are adopted, so that no
 * position outlives its version in a crash.
 */
final class Exchange {
  static final MessageCodec CODEC = new MessageCodec(Limits.STANDARD);

  private final Replica replica;
  private final Sessions.Host host;
  private final NodeId peer;
  private final long number;
  private final boolean initiator;
  private final Reconciliation machine;
  private final Shipment shipment;
  private final long startedAt;
  private final Map<Long, Integer> storing = new TreeMap<>();
  private final TreeSet<Digest> parked = new TreeSet<>();
  private final List<Digest> refused = new ArrayList<>();
  private long heardAt;
  private long storedBytes;
  private long storingBytes;
  private long storedLsn;
  private long versionsSent;
  private long versionsReceived;
  private long bytesSent;
  private long bytesReceived;
  private long metadataBytes;
  private @Nullable Done done;
  private long adopting;
  private @Nullable String outcome;
  private boolean limited;
  private boolean agreed;
  private boolean crossed;

  /** Opens nothing yet: an initiator starts it, a responder gives it the peer's first message. */
  Exchange(
      Replica replica,
      Sessions.Host host,
      NodeId peer,
      long number,
      boolean initiator,
      Reconciliation machine,
      long now) {
    this.replica = replica;
    this.host = host;
    this.peer = peer;
    this.number = number;
    this.initiator = initiator;
    this.machine = machine;
    this.shipment = new Shipment(replica);
    this.startedAt = now;
    this.heardAt = now;
  }

  NodeId peer() {
    return peer;
  }

  long number() {
    return number;
  }

  /** Whether this side asked and has not been answered yet: it may have crossed the peer's. */
  boolean isAsking() {
    return initiator && machine.rounds() == 0 && !machine.isFinished();
  }

  /**
   * One of the peer's has crossed this one; whether it is the first. A second comes from a peer
   * that was told so and has not heard of this one: its first message was lost.
   */
  boolean isCrossedFirst() {
    boolean first = !crossed;
    crossed = true;
    return first;
  }

  /** Whether all words are said, and only storing and adopting are left to be done. */
  boolean isClosing() {
    return machine.isFinished();
  }

  /** Whether the session has ended and nothing of it is on its way into the store. */
  boolean isOver() {
    return outcome != null && storing.isEmpty();
  }

  /** How the session ended; empty while it runs. */
  String outcome() {
    return outcome == null ? "" : outcome;
  }

  /** Whether it ended with both sides equal but for what one of them refuses. */
  boolean isAgreed() {
    return agreed;
  }

  /** Whether a bound ended it when it had moved versions: the next session moves the next ones. */
  boolean isPartial() {
    return limited && versionsSent + versionsReceived > 0;
  }

  /** How many ids were left out because a side refuses them, once the session agreed. */
  long refusedCount() {
    return done == null ? 0 : done.refused();
  }

  /** Whether it climbed to the last rung. */
  boolean hasDrilled() {
    return machine.rungs().contains(Rung.MERKLE);
  }

  /** What the next session with this peer may refer to. */
  Optional<SharedDots> base() {
    return done == null ? Optional.empty() : done.base();
  }

  /** What this side refused in this session. */
  List<Digest> refused() {
    return refused;
  }

  /** Whether it did more than compare two roots that were equal. */
  boolean isNoteworthy() {
    return !agreed || machine.rungs().size() > 1 || versionsSent + versionsReceived > 0;
  }

  /** Since when nothing came though it is the peer's turn; Long.MAX_VALUE if it is not. */
  long silentSince() {
    boolean waiting = !machine.isFinished() && outcome == null && storing.isEmpty();
    return waiting && !shipment.isUnordered() ? heardAt : Long.MAX_VALUE;
  }

  /** Whether {@link #work} has something to do that waits for nobody. */
  boolean hasWork() {
    return outcome == null && shipment.isUnordered();
  }

  void forgive(long nanos) {
    heardAt += nanos;
  }

  void start(long now) {
    hear(new Input.Start(), now);
  }

  /** Takes a message of this session in. */
  void message(PeerMessage message, Weight weight, long now) {
    heardAt = now;
    bytesReceived += weight.wire();
    if (!(message instanceof PeerMessage.Push)) metadataBytes += weight.wire();
    switch (message) {
      case PeerMessage.Reconcile reconcile -> hear(CODEC.decode(reconcile.body().toArray()), now);
      case PeerMessage.Push push -> store(push, weight.plain(), now);
      case PeerMessage.PushCredit credit -> {
        if (!shipment.credit(credit.bytes())) stop(Code.ILLEGAL, now);
        work(now);
      }
      default -> throw new AssertionError("no message of a session: " + message);
    }
  }

  /** Ends the session from this side. */
  void stop(Code code, long now) {
    if (outcome == null && done == null) hear(new Input.Stop(code), now);
  }

  /** Ends the session without a word: the peer is gone, or has gone on to another one. */
  void drop(String why) {
    if (outcome == null) outcome = why;
  }

  /** Answer to a Store; whether it was one of this session's. */
  boolean stored(Event.Stored stored, long now) {
    Integer size = storing.remove(stored.tag());
    if (size == null) return false;
    storingBytes -= size;
    storedBytes += size;
    storedLsn = Math.max(storedLsn, stored.lsn());
    if (outcome == null) send(new PeerMessage.PushCredit(number, storedBytes), now);
    for (Reception reception : stored.receptions()) {
      if (reception instanceof Reception.Refused(Digest id, String why, boolean forGood)) {
        host.effect(new Effect.Notice("refused version " + id + " of " + peer + ": " + why));
        if (!forGood) {
          // The peer lies about a version that others may have whole: it is no partner to agree
          // with.
          stop(Code.ILLEGAL, now);
          drop("the peer sent a version that is not what it names");
          break;
        }
      }
      hear(heardOf(reception), now);
    }
    return true;
  }

  /** The store took nothing of a Store or an Adopt; whether it was one of this session's. */
  boolean notStored(Event.NotStored refusal, long now) {
    if (adopting != 0 && refusal.tag() == adopting) {
      outcome = "positions not stored: " + refusal.reason();
      return true;
    }
    if (storing.remove(refusal.tag()) == null) return false;
    stop(Code.STOPPED, now);
    return true;
  }

  /** Answer to an Adopt; whether it was this session's. */
  boolean adopted(Event.Adopted adopted) {
    if (adopting == 0 || adopted.tag() != adopting) return false;
    agree();
    return true;
  }

  /** Goes on with what does not wait for the peer. */
  void work(long now) {
    if (outcome != null) return;
    if (shipment.isUnordered() && !shipment.order()) {
      stop(Code.STOPPED, now);
      return;
    }
    while (shipment.isReady()) {
      List<Envelope> batch = shipment.next();
      if (batch.isEmpty()) {
        stop(Code.STOPPED, now);
        return;
      }
      Optional<Weight> weight = send(new PeerMessage.Push(number, batch), now);
      if (weight.isEmpty()) return;
      shipment.sent(weight.get().plain());
      versionsSent += batch.size();
    }
    close();
  }

  /** How far it is with what this side lacks. */
  CatchUpProgress progress(long now) {
    List<Rung> climbed = machine.rungs();
    String phase = climbed.isEmpty() ? "root" : climbed.getLast().label();
    long millis = (now - startedAt) / 1_000_000;
    return new CatchUpProgress(
        "session", phase, peer, bytesReceived, 0, 0, 0, versionsReceived, 0, millis);
  }

  /** The record for {@code cluster log}. */
  Session record(long now) {
    List<String> rungs = new ArrayList<>();
    for (Rung rung : machine.rungs()) rungs.add(rung.label());
    return new Session(
        peer,
        rungs,
        machine.rounds(),
        versionsSent,
        versionsReceived,
        bytesSent,
        bytesReceived,
        metadataBytes,
        InformationBound.bytes(replica.tree().count(), versionsSent, versionsReceived),
        (now - startedAt) / 1_000_000,
        outcome());
  }

  private void store(PeerMessage.Push push, int size, long now) {
    if (outcome != null || done != null || push.envelopes().isEmpty()) return;
    if (storingBytes >= Shipment.WINDOW_BYTES) {
      stop(Code.LIMIT, now);
      return;
    }
    long tag = host.tag();
    storing.put(tag, size);
    storingBytes += size;
    host.effect(new Effect.Store(tag, push.envelopes(), false));
  }

  private Input heardOf(Reception reception) {
    return switch (reception) {
      case Reception.Visible(Digest id) -> {
        versionsReceived++;
        yield new Input.Received(id);
      }
      case Reception.Duplicate(Digest id, boolean _) -> new Input.Received(id);
      case Reception.Parked(Digest id, Digest missing, boolean _) -> {
        versionsReceived++;
        parked.add(id);
        yield new Input.Parked(id, missing);
      }
      case Reception.Refused(Digest id, String _, boolean _) -> {
        refused.add(id);
        yield new Input.Refused(id);
      }
    };
  }

  /** The machine reads the set, and ids of it may lie in a part of the store that is damaged. */
  private void hear(Input input, long now) {
    List<io.kdelta.reconciliation.Effect> effects;
    try {
      effects = machine.step(input);
    } catch (KdeltaException.Corrupt e) {
      effects = machine.step(new Input.Stop(Code.STOPPED));
    }
    perform(effects, now);
  }

  private void perform(List<io.kdelta.reconciliation.Effect> effects, long now) {
    for (io.kdelta.reconciliation.Effect effect : effects) {
      switch (effect) {
        case Send(Message message) ->
            send(new PeerMessage.Reconcile(number, Bytes.wrap(CODEC.encode(message))), now);
        case Push(List<Digest> ids) -> shipment.add(ids);
        case Done end -> done = end;
        case Abort(Code code, boolean byPeer) -> {
          limited = code == Code.LIMIT;
          outcome = code.name().toLowerCase(Locale.ROOT) + (byPeer ? " (said the peer)" : "");
        }
      }
    }
    work(now);
  }

  /** After DONE: waits until what was received is synced, then adopts, then it is over. */
  private void close() {
    if (done == null || outcome != null || adopting != 0) return;
    if (replica.durableLsn() < storedLsn) return;
    for (Digest id : parked) {
      if (!replica.holds(id)) {
        outcome = "incomplete: version " + id + " still waits for a parent";
        return;
      }
    }
    if (done.refused() > 0) {
      agree();
      return;
    }
    var lacking = Adoption.lacking(replica, done.dots());
    if (lacking.isEmpty()) {
      agree();
      return;
    }
    adopting = host.tag();
    host.effect(new Effect.Adopt(adopting, lacking));
  }

  private void agree() {
    agreed = true;
    outcome = refusedCount() == 0 ? "equal" : "refused";
  }

  private Optional<Weight> send(PeerMessage message, long now) {
    Optional<Weight> weight = host.sendCounting(peer, message, now);
    int size = weight.map(Weight::wire).orElse(0);
    bytesSent += size;
    if (!(message instanceof PeerMessage.Push)) metadataBytes += size;
    return weight;
  }
}
