package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import java.util.Map;
import java.util.TreeMap;

/**
 * The places from which peers could not be shipped on: counted, and told to the operator. What
 * follows is no matter of people, the peer takes the next way by itself; but a slot that is lost
 * again and again says that something is wrong with a disk. Owned by the core thread.
 */
final class Slots {
  /** One notice about a peer in so long; what is lost meanwhile is counted. */
  static final long NOTICE_AGAIN_NANOS = 600_000_000_000L;

  private final Roster roster;
  private final Outbox outbox;
  private final Map<NodeId, Told> told = new TreeMap<>();
  private long lost;

  /** When the operator was told last, and how many were lost in silence since. */
  private record Told(long at, long since) {}

  Slots(Roster roster, Outbox outbox) {
    this.roster = roster;
    this.outbox = outbox;
  }

  /** How many were lost since the start. */
  long lost() {
    return lost;
  }

  /** A peer cannot be shipped a log from there on. */
  void lose(NodeId node, Incarnation log, long from, String why, long now) {
    lost++;
    Told last = told.get(node);
    if (last != null && now - last.at() < NOTICE_AGAIN_NANOS) {
      told.put(node, new Told(last.at(), last.since() + 1));
      return;
    }
    told.put(node, new Told(now, 0));
    String name = roster.name(node);
    String before = last == null || last.since() == 0 ? "" : ", as " + last.since() + " before it";
    outbox.notice(
        "the slot of "
            + name
            + " is lost: log "
            + log
            + " cannot be shipped to it from position "
            + from
            + " on, "
            + why
            + before
            + "; "
            + name
            + " asks others or reconciles");
  }
}
