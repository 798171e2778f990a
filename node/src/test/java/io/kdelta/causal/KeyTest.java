package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.RowKey;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: keys obey their rules, and row keys are told apart and ordered as the reads rely on.
 * Method: examples at every border, and seeded pairs compared as values and as bytes.
 */
final class KeyTest {
  @Test
  void goodKeys() {
    assertEquals("ns/a/b", new Key("ns", "a/b").toString());
    assertEquals(1_024, new Key("A-z.0_9", "x".repeat(1_024)).key().length());
    assertEquals(128, new Key("n".repeat(128), "\u00fc").namespace().length());
    assertTrue(new Key("_auth", "x").system());
  }

  @Test
  void badKeysNameTheirFlaw() {
    String[][] bad = {
      {"", "k", "namespace"},
      {".hidden", "k", "namespace"},
      {"sp ace", "k", "namespace"},
      {"\u00fc", "k", "namespace"},
      {"n".repeat(129), "k", "namespace"},
      {"ns", "", "key"},
      {"ns", "a\0b", "key"},
      {"ns", "\ud800", "key"},
      {"ns", "\u00fc".repeat(512) + "x", "key"},
    };
    for (String[] pair : bad) {
      KdeltaException.Invalid flaw =
          assertThrows(KdeltaException.Invalid.class, () -> new Key(pair[0], pair[1]));
      assertEquals(pair[2], flaw.field());
    }
  }

  @Test
  void keysAreOrderedByTheirBytes() {
    assertTrue(new Key("a", "z").compareTo(new Key("b", "a")) < 0);
    Key supplementary = new Key("a", "\ud83d\ude00");
    Key privateUse = new Key("a", "\uf000");
    assertTrue(privateUse.compareTo(supplementary) < 0, "by UTF-8, not by UTF-16");
  }

  @Test
  void newestVersionsComeFirstBehindTheHeads() {
    SimEntropy entropy = new SimEntropy(12);
    for (int i = 0; i < 2_000; i++) {
      var group = Keyspace.group(new Key("ns", "k" + entropy.nextInt(3)));
      Timestamp a = new Timestamp(entropy.nextLong());
      Timestamp b = entropy.nextInt(3) == 0 ? a : new Timestamp(entropy.nextLong());
      Digest idA = DistinctionTest.digest(entropy);
      Digest idB = DistinctionTest.digest(entropy);
      RowKey rowA = Keyspace.version(group, a, idA);
      RowKey rowB = Keyspace.version(group, b, idB);
      int expected = b.compareTo(a) != 0 ? b.compareTo(a) : idB.compareTo(idA);
      assertEquals(Integer.signum(expected), Integer.signum(rowA.compareTo(rowB)));
      assertEquals(idA, Keyspace.idOf(rowA));
      assertTrue(Keyspace.openHeads(group).compareTo(rowA) < 0);
      assertTrue(Keyspace.versionsFrom(group, a).compareTo(rowA) < 0);
      assertTrue(Keyspace.afterGroup(group).compareTo(rowA) > 0);
      assertTrue(Keyspace.afterGroup(group).compareTo(rowA) > 0);
    }
  }

  @Test
  void rowKeysTellWhatTheyWereMadeFrom() {
    Key key = new Key("ns", "a/\u00fc");
    assertEquals(key, Keyspace.keyOf(Keyspace.group(key)));
    Dot dot = new Dot(new Incarnation(-5, 6), 7_000_000_000L);
    assertEquals(dot, Keyspace.dotOf(Keyspace.position(dot)));
    assertEquals(99, Keyspace.appliedOf(Keyspace.applied(99)));
    Request request = new Request("r\u00e9q", 3, 5);
    RowKey age = Keyspace.requestAge(1_234, request);
    assertEquals(1_234, Keyspace.microsOf(age));
    assertEquals(Keyspace.request(request), Keyspace.requestOf(age));
    assertEquals("causal/x", Keyspace.nameOf(Keyspace.system("causal/x")));
  }

  @Test
  void keyspacesDoNotOverlap() {
    RowKey behind = RowKey.first(io.kdelta.memory.Bytes.of(0));
    for (Keyspace keyspace : List.of(Keyspace.values())) {
      assertTrue(behind.compareTo(keyspace.start()) <= 0);
      assertTrue(keyspace.start().compareTo(keyspace.end()) < 0);
      behind = keyspace.end();
    }
    assertEquals(
        Keyspace.POSITION.start().point().at(0),
        Keyspace.position(new Dot(new Incarnation(1, 1), 1)).point().at(0));
  }
}
