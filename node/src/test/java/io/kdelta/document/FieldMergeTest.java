package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: a merge keeps every change of every branch, and says where it cannot. Method: examples; a
 * model that works on flat maps from path to scalar, compared on seeded random branches; and the
 * laws (order does not matter, an unchanged branch adds nothing) on random documents.
 */
final class FieldMergeTest {
  private static final long SEED = Long.getLong("kdelta.seed", 3);

  @Test
  void changesOfDifferentFieldsMeet() {
    assertMerged(
        "{\"age\":31,\"email\":\"a@b\",\"name\":\"Alice\"}",
        "{\"age\":30,\"name\":\"Alice\"}",
        "{\"age\":31,\"name\":\"Alice\"}",
        "{\"age\":30,\"email\":\"a@b\",\"name\":\"Alice\"}");
  }

  @Test
  void objectsMergeAtEveryDepth() {
    assertMerged(
        "{\"a\":{\"b\":{\"x\":2,\"y\":3}}}",
        "{\"a\":{\"b\":{\"x\":1}}}",
        "{\"a\":{\"b\":{\"x\":2}}}",
        "{\"a\":{\"b\":{\"x\":1,\"y\":3}}}");
  }

  @Test
  void theSameChangeTwiceIsOneChange() {
    assertMerged("{\"n\":2}", "{\"n\":1}", "{\"n\":2}", "{\"n\":2}");
    assertMerged("[1,2]", "[1]", "[1,2]", "[1,2]");
  }

  @Test
  void aRemovedFieldStaysRemoved() {
    assertMerged("{\"b\":2}", "{\"a\":1,\"b\":1}", "{\"b\":1}", "{\"a\":1,\"b\":2}");
  }

  @Test
  void differentChangesOfOneFieldClash() {
    assertClash("/n", "{\"m\":9,\"n\":2}", "{\"n\":1}", "{\"n\":2}", "{\"m\":9,\"n\":3}");
    assertClash("/n", "{}", "{\"n\":1}", "{}", "{\"n\":2}");
    assertClash(
        "/a~1b/0~0",
        "{\"a/b\":{\"0~\":1}}",
        "{\"a/b\":{}}",
        "{\"a/b\":{\"0~\":1}}",
        "{\"a/b\":{\"0~\":2}}");
  }

  @Test
  void arraysAndScalarsAreTakenWhole() {
    assertMerged("{\"l\":[1,2]}", "{\"l\":[1]}", "{\"l\":[1,2]}", "{\"l\":[1]}");
    assertClash("/l", "{\"l\":[1,2]}", "{\"l\":[1]}", "{\"l\":[1,2]}", "{\"l\":[1,3]}");
    assertClash("/l", "{\"l\":{\"a\":1}}", "{\"l\":1}", "{\"l\":{\"a\":1}}", "{\"l\":[1]}");
  }

  @Test
  void nullIsAValueNotARemoval() {
    assertMerged("{\"n\":null}", "{\"n\":1}", "{\"n\":null}", "{\"n\":1}");
    assertClash("/n", "{\"n\":null}", "{\"n\":1}", "{\"n\":null}", "{}");
  }

  @Test
  void branchesThatBeganApartMeetInWhatTheyShare() {
    assertMerged("{\"a\":1,\"b\":2,\"c\":3}", null, "{\"a\":1,\"b\":2}", "{\"b\":2,\"c\":3}");
    assertClash("/b", "{\"b\":2}", null, "{\"b\":2}", "{\"b\":3}");
    assertClash("", "1", null, "1", "2");
  }

  @Test
  void aDeleteMeetsAnUnchangedDocumentButClashesWithAChangedOne() {
    assertMerged(null, "{\"a\":1}", "{\"a\":1}", null);
    assertClash("", "{\"a\":2}", "{\"a\":1}", "{\"a\":2}", null);
    assertClash("", null, "{\"a\":1}", null, "{\"a\":2}");
  }

  @Test
  void moreThanTwoBranches() {
    assertMerged(
        "{\"a\":2,\"b\":2,\"c\":2}",
        "{\"a\":1,\"b\":1,\"c\":1}",
        "{\"a\":2,\"b\":1,\"c\":1}",
        "{\"a\":1,\"b\":2,\"c\":1}",
        "{\"a\":1,\"b\":1,\"c\":2}");
    assertClash("/a", "{\"a\":2}", "{\"a\":1}", "{\"a\":2}", "{\"a\":1}", "{\"a\":3}");
  }

  @Test
  void whereSeveralBasesDisagreeBranchesMustAgree() {
    List<Optional<Json>> bases = list("{\"a\":1,\"b\":1}", "{\"a\":2,\"b\":1}");
    FieldMerge.Merged agreed =
        FieldMerge.merge(bases, list("{\"a\":1,\"b\":5}", "{\"a\":1,\"b\":1}"));
    assertEquals(json("{\"a\":1,\"b\":5}"), agreed.document());
    assertEquals(List.of(), agreed.clashes());
    // With either base alone this would silently take the other side's choice.
    FieldMerge.Merged crossed =
        FieldMerge.merge(bases, list("{\"a\":1,\"b\":1}", "{\"a\":2,\"b\":1}"));
    assertEquals("/a", crossed.clashes().getFirst().path());
    assertEquals(list("1", "2"), crossed.clashes().getFirst().sides());
  }

