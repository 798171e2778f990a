package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.kdelta.causal.Distinction.Domain;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: names of content never change and never meet. Method: golden values computed by an
 * independent program, and the laws of synthesis over seeded random digests.
 */
final class DistinctionTest {
  private static final long SEED = 20261121;

  @Test
  void goldenContentIds() {
    assertEquals(
        "e008e14905d4eed2f989be039938f51d137cd647274a0a769f98ca4c0e0ad191",
        ContentType.JSON.idOf(Bytes.utf8("{\"age\":30,\"name\":\"Alice\"}")).hex());
    assertEquals(
        "da12ec407942f58d1be26b8c89915c94ac115b805adc123b41e4ebe9e7b6d109",
        ContentType.OPAQUE.idOf(Bytes.EMPTY).hex());
    assertEquals(Digest.ZERO, ContentType.NONE.idOf(Bytes.EMPTY));
  }

  @Test
  void goldenSynthesisAndChain() {
    Digest a = Digest.fromHex("d895bbe4a6fd2666b1c4c1fcc307d97b3c6952012ddce446b333b056475d968b");
    Digest b = Digest.fromHex("d74d81d7562fd385491c8186427bdcc4b21d295f51123a4c79bcde5cc0a4d2d4");
    assertEquals(
        "44cb643e1f76726147d683307db4e7390014d1824f8d1fc5c70794c9ad1902e4",
        Distinction.synthesize(a, b).hex());
    Incarnation incarnation = Incarnation.fromHex("101112131415161718191a1b1c1d1e1f");
    Digest h0 = Distinction.chainStart(incarnation);
    assertEquals("76a9d068d94bec695b08bbfc00a4ea6a47c1c693dd69074ac6595b7c751edc82", h0.hex());
    Digest h1 = Distinction.chain(h0, a);
    assertEquals("d1f6893bd606cc624da7ea9a2de6a61819ce77add0ca596887ebc7eb783dec47", h1.hex());
    assertEquals(
        "56007c69bd00f45a1709248b5b2f1d484dec8b67e902fb7196d2cabe8883a70c",
        Distinction.chain(h1, b).hex());
  }

  @Test
  void domainsKeepEqualBytesApart() {
    TreeSet<Digest> names = new TreeSet<>();
    for (Domain domain : Domain.values()) {
      for (String text : List.of("", "ave", "Dave")) {
        names.add(Distinction.of(domain, Bytes.utf8(text)));
      }
    }
    assertEquals(3 * Domain.values().length, names.size());
  }

  @Test
  void synthesisObeysItsLaws() {
    SimEntropy entropy = new SimEntropy(SEED);
    for (int i = 0; i < 2_000; i++) {
      Digest a = digest(entropy);
      Digest b = digest(entropy);
      assertEquals(a, Distinction.synthesize(a, a), "a with itself is a");
      Digest both = Distinction.synthesize(a, b);
      assertEquals(both, Distinction.synthesize(b, a), "the order does not matter");
      assertNotEquals(a, both);
      assertNotEquals(b, both);
      assertEquals(both, Distinction.synthesize(both, both));
      assertNotEquals(both, Distinction.of(Domain.VERSION, joined(a, b)), "a domain of its own");
    }
  }

  @Test
  void stateIdIsTheHeadOrChangesWithAnyHead() {
    SimEntropy entropy = new SimEntropy(SEED + 1);
    Key key = new Key("ns", "k");
    for (int i = 0; i < 500; i++) {
      List<Head> heads = new ArrayList<>();
      for (int n = 1 + entropy.nextInt(5); n > 0; n--) {
        heads.add(new Head(digest(entropy), Timestamp.ofMicros(entropy.nextInt(9)), false));
      }
      Digest state = new Heads(key, heads, 0).stateId().orElseThrow();
      if (heads.size() == 1) assertEquals(heads.getFirst().id(), state);
      List<Head> shuffled = new ArrayList<>(heads);
      Collections.reverse(shuffled);
      assertEquals(state, new Heads(key, shuffled, 7).stateId().orElseThrow());
      List<Head> other = new ArrayList<>(heads);
      other.set(entropy.nextInt(other.size()), new Head(digest(entropy), Timestamp.ZERO, false));
      assertNotEquals(state, new Heads(key, other, 0).stateId().orElseThrow());
    }
    assertEquals(true, new Heads(key, List.of(), 0).stateId().isEmpty());
  }

  static Digest digest(SimEntropy entropy) {
    return new Digest(
        entropy.nextLong(), entropy.nextLong(), entropy.nextLong(), entropy.nextLong());
  }

  private static Bytes joined(Digest a, Digest b) {
    boolean ascending = a.compareTo(b) < 0;
    return Bytes.concat(
        Bytes.wrap((ascending ? a : b).toBytes()), Bytes.wrap((ascending ? b : a).toBytes()));
  }
}
