package io.kdelta.sim;

import io.kdelta.vfs.SimVfs;

/**
 * One thing that is done to a simulated world from outside: by the {@link Nemesis}, by a client, by
 * a line of a scenario. Every parameter is an explicit value, so a list of timed actions, a seed
 * for the low-level streams and a {@link Setup} are a whole run; performed by {@link Stage} alone.
 *
 * <p>Nodes are named by their index. What a fault undoes later is an action of its own.
 */
sealed interface Action {
  /** What {@link Stage#faults} counts: it can make something go wrong. */
  sealed interface Fault extends Action {
    /** Whether it does with these values. */
    default boolean harms() {
      return true;
    }
  }

  /** What happens to one node or its machine. */
  sealed interface OnNode extends Action {
    int node();
  }

  /** Swallows everything from one node to another. */
  record Cut(int from, int to) implements Fault {}

  /** The path from one node to another works again; what it held back arrives. */
  record Heal(int from, int to) implements Action {}

  /** All paths work again, under a clear sky. */
  record HealAll() implements Action {}

  /** How one directed path treats messages from now on. */
  record WeatherTurns(int from, int to, SimNetwork.Weather weather) implements Fault {
    @Override
    public boolean harms() {
      return !weather.equals(SimNetwork.Weather.CLEAR);
    }
  }

  /** The machine of a node loses its power: what was not synced may be lost. */
  record PowerLoss(int node) implements OnNode, Fault {}

  /** SIGKILL: the process is gone, the machine goes on. */
  record Kill(int node) implements OnNode, Fault {}

  /** Starts the process of a node that is down, on its disk as it is. */
  record Start(int node) implements OnNode {}

  /** The nth call to the disk from now on fails, counting those on paths that end so. */
  record FailCall(int node, long nth, String suffix, SimVfs.Fault fault) implements OnNode, Fault {}

  /** Leaves the disk only so many bytes of room. */
  record Fill(int node, long room) implements OnNode, Fault {}

  /** The disk has room again, and nothing is planned to fail any more. */
  record HealDisk(int node) implements OnNode {}

  /** The wall clock of a node is wrong by so many microseconds from now on. */
  record Clock(int node, long offsetMicros) implements OnNode, Fault {
    @Override
    public boolean harms() {
      return offsetMicros != 0;
    }
  }

  /** A byte of a file changes by itself. */
  record Flip(int node, String file, long offset, int mask) implements OnNode, Fault {}

  /** What holds at any moment is looked at on one node ({@link Oracle#glance}). */
  record Glance(int node) implements OnNode {}

  /** The faults are over: the last questions are asked ({@link Judgement}). */
  record Judge() implements Action {}

  /**
   * A client asks a node.
   *
   * @param client who asks
   * @param attempt 1 for the first time; more for a retry under the same request id
   */
  record Ask(int client, int node, Request request, int attempt) implements OnNode {
    @Override
    public String summary() {
      return "asked " + request.getClass().getSimpleName() + " " + request.markers();
    }
  }

  /** In a few words, for the trace. */
  default String summary() {
    return toString();
  }
}