  @Test
  void modelOnFlatMaps() {
    SimEntropy entropy = new SimEntropy(SEED);
    for (int run = 0; run < 5_000; run++) {
      String told = "seed " + SEED + ", run " + run;
      Map<String, String> base = fields(entropy);
      List<Map<String, String>> sides = new ArrayList<>();
      for (int n = 1 + entropy.nextInt(3); n > 0; n--) sides.add(changed(base, entropy));
      TreeMap<String, String> expected = new TreeMap<>();
      List<String> clashes = new ArrayList<>();
      TreeSet<String> paths = new TreeSet<>(base.keySet());
      sides.forEach(side -> paths.addAll(side.keySet()));
      for (String path : paths) {
        List<@Nullable String> values = new ArrayList<>();
        for (Map<String, String> side : sides) {
          String value = side.get(path);
          if (!Objects.equals(value, base.get(path)) && !values.contains(value)) values.add(value);
        }
        if (values.size() > 1) clashes.add(path);
        String taken = values.isEmpty() ? base.get(path) : values.getFirst();
        if (values.size() > 1) taken = sides.getFirst().get(path);
        if (taken != null) expected.put(path, taken);
      }
      List<Optional<Json>> documents = new ArrayList<>();
      for (Map<String, String> side : sides) documents.add(Optional.of(document(side)));
      FieldMerge.Merged merged = FieldMerge.merge(List.of(Optional.of(document(base))), documents);
      assertEquals(Optional.of(document(expected)), merged.document(), told);
      List<String> found = new ArrayList<>();
      merged.clashes().forEach(clash -> found.add(clash.path()));
      assertEquals(new TreeSet<>(clashes), new TreeSet<>(found), told);
      assertEquals(clashes.size(), found.size(), told);
    }
  }

  @Test
  void laws() {
    SimEntropy entropy = new SimEntropy(SEED);
    RandomJson random = new RandomJson(entropy);
    for (int run = 0; run < 3_000; run++) {
      Optional<Json> base = maybe(random, entropy);
      Optional<Json> one = entropy.nextInt(4) == 0 ? base : maybe(random, entropy);
      Optional<Json> two = entropy.nextInt(4) == 0 ? base : maybe(random, entropy);
      String told = "seed " + SEED + ", run " + run;
      FieldMerge.Merged merged = FieldMerge.merge(List.of(base), List.of(one, two));
      FieldMerge.Merged turned = FieldMerge.merge(List.of(base), List.of(two, one));
      assertEquals(merged.clashes().size(), turned.clashes().size(), told);
      if (merged.clashes().isEmpty()) assertEquals(merged.document(), turned.document(), told);
      FieldMerge.Merged withBase = FieldMerge.merge(List.of(base), List.of(one, two, base));
      assertEquals(merged.document(), withBase.document(), told);
      assertEquals(one, FieldMerge.merge(List.of(base), List.of(one, base)).document(), told);
      assertEquals(one, FieldMerge.merge(List.of(base), List.of(one, one)).document(), told);
    }
  }

  private static Optional<Json> maybe(RandomJson random, SimEntropy entropy) {
    return entropy.nextInt(8) == 0 ? Optional.empty() : Optional.of(random.members(2));
  }

  /** Some of nine fields "/p/a" to "/r/c", each with one of three values. */
  private static Map<String, String> fields(SimEntropy entropy) {
    TreeMap<String, String> fields = new TreeMap<>();
    for (String outer : List.of("p", "q", "r")) {
      for (String inner : List.of("a", "b", "c")) {
        if (entropy.nextInt(2) == 0) fields.put("/" + outer + "/" + inner, "" + entropy.nextInt(3));
      }
    }
    return fields;
  }

  private static Map<String, String> changed(Map<String, String> base, SimEntropy entropy) {
    Map<String, String> other = fields(entropy);
    TreeMap<String, String> mixed = new TreeMap<>(base);
    for (String path :
        List.of("/p/a", "/p/b", "/p/c", "/q/a", "/q/b", "/q/c", "/r/a", "/r/b", "/r/c")) {
      if (entropy.nextInt(3) > 0) continue;
      mixed.remove(path);
      if (other.containsKey(path)) mixed.put(path, Objects.requireNonNull(other.get(path)));
    }
    return mixed;
  }

  /** The document with the objects p, q and r, and the fields in them. */
  private static Json document(Map<String, String> fields) {
    TreeMap<String, Json> outer = new TreeMap<>();
    for (String name : List.of("p", "q", "r")) {
      TreeMap<String, Json> inner = new TreeMap<>();
      fields.forEach((path, value) -> {
        if (path.startsWith("/" + name)) inner.put(path.substring(3), new Json.Numeral(value));
      });
      outer.put(name, new Json.Members(inner));
    }
    return new Json.Members(outer);
  }

  private static void assertMerged(
      @Nullable String expected, @Nullable String base, @Nullable String... sides) {
    FieldMerge.Merged merged = FieldMerge.merge(bases(base), list(sides));
    assertEquals(List.of(), merged.clashes());
    assertEquals(json(expected), merged.document());
  }

  private static void assertClash(
      String path, @Nullable String expected, @Nullable String base, @Nullable String... sides) {
    FieldMerge.Merged merged = FieldMerge.merge(bases(base), list(sides));
    assertEquals(1, merged.clashes().size());
    assertEquals(path, merged.clashes().getFirst().path());
    assertEquals(sides.length, merged.clashes().getFirst().sides().size());
    assertEquals(json(expected), merged.document());
  }

  private static List<Optional<Json>> bases(@Nullable String base) {
    return base == null ? List.of() : list(base);
  }

  private static List<Optional<Json>> list(@Nullable String... documents) {
    return Arrays.stream(documents).map(FieldMergeTest::json).toList();
  }

  private static Optional<Json> json(@Nullable String text) {
    return Optional.ofNullable(text).map(t -> CanonicalJson.STANDARD.read(Bytes.utf8(t)));
  }
}
