package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.env.Time;
import io.kdelta.vfs.SimVfs;
import org.jspecify.annotations.Nullable;

/**
 * Stops a machine at a call to one of its ports that are not the disk (that one has faults of its
 * own): between asking for the time or for chance, or half way through the effects of a turn. Owned
 * by one node.
 */
final class Fuse {
  /** Where it can blow. */
  enum Port {
    /** Before something goes out to a peer: message, dial, hang-up. */
    SEND,
    /** Before an answer goes out to a client. */
    ANSWER,
    /** Before work goes out to the disk's threads. */
    WORK,
    /** At a look at the clock. */
    TIME,
    /** At a draw. */
    ENTROPY
  }

  private final SimVfs disk;
  private @Nullable Port planned;
  private int callsLeft;

  Fuse(SimVfs disk) {
    this.disk = disk;
  }

  /**
   * Plans the end of this life; replaces what was planned before.
   *
   * @param nth 1 for the next call to that port
   */
  void plan(Port port, int nth) {
    if (nth < 1) throw new AssertionError("calls are counted from 1: " + nth);
    planned = port;
    callsLeft = nth;
  }

  /** Takes back what was planned and has not happened. */
  void clear() {
    planned = null;
  }

  /**
   * Counts a call.
   *
   * @throws SimVfs.PowerLoss when it is the one
   */
  void call(Port port) {
    if (port != planned) return;
    if (--callsLeft > 0) return;
    planned = null;
    throw disk.stop("the machine stopped at a call to " + port);
  }

  /** The clock of the machine, through this fuse. */
  Time time(Time clock) {
    return new Time() {
      @Override
      public long nanos() {
        call(Port.TIME);
        return clock.nanos();
      }

      @Override
      public long epochMicros() {
        call(Port.TIME);
        return clock.epochMicros();
      }
    };
  }

  /** Chance of the machine, through this fuse; what is split from it too. */
  Entropy entropy(Entropy chance) {
    return new Entropy() {
      @Override
      public long nextLong() {
        call(Port.ENTROPY);
        return chance.nextLong();
      }

      @Override
      public int nextInt(int bound) {
        call(Port.ENTROPY);
        return chance.nextInt(bound);
      }

      @Override
      public void fill(byte[] target) {
        call(Port.ENTROPY);
        chance.fill(target);
      }

      @Override
      public Entropy split(String purpose) {
        return Fuse.this.entropy(chance.split(purpose));
      }
    };
  }
}
