package io.kdelta.causal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Version.Kind;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: the canonical bytes of a version are fixed for ever, injective, and hostile bytes never get
 * further than Invalid. Method: golden bytes and ids computed by an independent program, round
 * trips, and seeded mutation of good bytes.
 */
final class VersionTest {
  private static final long SEED = 31;
  private static final Key ALICE = new Key("users", "alice");
  private static final long MICROS = 1_790_000_000_123_456L;

  private static final String GOLDEN_PUT =
      "01010575736572730500616c696365000000247ca2edbf650102030405060708090a0b0c0d0e0f100001e008e1"
          + "4905d4eed2f989be039938f51d137cd647274a0a769f98ca4c0e0ad1910000";
  private static final String GOLDEN_DELETE =
      "01020575736572730500616c69636501d895bbe4a6fd2666b1c4c1fcc307d97b3c6952012ddce446b333b05647"
          + "5d968b0100247ca2edbf65"
          + "00".repeat(16)
          + "20"
          + "07".repeat(32)
          + "00"
          + "00".repeat(32)
          + "060062796520c3bc";

  static Version goldenPut() {
    return Version.of(
        Kind.PUT,
        ALICE,
        List.of(),
        Timestamp.ofMicros(MICROS),
        NodeId.fromHex("0102030405060708090a0b0c0d0e0f10"),
        Bytes.EMPTY,
        ContentType.JSON,
        ContentType.JSON.idOf(Bytes.utf8("{\"age\":30,\"name\":\"Alice\"}")),
        "");
  }

  static Version goldenDelete() {
    return Version.of(
        Kind.DELETE,
        ALICE,
        List.of(goldenPut().id()),
        Timestamp.ofMicros(MICROS).next(),
        NodeId.NONE,
        Bytes.ofHex("07".repeat(32)),
        ContentType.NONE,
        Digest.ZERO,
        "bye \u00fc");
  }

  @Test
  void goldenBytesAndIds() {
    assertEquals(GOLDEN_PUT, goldenPut().canonical().hex());
    assertEquals(
        "d895bbe4a6fd2666b1c4c1fcc307d97b3c6952012ddce446b333b056475d968b", goldenPut().id().hex());
    assertEquals(GOLDEN_DELETE, goldenDelete().canonical().hex());
    assertEquals(
        "d74d81d7562fd385491c8186427bdcc4b21d295f51123a4c79bcde5cc0a4d2d4",
        goldenDelete().id().hex());
    assertEquals(
        "d5d7be0f0895a085ce99b53a2610c0cdb06af2513ce3963557971f0c664ece62",
        Request.bodyHash(goldenPut()).hex());
  }

  @Test
  void decodingGivesTheSameVersion() {
    for (Version version : List.of(goldenPut(), goldenDelete())) {
      Version read = Version.decode(version.canonical());
      assertEquals(version, read);
      assertEquals(version.kind(), read.kind());
      assertEquals(version.key(), read.key());
      assertEquals(version.parents(), read.parents());
      assertEquals(version.time(), read.time());
      assertEquals(version.node(), read.node());
      assertEquals(version.author(), read.author());
      assertEquals(version.contentType(), read.contentType());
      assertEquals(version.content(), read.content());
      assertEquals(version.note(), read.note());
    }
  }

  @Test
  void randomVersionsSurviveTheirBytes() {
    SimEntropy entropy = new SimEntropy(SEED);
    TreeSet<Digest> ids = new TreeSet<>();
    for (int i = 0; i < 2_000; i++) {
      Version version = random(entropy);
      Version read = Version.decode(version.canonical());
      assertEquals(version.id(), read.id());
      assertEquals(version.canonical(), read.canonical());
      ids.add(version.id());
    }
    assertEquals(2_000, ids.size());
  }

