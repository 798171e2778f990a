package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is new about members and still has to spread: each rides on a bounded number of probes, the
 * least told first (SWIM, section 4.1). Owned by the core thread.
 *
 * <p>Invariant: at most one rumour per member, the latest.
 */
final class Rumours {
  private static final int TELL_MULTIPLIER = 4;
  private static final int PER_MESSAGE = 8;

  private final Map<NodeId, Fresh> fresh = new TreeMap<>();

  private static final class Fresh {
    final PeerMessage.Rumour rumour;
    int told;

    Fresh(PeerMessage.Rumour rumour) {
      this.rumour = rumour;
    }
  }

  /** This is new; what was said about the member before need not spread any more. */
  void add(PeerMessage.Rumour rumour) {
    fresh.put(rumour.card().node(), new Fresh(rumour));
  }

  /** What the next probe carries, in a cluster of that many members. */
  List<PeerMessage.Rumour> next(int members) {
    if (fresh.isEmpty()) return List.of();
    int tellings = TELL_MULTIPLIER * (int) Math.ceil(StrictMath.log10(members + 1.0));
    List<Fresh> least = new ArrayList<>(fresh.values());
    least.sort(Comparator.comparingInt(one -> one.told));
    List<PeerMessage.Rumour> next = new ArrayList<>();
    for (Fresh one : least.subList(0, Math.min(PER_MESSAGE, least.size()))) {
      next.add(one.rumour);
      if (++one.told >= tellings) fresh.remove(one.rumour.card().node());
    }
    return next;
  }
}
