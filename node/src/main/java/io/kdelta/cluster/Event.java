package io.kdelta.cluster;

import io.kdelta.causal.Frame;
import io.kdelta.causal.FrameReception;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Reception;
import io.kdelta.memory.Bytes;
import java.util.List;
import java.util.Optional;

/** What the world tells the cluster; immutable values, made by core on the core thread. */
public sealed interface Event {

  /** The node has recovered and opens for its peers. First event, exactly once. */
  record Started() implements Event {}

  /**
   * A link is open in both directions.
   *
   * @param link number of the link, never used twice in a process
   * @param dialled the address of the {@link Effect.Dial} that this answers; empty: inbound
   */
  record LinkUp(long link, Optional<String> dialled) implements Event {}

  /** A link is gone, whoever closed it. Comes once per link, also after a Hangup. */
  record LinkDown(long link) implements Event {}

  /** A {@link Effect.Dial} did not reach anybody. */
  record DialFailed(String address) implements Event {}

  /** What was to be dialled is a name, of these addresses: each is dialled for itself. */
  record Resolved(String name, List<String> addresses) implements Event {}

  /** Bytes of one message. In the order of sending within a link and a {@link Lane}. */
  record Received(long link, Bytes message) implements Event {}

  /**
   * Own writes were appended to the log (not necessarily synced): they are shipped at once.
   *
   * @param frame what one commit wrote under the current incarnation; seqs join those of the last
   */
  record Appended(Frame frame) implements Event {}

  /**
   * Damaged rows were set aside: the set and the positions may hold less than before, and what is
   * missing has to be asked from the peers.
   */
  record Mended() implements Event {}

  /** Everything up to {@code lsn} is synced. */
  record Durable(long lsn) implements Event {}

  /**
   * Answer to {@link Effect.Store}.
   *
   * @param lsn the LSN whose durability makes the whole answer durable
   * @param receptions one per envelope, in order
   */
  record Stored(long tag, long lsn, List<Reception> receptions) implements Event {}

  /**
   * Answer to {@link Effect.TakeFrame}.
   *
   * @param lsn the LSN whose durability makes the whole answer durable
   */
  record FrameTaken(long tag, long lsn, FrameReception reception) implements Event {}

  /** The store did not take all of Store, or nothing of TakeFrame or Adopt: full, overloaded. */
  record NotStored(long tag, String reason) implements Event {}

  /** Answer to {@link Effect.Adopt}; durable with {@code lsn}. */
  record Adopted(long tag, long lsn) implements Event {}

  /** Answer to {@link Effect.Snapshot}. */
  record SnapshotDone(long tag, SnapshotOutcome outcome) implements Event {}

  /** The moment of the last {@link Effect.WakeAt} has come (or is long past). */
  record WakeUp() implements Event {}

  /** Dial these addresses from now on, as if they had been given at the start. */
  record Join(List<String> seeds) implements Event {}

  /** Ship everything, wait (bounded) for the backups, then be a member that is down. */
  record Drain() implements Event {}

  /** As {@link Drain}, then out of the cluster for good. */
  record Leave() implements Event {}

  /** Declare a member that will not come back as left: a tombstone that no gossip undoes. */
  record Remove(NodeId node) implements Event {}

  /** Reconcile now, with one peer or (empty) all; answered by {@link Effect.Reconciled}. */
  record ReconcileNow(long ticket, Optional<NodeId> peer) implements Event {}

  /**
   * A retry of a write that this node holds asks for a level: make sure that others hold these dots
   * and collect their receipts, whoever wrote them. Who is linked before {@code until} is asked
   * then.
   */
  record Assure(Incarnation incarnation, long first, long last, long until) implements Event {}

  /** A client waits here for what it has seen elsewhere: what others hold is asked for at once. */
  record Awaited() implements Event {}
}