  @Test
  void hostileBytesAreInvalidOrCanonical() {
    SimEntropy entropy = new SimEntropy(SEED + 1);
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = random(entropy).canonical().toArray();
      int at = entropy.nextInt(bytes.length);
      if (entropy.nextInt(4) == 0) {
        bytes = java.util.Arrays.copyOf(bytes, entropy.nextInt(bytes.length + 8));
      } else {
        bytes[at] ^= (byte) (1 << entropy.nextInt(8));
      }
      Bytes hostile = Bytes.wrap(bytes);
      try {
        Version read = Version.decode(hostile);
        assertEquals(hostile, reencoded(read), "seed " + (SEED + 1) + " round " + i);
      } catch (KdeltaException.Invalid expected) {
        refused++;
      }
    }
    assertTrue(refused > 2_000, "only " + refused + " of the mutants were refused");
  }

  @Test
  void everyRuleIsHeld() {
    Digest low = new Digest(1, 2, 3, 4);
    Digest high = new Digest(-1, 2, 3, 4);
    assertEquals(List.of(low, high), put(List.of(low, high), "").parents());
    refused("parents", () -> put(List.of(high, low), ""));
    refused("parents", () -> put(List.of(low, low), ""));
    List<Digest> many = new ArrayList<>();
    for (int i = 0; i < 64; i++) many.add(new Digest(i, 0, 0, 0));
    assertEquals(64, put(many, "").parents().size());
    many.add(new Digest(64, 0, 0, 0));
    refused("parents", () -> put(many, ""));
    assertEquals(512, put(List.of(), "\u00fc".repeat(512)).note().length());
    refused("note", () -> put(List.of(), "\u00fc".repeat(512) + "x"));
    refused("note", () -> put(List.of(), "\ud800"));
    refused("content type", () -> of(Kind.PUT, ContentType.NONE, Digest.ZERO, 0, Bytes.EMPTY));
    refused("content type", () -> of(Kind.DELETE, ContentType.JSON, low, 0, Bytes.EMPTY));
    refused("content", () -> of(Kind.PUT, ContentType.JSON, Digest.ZERO, 0, Bytes.EMPTY));
    refused("content", () -> of(Kind.DELETE, ContentType.NONE, low, 0, Bytes.EMPTY));
    refused("author", () -> of(Kind.PUT, ContentType.JSON, low, 0, Bytes.of(1)));
    long max = Timestamp.MAX.packed();
    assertEquals(max, of(Kind.PUT, ContentType.JSON, low, max, Bytes.EMPTY).time().packed());
    refused("time", () -> of(Kind.PUT, ContentType.JSON, low, max + 1, Bytes.EMPTY));
  }

  private static void refused(String field, org.junit.jupiter.api.function.Executable action) {
    assertEquals(field, assertThrows(KdeltaException.Invalid.class, action).field());
  }

  private static Version put(List<Digest> parents, String note) {
    return Version.of(
        Kind.PUT,
        ALICE,
        parents,
        Timestamp.ofMicros(5),
        NodeId.NONE,
        Bytes.EMPTY,
        ContentType.JSON,
        new Digest(9, 9, 9, 9),
        note);
  }

  private static Version of(
      Kind kind, ContentType type, Digest content, long packed, Bytes author) {
    return Version.of(
        kind, ALICE, List.of(), new Timestamp(packed), NodeId.NONE, author, type, content, "");
  }

  private static Bytes reencoded(Version version) {
    return Version.of(
            version.kind(),
            version.key(),
            version.parents(),
            version.time(),
            version.node(),
            version.author(),
            version.contentType(),
            version.content(),
            version.note())
        .canonical();
  }

  static Version random(SimEntropy entropy) {
    TreeSet<Digest> parents = new TreeSet<>();
    for (int n = entropy.nextInt(4); n > 0; n--) parents.add(DistinctionTest.digest(entropy));
    boolean delete = entropy.nextInt(4) == 0;
    return Version.of(
        delete ? Kind.DELETE : Kind.PUT,
        new Key("ns" + entropy.nextInt(3), "k\u00e9y" + entropy.nextInt(100)),
        List.copyOf(parents),
        new Timestamp(entropy.nextLong() >>> 1),
        new NodeId(entropy.nextLong(), entropy.nextLong()),
        entropy.nextInt(3) == 0 ? Bytes.ofHex("5a".repeat(32)) : Bytes.EMPTY,
        delete ? ContentType.NONE : ContentType.JSON,
        delete ? Digest.ZERO : DistinctionTest.digest(entropy),
        entropy.nextInt(2) == 0 ? "" : "note " + entropy.nextInt(9));
  }
}
