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

    /** What reports count it as. */
    default String kind() {
      return getClass().getSimpleName();
    }
  }

  /** What happens to one node or its machine. */
  sealed interface OnNode extends Action {
    int node();
  }

  /** What happens on the directed path between two nodes. */
  sealed interface OnPath extends Action {
    int from();

    int to();
  }

  /**
   * What a disk suffers that may destroy what nobody else has: the {@link Atlas} is told before.
   * Bytes that changed by themselves stay so: {@link #rots}.
   */
  sealed interface OnDisk extends OnNode, Fault {
    /** Whether the disk may be found damaged from then on, and not just old or empty. */
    default boolean rots() {
      return true;
    }

    /** Which of its files; empty for all of it. */
    default String file() {
      return "";
    }
  }

  /** Swallows everything from one node to another. */
  record Cut(int from, int to) implements OnPath, Fault {}

  /** The path from one node to another works again; what it held back arrives. */
  record Heal(int from, int to) implements OnPath {}

  /** What goes from one node to another waits: the receiver reads nothing, no link breaks. */
  record Clog(int from, int to) implements OnPath, Fault {}

  /** What waited on a clogged path flows. */
  record Unclog(int from, int to) implements OnPath {}

  /** The links between the two break at the nth message from now on, in its middle. */
  record Reset(int from, int to, int nth) implements OnPath, Fault {}

  /** The links between the two are gone for {@code to}, and {@code from} does not know. */
  record HalfOpen(int from, int to) implements OnPath, Fault {}

  /** All paths work again, under a clear sky. */
  record HealAll() implements Action {}

  /** How one directed path treats messages from now on. */
  record WeatherTurns(int from, int to, SimNetwork.Weather weather) implements OnPath, Fault {
    @Override
    public boolean harms() {
      return !weather.equals(SimNetwork.Weather.CLEAR);
    }
  }

  /** The machine of a node loses its power: what was not synced may be lost. */
  record PowerLoss(int node) implements OnNode, Fault {}

  /** SIGKILL: the process is gone, the machine goes on. */
  record Kill(int node) implements OnNode, Fault {}

  /** SIGTERM: the node takes no more writes, ships everything, tells the others, and ends. */
  record Drain(int node) implements OnNode, Fault {}

  /** Starts the process of a node that is down, on its disk as it is. */
  record Start(int node) implements OnNode {}

  /** The nth call to the disk from now on fails, counting those on paths that end so. */
  record FailCall(int node, long nth, String suffix, SimVfs.Fault fault) implements OnNode, Fault {
    @Override
    public String kind() {
      return "FailCall " + fault;
    }
  }

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

  /** The machine stands still, its timers pile up. */
  record Pause(int node) implements OnNode, Fault {}

  /** The machine goes on. */
  record Resume(int node) implements OnNode {}

  /** The machine stops at the nth call to one of its ports from now on. */
  record StopAt(int node, Fuse.Port port, int nth) implements OnNode, Fault {
    @Override
    public String kind() {
      return "StopAt " + port;
    }
  }

  /** Both clocks run too fast by so many parts in a million from now on, or too slow. */
  record Drift(int node, int ppm) implements OnNode, Fault {
    @Override
    public boolean harms() {
      return ppm != 0;
    }
  }

  /** No call to the disk comes back until it heals. */
  record HangDisk(int node) implements OnNode, Fault {}

  /**
   * Work of the disk takes up to so long until it heals, and each call in a turn.
   *
   * @param workNanosMax a write and sync, a piece of table work
   * @param callNanosMax a call in the middle of a turn
   */
  record SlowDisk(int node, long workNanosMax, long callNanosMax) implements OnNode, Fault {}

  /** An image is made of a disk, as a power loss now would leave it. */
  record Remember(int node) implements OnNode {}

  /** A disk goes back to its image, in a power loss; without one it is wiped. */
  record RollBack(int node) implements OnDisk {
    @Override
    public boolean rots() {
      return false;
    }
  }

  /** A disk loses everything, in a power loss. */
  record Wipe(int node) implements OnDisk {
    @Override
    public boolean rots() {
      return false;
    }
  }

  /** A disk is lost, and the image of another node's takes its place; the two are twins. */
  record Clone(int node, int source) implements OnDisk {
    @Override
    public boolean rots() {
      return false;
    }
  }

  /** A byte of a file changes by itself. */
  record Flip(int node, String file, long offset, int mask) implements OnDisk {}

  /** A range of a file becomes zeros. */
  record Zero(int node, String file, long offset, int count) implements OnDisk {}

  /** A range of a file has what the image has there: a write was lost. */
  record LostWrite(int node, String file, long offset, int count) implements OnDisk {}

  /** A range of a file has bytes that belong elsewhere. */
  record Misdirect(int node, String file, long offset, String source, long sourceOffset, int count)
      implements OnDisk {}

  /** A file is as the image has it; without one it is gone. */
  record SwapOlder(int node, String file) implements OnDisk {}

  /** A file is gone. */
  record Erase(int node, String file) implements OnDisk {}

  /** The peer that lies can be dialled from now on, and dials that node. */
  record LiarMeets(int node) implements OnNode {}

  /**
   * It tells that node a lie, if a link between them stands.
   *
   * @param salt draws the rest of the lie
   */
  record Lies(int node, Liar.Lie lie, long salt) implements OnNode {}

  /** It is gone, as a process that ended. */
  record LiarVanishes() implements Action {}

  /** The machine of a node is gone for ever: nobody waits for it any more. */
  record Lose(int node) implements OnNode, Fault {}

  /** What holds at any moment is looked at on one node ({@link Oracle#glance}). */
  record Glance(int node) implements OnNode {}

  /** The faults are over: the last questions are asked ({@link Judgement}). */
  record Judge() implements Action {}

  /**
   * A client asks a node.
   *
   * @param client who asks
   * @param attempt 1 for the first time; more for a retry under the same request id
   * @param session with which token: that of all answers in this session of the client; 0 for none
   */
  record Ask(int client, int node, Request request, int attempt, int session) implements OnNode {
    /** Without a token. */
    Ask(int client, int node, Request request, int attempt) {
      this(client, node, request, attempt, 0);
    }

    @Override
    public String summary() {
      return "asked " + request.getClass().getSimpleName() + " " + request.markers();
    }
  }

  /** What only a scenario does. It takes its time, and leaves no line in the record of a run. */
  sealed interface Scripted extends Action {}

  /** Lets time pass. */
  record Wait(long nanos) implements Scripted {}

  /** Nothing is done: until this moment the run goes on, and what comes due by then is seen. */
  record End() implements Scripted {}

  /** Clients that write and read all the while, beside everything else. */
  record Load(int clients, int keys, long nanos, long pauseNanos) implements Scripted {}

  /**
   * A client asks, and what follows waits for the end of it, which must be this.
   *
   * @param error the name of the error that it must come with; empty for any, or none
   */
  record AskFor(Ask ask, Clients.End end, String error) implements Scripted {}

  /** Something must be seen, now or within a time. */
  record Expect(Expectation what, long withinNanos) implements Scripted {}

  /**
   * A bit flips by itself, in words that need no knowledge of the disk.
   *
   * @param kind how the files are called: log, table, manifest or blob
   * @param nth which of them, 1 for the oldest
   * @param percent where, of what is written there
   */
  record Rot(int node, String kind, int nth, int percent) implements Scripted {}

  /** In a few words, for the trace. */
  default String summary() {
    return toString();
  }
}
