package io.kdelta.sim;

import io.kdelta.core.Reply;
import java.util.List;

/**
 * One thing that must hold, and the moments at which it is looked at. What does not hold is thrown
 * as an {@link OracleFailure}. An oracle may ask nodes ({@link World#asker}), which lets virtual
 * time pass; it does nothing else to the world, and draws only from a stream of its own.
 *
 * <p>The moments, in order: acknowledgements and glances all through a run; {@link #quiet} once
 * after the faults are over and all nodes agree; {@link #cold} after everything was started cold
 * and agrees again; {@link #end} last.
 */
interface Oracle {
  /** How often it has looked at something: one that never looks never fails. */
  long looks();

  /**
   * A client is about to be told OK by {@code node}. Called in the middle of a turn: ask nobody.
   */
  default void acknowledged(SimNode node, Reply.Written written) {}

  /** Something is about to be done to the world from outside. Ask nobody. */
  default void before(Action action) {}

  /** It was done. Ask nobody. */
  default void acted(Action action) {}

  /**
   * A node that was asked to stop has told the others, and ends. Called in the middle of a turn:
   * ask nobody.
   *
   * @param shipped whether it says that others hold everything that it holds
   */
  default void drained(SimNode node, boolean shipped) {}

  /** A client sends a request. Ask nobody. */
  default void asked(Action.Ask ask, SimNode node) {}

  /** What came of it. Ask nobody. */
  default void ended(Action.Ask ask, Clients.Outcome outcome) {}

  /** A line of the trace, of a node or (-1) of the world. Ask nobody. */
  default void noted(int node, String what) {}

  /** In the middle of everything: what must hold at any moment, of a node that is up. */
  default void glance(SimNode node) {}

  /** The faults are over and all nodes agree. */
  default void quiet(List<Audit> audits) {}

  /** Everything was started cold and agrees. */
  default void cold(List<Audit> audits) {}

  /** Nothing more will happen. */
  default void end() {}
}
