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

  private static List<String> zones(List<Member.Card> cards) {
    return cards.stream().map(Member.Card::zone).sorted().toList();
  }

  @Test
  void whereThereAreFewerZonesThanBackupsTheBestOfTheRestFollow() {
    List<Member.Card> cards = cards(6, "a", "b");
    for (Member.Card subject : cards(30, "a")) {
      List<Member.Card> chosen = Rendezvous.spread(subject, cards, 3);
      assertEquals("b", chosen.getFirst().zone(), "another zone before all of its own");
      List<Member.Card> rest = new ArrayList<>(Rendezvous.ranked(subject.node(), cards));
      rest.remove(chosen.getFirst());
      assertEquals(rest.subList(0, 2), chosen.subList(1, 3), "then by rank alone");
    }
  }

  @Test
  void aLoneZoneIsFilledAndNobodyGoesWithoutABackup() {
    List<Member.Card> cards = cards(4, "a");
    for (Member.Card subject : cards(30, "a")) {
      assertEquals(
          Rendezvous.ranked(subject.node(), cards).subList(0, 2),
          Rendezvous.spread(subject, cards, 2));
    }
    assertEquals(List.of(), Rendezvous.spread(card("a"), List.of(), 2));
  }

  @Test
  void whoSaysNoZoneIsInOneOfItsOwn() {
    for (int i = 0; i < 30; i++) {
      List<Member.Card> cards = new ArrayList<>(cards(4, "a"));
      cards.addAll(cards(2, ""));
      assertEquals(List.of("", ""), zones(Rendezvous.spread(card("a"), cards, 2)));
      Member.Card nowhere = card("");
      List<Member.Card> chosen = Rendezvous.spread(nowhere, cards, 3);
      assertEquals(List.of("", "", "a"), zones(chosen), "and one of a, but not two");
    }
  }

  @Test
  void aZoneThatIsGoneIsReplacedAndNobodyElseMoves() {
    List<Member.Card> cards = cards(8, "a", "b", "c", "d");
    for (Member.Card subject : cards(30, "a")) {
      List<Member.Card> before = Rendezvous.spread(subject, cards, 2);
      Member.Card gone = before.getFirst();
      List<Member.Card> left = new ArrayList<>(cards);
      left.removeIf(card -> card.zone().equals(gone.zone()));
      List<Member.Card> after = Rendezvous.spread(subject, left, 2);
      assertTrue(after.contains(before.getLast()), "who is left stays");
      assertEquals(2, new TreeSet<>(zones(after)).size());
      assertTrue(!zones(after).contains("a"), "not its own while there are others");
    }
  }
}
