package io.kdelta.cluster;

import io.kdelta.causal.Consignment;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Intervals;
import io.kdelta.causal.NodeId;
import io.kdelta.memory.Bytes;
import java.util.List;
import java.util.SortedMap;

/** What the cluster asks of the world; to be carried out in order. */
public sealed interface Effect {

  /**
   * Open a link to {@code host:port}; answered by LinkUp or DialFailed, or, when it is a name, by
   * Resolved.
   */
  record Dial(String address) implements Effect {}

  /** Close a link after what was sent on it; answered by LinkDown. */
  record Hangup(long link, String reason) implements Effect {}

  /** Send one message. A lane overtakes those after it; within a lane the order is kept. */
  record Send(long link, Bytes message, Lane lane) implements Effect {}

  /**
   * Store received versions, in one transaction or in several in their order; answered by {@link
   * Event.Stored} with the same tag.
   *
   * @param envelopes decoded, so their ids were recomputed; parents first where both are known
   * @param parkDurably whether one whose parent is missing waits on disk, never evicted
   */
  record Store(long tag, List<Envelope> envelopes, boolean parkDurably) implements Effect {}

  /**
   * Store all versions of some keys, as {@link Store} does one by one where something is held of
   * these keys; answered by {@link Event.Stored} with the same tag.
   */
  record TakeIn(long tag, Consignment versions) implements Effect {}

  /**
   * Take in a shipped frame in one transaction, parking durably; answered by {@link
   * Event.FrameTaken} with the same tag.
   */
  record TakeFrame(long tag, Frame frame) implements Effect {}

  /** Note dots of versions in the set whose rows are not held; answered by Adopted. */
  record Adopt(long tag, SortedMap<Incarnation, Intervals> positions) implements Effect {}

  /** Write no more under that incarnation: the next write draws a new one. */
  record EndLog(Incarnation incarnation) implements Effect {}

  /** A member's synced receipt now covers these dots: the commit gate may look again. */
  record Receipt(NodeId node, Incarnation incarnation, long first, long last) implements Effect {}

  /** Write a system row; {@link Replica#recall} answers it after the next start. */
  record Remember(String name, Bytes value) implements Effect {}

  /** Send WakeUp at {@code nanos}; replaces the last WakeAt. */
  record WakeAt(long nanos) implements Effect {}

  /** Members, their states or the readiness of this node are not what they were. */
  record MembershipChanged() implements Effect {}

  /** One line for the log of the operator. */
  record Notice(String text) implements Effect {}

  /** File work of a snapshot; answered by {@link Event.SnapshotDone} with the same tag. */
  record Snapshot(long tag, SnapshotOrder order) implements Effect {}

  /** A session has ended, for {@code cluster log}. */
  record SessionEnded(Session session) implements Effect {}

  /** Answer to ReconcileNow, when every session it asked for has ended. */
  record Reconciled(long ticket, List<Session> sessions) implements Effect {}

  /**
   * Answer to Drain and Leave: nothing is dialled any more.
   *
   * @param left whether for good
   * @param told how many members heard of it at once
   * @param shipped whether everything that lies here is known to lie elsewhere too
   */
  record Departed(boolean left, int told, boolean shipped) implements Effect {}
}
