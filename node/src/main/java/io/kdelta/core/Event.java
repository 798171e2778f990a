package io.kdelta.core;

import io.kdelta.causal.CausalToken;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageWork;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the world tells the core. Immutable; made on any thread, read on the core's.
 *
 * <p>Links are numbered by the edge, never twice in one process.
 */
public sealed interface Event {
  /** Bytes of an event without its variable parts. */
  long FIXED_SIZE = 64;

  /** How many bytes the event holds on the heap, roughly. */
  default long size() {
    return FIXED_SIZE;
  }

  /**
   * A client asked.
   *
   * @param ticket names the request in {@link Effect.Answer} and {@link Effect.Refuse}
   * @param after what the client has seen or written before: the node answers once it has it
   * @param deadlineNanos of {@link io.kdelta.env.Time#nanos()}: when the client wants an answer at
   *     the latest
   */
  record Arrived(long ticket, Command command, CausalToken after, long deadlineNanos)
      implements Event {
    /** A client that has seen nothing before, or does not care. */
    public Arrived(long ticket, Command command, long deadlineNanos) {
      this(ticket, command, CausalToken.NONE, deadlineNanos);
    }

    @Override
    public long size() {
      return FIXED_SIZE + command.size() + 2L * after.size();
    }
  }

  /** The client of a ticket went away: it needs no answer. What it wrote stays. */
  record Abandoned(long ticket) implements Event {}

  /**
   * A link to a peer is open in both directions.
   *
   * @param dialled the address that {@link Effect.Dial} named, or null when the peer called us
   */
  record PeerUp(long link, @Nullable String dialled) implements Event {}

  /** A link is gone, whoever closed it. Comes once for each link, also after a Hangup. */
  record PeerDown(long link) implements Event {}

  /** A {@link Effect.Dial} did not reach anybody. */
  record DialFailed(String address) implements Event {}

  /** What {@link Effect.Dial} named is a name of these addresses now. */
  record Resolved(String name, List<String> addresses) implements Event {
    public Resolved {
      addresses = List.copyOf(addresses);
    }
  }

  /** A peer sent one message. */
  record PeerMessage(long link, Bytes message) implements Event {
    @Override
    public long size() {
      return FIXED_SIZE + message.size();
    }
  }

  /** A piece of disk work that {@link Effect.Run} gave out was run. */
  record WorkDone(StorageWork work) implements Event {}

  /** The time of {@link Effect.WakeAt} has come. Harmless when early or late. */
  record Tick() implements Event {}

  /** The process was asked to stop: accept nothing more, tell the peers. */
  record Drain() implements Event {}
}
