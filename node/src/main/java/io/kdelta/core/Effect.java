package io.kdelta.core;

import io.kdelta.causal.CausalToken;
import io.kdelta.cluster.Lane;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageWork;

/** What the core asks of the world at the end of a turn, to be performed in order. Immutable. */
public sealed interface Effect {
  /**
   * Answers a request.
   *
   * @param token what the client has seen by then: what it asked with and what the reply shows
   */
  record Answer(long ticket, Reply reply, CausalToken token) implements Effect {}

  /**
   * Answers a request with an error.
   *
   * @param token as in Answer where the error tells something of the data, such as that a key was
   *     deleted; else empty
   */
  record Refuse(long ticket, KdeltaException error, CausalToken token) implements Effect {}

  /**
   * Runs a piece of disk work away from the core; afterwards {@link Event.WorkDone}. Work of kind
   * LOG and work of kind TABLE may run at the same time; of each kind one is out at most.
   */
  record Run(StorageWork work) implements Effect {}

  /** Sends one message over a link, in the order of its lane; dropped when the link is gone. */
  record Send(long link, Bytes message, Lane lane) implements Effect {}

  /**
   * Tries to open a link to an address; {@link Event.PeerUp}, {@link Event.DialFailed} or {@link
   * Event.Resolved} follows.
   */
  record Dial(String address) implements Effect {}

  /** Closes a link after what was sent on it; {@link Event.PeerDown} follows. */
  record Hangup(long link, String reason) implements Effect {}

  /** One line for the log of the operator. */
  record Notice(String text) implements Effect {}

  /**
   * The process may end.
   *
   * @param left whether the node has left for good; else it is drained, and may come back
   * @param shipped whether everything that it holds is known to lie elsewhere too
   */
  record Departed(boolean left, boolean shipped) implements Effect {}

  /** Sends {@link Event.Tick} at this time; replaces the one asked for before. */
  record WakeAt(long nanos) implements Effect {}

  /**
   * The node must not go on: its log failed or it found its own state broken. Everything waiting
   * was refused already.
   */
  record Halt(KdeltaException cause) implements Effect {}
}
