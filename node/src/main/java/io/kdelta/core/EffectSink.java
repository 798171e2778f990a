package io.kdelta.core;

import io.kdelta.cluster.Lane;
import io.kdelta.memory.Bytes;

/**
 * The port to the peers, implemented by the server. Called on the core thread; an implementation
 * hands over and returns, it never waits and never throws.
 */
public interface EffectSink {
  /** Sends one message over a link; a link that is gone or too slow drops it. */
  void send(long link, Bytes message, Lane lane);

  /**
   * Tries to open a link; {@link Event.PeerUp}, {@link Event.DialFailed} or {@link Event.Resolved}
   * is offered later.
   */
  void dial(String address);

  /** Closes a link after what was sent on it; {@link Event.PeerDown} is offered later. */
  void hangup(long link, String reason);

  /** One line for the log of the operator. */
  void notice(String text);

  /** The node has left or is drained: the process may end. */
  void departed();

  /**
   * The core can not go on: its log failed ({@link io.kdelta.error.KdeltaException.DiskFault}) or
   * it found a bug of ours. No write is acknowledged any more; the process should end.
   */
  void halted(Throwable cause);

  /** A node without peers. */
  EffectSink NONE =
      new EffectSink() {
        @Override
        public void send(long link, Bytes message, Lane lane) {}

        @Override
        public void dial(String address) {}

        @Override
        public void hangup(long link, String reason) {}

        @Override
        public void notice(String text) {}

        @Override
        public void departed() {}

        @Override
        public void halted(Throwable cause) {}
      };
}
