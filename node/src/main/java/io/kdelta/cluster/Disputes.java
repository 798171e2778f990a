package io.kdelta.cluster;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.reconciliation.Digest;
import java.util.LinkedHashMap;
import java.util.Optional;

/**
 * Places in a log that two versions claim: who meets one tells the node whose log it is, and that
 * node goes on under a new incarnation, so that its writes can be counted again (data-model.md
 * section 10). Owned by the core thread.
 *
 * <p>Nothing here is proof: whoever squatted the place can say anything. So a dispute costs the
 * origin no more than a new name, and not more often than the pause between two of them allows,
 * which doubles while disputes go on.
 */
final class Disputes {
  private static final long SECOND = 1_000_000_000L;
  private static final long SAY_PAUSE = SECOND;
  private static final long END_PAUSE = 10 * SECOND;
  private static final int END_DOUBLINGS = 6;
  private static final long PEACE = 3_600 * SECOND;
  private static final int LOGS_MAX = 1_024;

  private final Replica replica;
  private final Outbox outbox;
  private final Wire wire;

  /** When each was last told of; the one spoken of last is last. */
  private final LinkedHashMap<Incarnation, Long> saidAt = new LinkedHashMap<>();

  private long endedAt = -PEACE;
  private int ended;

  Disputes(Replica replica, Outbox outbox, Wire wire) {
    this.replica = replica;
    this.outbox = outbox;
    this.wire = wire;
  }

  /** A frame of a disputed log came: where it contradicts what is held, its origin is told. */
  void noticed(Frame frame, long now) {
    Incarnation log = frame.incarnation();
    Long said = saidAt.get(log);
    if (said != null && now - said < SAY_PAUSE) return;
    long seq = frame.firstSeq();
    for (Envelope envelope : frame.envelopes()) {
      Optional<Digest> held = replica.versionAt(log, seq);
      Digest told = envelope.version().id();
      if (held.isPresent() && !held.get().equals(told)) {
        say(frame, new PeerMessage.Dispute(log, seq, held.get(), told), now);
        return;
      }
      seq++;
    }
  }

  /** A node says that a place in a log is claimed twice; what is to be done is an effect. */
  void heard(PeerMessage.Dispute dispute, long now) {
    Incarnation log = dispute.incarnation();
    if (!log.equals(replica.own().orElse(null))) return;
    Optional<Digest> mine = replica.versionAt(log, dispute.seq());
    boolean foreign = !mine.equals(Optional.of(dispute.held()));
    foreign |= !mine.equals(Optional.of(dispute.told()));
    if (!foreign || now - endedAt < pause()) return;
    ended = now - endedAt >= PEACE ? 1 : ended + 1;
    endedAt = now;
    outbox.notice(
        "somebody else claims place " + dispute.seq() + " of this node's log: a new one is begun");
    outbox.add(new Effect.EndLog(log));
  }

  private void say(Frame frame, PeerMessage.Dispute dispute, long now) {
    if (!wire.send(frame.node(), dispute, now)) return;
    saidAt.remove(dispute.incarnation());
    saidAt.putLast(dispute.incarnation(), now);
    if (saidAt.size() > LOGS_MAX) saidAt.pollFirstEntry();
  }

  private long pause() {
    return ended == 0 ? 0 : END_PAUSE << Math.min(ended - 1, END_DOUBLINGS);
  }
}
