package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * Ranks nodes for a purpose by highest random weight (Thaler, Ravishankar, "A Name-Based Mapping
 * Scheme for Rendezvous", 1996): when one comes or goes, nobody else's rank changes. Pure
 * functions.
 */
final class Rendezvous {
  private Rendezvous() {}

  /** The candidates, best for {@code subject} first. */
  static List<Member.Card> ranked(NodeId subject, List<Member.Card> candidates) {
    List<Member.Card> ranked = new ArrayList<>(candidates);
    ranked.sort(
        Comparator.comparingLong((Member.Card card) -> weight(subject, card.node()))
            .reversed()
            .thenComparing(Member.Card::node));
    return ranked;
  }

  /**
   * The best {@code count} candidates, spread over zones first: one of a zone that has none yet
   * goes before one of a zone that has. A node without a zone is in a zone of its own.
   */
  static List<Member.Card> spread(Member.Card subject, List<Member.Card> candidates, int count) {
    List<Member.Card> rest = ranked(subject.node(), candidates);
    List<Member.Card> chosen = new ArrayList<>();
    TreeSet<String> zones = new TreeSet<>();
    zones.add(subject.zone());
    while (chosen.size() < count && !rest.isEmpty()) {
      Member.Card next = rest.getFirst();
      for (Member.Card card : rest) {
        if (card.zone().isEmpty() || !zones.contains(card.zone())) {
          next = card;
          break;
        }
      }
      rest.remove(next);
      zones.add(next.zone());
      chosen.add(next);
    }
    return chosen;
  }

  private static long weight(NodeId subject, NodeId candidate) {
    long mixed = mix(subject.high() ^ mix(subject.low()));
    return mix(mixed ^ mix(candidate.high() ^ mix(candidate.low()))) >>> 1;
  }

  /** The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
  private static long mix(long value) {
    long z = value + 0x9e37_79b9_7f4a_7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d0_49bb_1331_11ebL;
    return z ^ (z >>> 31);
  }
}
