package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;

/**
 * The seam to the driver of reconciliation: when to run a session, with whom, and what it says.
 *
 * <p>Owned by the core thread. The driver is told what happens and acts through its {@link Host}.
 */
interface Sessions {

  /** What the driver may ask of the cluster it is part of. */
  interface Host extends Wire {
    /** This node's id. */
    NodeId self();

    /** The cluster that this node is in. */
    ClusterId cluster();

    /** Takes an effect: Store, Adopt, Snapshot, Remember, SessionEnded, Reconciled, Notice. */
    void effect(Effect effect);

    /** A tag for Store or Adopt. */
    long tag();

    /** A member, if it is known. */
    Optional<Member> member(NodeId node);

    /** Logs of which it is known that a node holds what this one does: no session names them. */
    default SortedSet<Incarnation> equal(NodeId node) {
      return Collections.emptySortedSet();
    }

    /**
     * A session has ended well: in DONE with equal roots, or in DONE_REFUSED. Frames may flow to
     * and from that node from now on, and what was suspended is asked for again.
     */
    void agreed(NodeId node, long now);
  }

  /** The node has started: what an earlier process left half done goes on. */
  default void started(long now) {}

  /** A node is linked; {@code met}: whether a session with it ever ended well. */
  void up(NodeId node, boolean met, long now);

  /** A node is not linked any more: a session with it has ended. */
  void down(NodeId node, long now);

  /** A message of a session or a snapshot of a linked node. */
  void message(NodeId node, PeerMessage.OfSession message, Weight weight, long now);

  /** A linked node told its root and numbers. */
  void heard(NodeId node, Member.Facts facts, long now);

  /** The own set has grown, by writes, streams or sessions. */
  void grown(long now);

  /**
   * Damage was set aside here, so the set may have shrunk: no session may end on the strength of
   * what was held before, and every peer is asked for what it has.
   */
  void mended(long now);

  /** Shipping from or to that node is in doubt; only a session can tell. */
  void doubt(NodeId node, String reason, long now);

  /** Answer to Store; whether the tag is one of the driver's. */
  boolean stored(Event.Stored stored, long now);

  /** Answer to Adopt; whether the tag is one of the driver's. */
  boolean adopted(Event.Adopted adopted, long now);

  /** The store took nothing; whether the tag is one of the driver's. */
  boolean notStored(Event.NotStored refusal, long now);

  /** Answer to the file work of a snapshot. */
  default void snapshotDone(Event.SnapshotDone done, long now) {
    throw new AssertionError("nobody asked for " + done);
  }

  /** A frame of a stream was taken in: so many versions that were new, so many bytes. */
  default void streamed(int fresh, int size, long now) {}

  /** How far this node is with what it lacks. */
  default CatchUpProgress progress() {
    return CatchUpProgress.NONE;
  }

  /** What was taken in by snapshots since the start. */
  default Traffic.Snapshots snapshots() {
    return Traffic.Snapshots.NONE;
  }

  /** More is synced: {@link Replica#durableLsn}. */
  void durable(long now);

  /** The operator asks for sessions now. */
  void reconcileNow(Event.ReconcileNow request, long now);

  /** This node was asleep for that long. */
  void forgive(long nanos);

  /** Does what is due. */
  void tick(long now);

  /** When {@link #tick} has something to do. */
  long deadline();

  /** Sessions that ended, newest first, a bounded number. */
  List<Session> past();

  /** Of all that have ended since the start, whether {@link #past} tells of them or not. */
  Traffic.Sessions totals();

  /** Makes the driver; its own stream of chance is split off. */
  interface Factory {
    Sessions create(Replica replica, Entropy entropy, Host host);
  }
}
