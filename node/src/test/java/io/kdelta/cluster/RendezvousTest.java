package io.kdelta.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.NodeId;
import io.kdelta.env.SimEntropy;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Goal: backups are stable, even and spread over zones. Method: random cards, fixed seed. */
final class RendezvousTest {
  private final SimEntropy entropy = new SimEntropy(5);

  private Member.Card card(String zone) {
    return new Member.Card(NodeId.draw(entropy), "", List.of(), "", zone, "", 1, 1);
  }

  private List<Member.Card> cards(int count, String... zones) {
    List<Member.Card> cards = new ArrayList<>();
    for (int i = 0; i < count; i++) cards.add(card(zones[i % zones.length]));
    return cards;
  }

  @Test
  void whoGoesChangesNobodyElsesRank() {
    List<Member.Card> cards = cards(9, "");
    for (Member.Card subject : cards(50, "")) {
      List<Member.Card> ranked = Rendezvous.ranked(subject.node(), cards);
      for (Member.Card gone : cards) {
        List<Member.Card> rest = new ArrayList<>(cards);
        rest.remove(gone);
        List<Member.Card> expected = new ArrayList<>(ranked);
        expected.remove(gone);
        assertEquals(expected, Rendezvous.ranked(subject.node(), rest));
      }
    }
  }

  @Test
  void everybodyIsChosenAboutAsOften() {
    List<Member.Card> cards = cards(8, "");
    TreeMap<NodeId, Integer> chosen = new TreeMap<>();
    for (Member.Card subject : cards(4_000, "")) {
      for (Member.Card card : Rendezvous.spread(subject, cards, 2)) {
        chosen.merge(card.node(), 1, Integer::sum);
      }
    }
    assertEquals(8, chosen.size());
    for (int times : chosen.values()) assertTrue(times > 850 && times < 1_150, chosen::toString);
  }

  @Test
  void otherZonesGoFirst() {
    List<Member.Card> cards = cards(9, "a", "b", "c");
    for (Member.Card subject : cards(30, "a")) {
      TreeSet<String> zones = new TreeSet<>();
      for (Member.Card card : Rendezvous.spread(subject, cards, 2)) zones.add(card.zone());
      assertEquals(new TreeSet<>(List.of("b", "c")), zones);
      assertEquals(9, Rendezvous.spread(subject, cards, 20).size(), "then the rest");
    }
  }
}
