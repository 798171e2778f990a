package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: a diff says what changed, where, and all of it. Method: examples; and on seeded random
 * pairs that the changes, applied one after the other as JSON Patch, turn the old document into the
 * new one, and that each of them stands for a real difference.
 */
final class JsonDiffTest {
  private static final long SEED = Long.getLong("kdelta.seed", 6902);

  @Test
  void members() {
    assertEquals(
        List.of("REPLACE /age 30 -> 31", "ADD /email - -> \"a@b\"", "REMOVE /x null -> -"),
        told(
            "{\"age\":30,\"name\":\"A\",\"x\":null}",
            "{\"age\":31,\"email\":\"a@b\",\"name\":\"A\"}"));
  }

  @Test
  void namesAreEscapedInPaths() {
    assertEquals(
        List.of("REPLACE /a~1b/~0/ 1 -> 2"),
        told("{\"a/b\":{\"~\":{\"\":1}}}", "{\"a/b\":{\"~\":{\"\":2}}}"));
  }

  @Test
  void nullIsAValue() {
    assertEquals(List.of("ADD /a - -> null"), told("{}", "{\"a\":null}"));
    assertEquals(List.of("REPLACE /a null -> 0"), told("{\"a\":null}", "{\"a\":0}"));
  }

  @Test
  void anotherKindOfValueIsReplacedWhole() {
    assertEquals(List.of("REPLACE  {\"a\":1} -> [1]"), told("{\"a\":1}", "[1]"));
    assertEquals(List.of("REPLACE /0 \"1\" -> 1"), told("[\"1\"]", "[1]"));
  }

  @Test
  void aDeletedDocumentIsNotThere() {
    assertEquals(List.of("ADD  - -> {}"), told(null, "{}"));
    assertEquals(List.of("REMOVE  null -> -"), told("null", null));
    assertEquals(List.of(), told(null, null));
  }

  @Test
  void arraysKeepTheirCommonEnds() {
    assertEquals(List.of("ADD /1 - -> 9"), told("[1,2,3]", "[1,9,2,3]"));
    assertEquals(List.of("REMOVE /2 3 -> -", "REMOVE /1 2 -> -"), told("[1,2,3,4]", "[1,4]"));
    assertEquals(List.of("REPLACE /1/a 1 -> 2"), told("[0,{\"a\":1}]", "[0,{\"a\":2}]"));
    assertEquals(List.of("ADD /0 - -> 1"), told("[]", "[1]"));
    assertEquals(List.of("REMOVE /1 1 -> -"), told("[1,1]", "[1]"));
  }

  @Test
  void equalDocumentsDoNotDiffer() {
    assertEquals(List.of(), told("{\"a\":[1,{}],\"b\":1.0}", "{\"b\":1,\"a\":[1,{}]}"));
  }

  @Test
  void changesTurnTheOldIntoTheNew() {
    SimEntropy entropy = new SimEntropy(SEED);
    RandomJson random = new RandomJson(entropy);
    for (int run = 0; run < 5_000; run++) {
      Json old = random.document();
      Json now = entropy.nextInt(3) == 0 ? random.document() : mutated(old, random, entropy);
      List<JsonDiff.Change> changes = JsonDiff.between(Optional.of(old), Optional.of(now));
      String told = "seed " + SEED + ", run " + run + ": " + changes;
      Json patched = old;
      for (JsonDiff.Change change : changes) {
        Json before = at(patched, change.path(), change.op());
        assertEquals(change.before(), Optional.ofNullable(before), told);
        patched = patch(patched, change.path(), change);
      }
      assertEquals(now, patched, told);
    }
  }

  /** A copy with a few changes at random places. */
  private static Json mutated(Json value, RandomJson random, SimEntropy entropy) {
    if (entropy.nextInt(6) == 0) return random.value(2);
    return switch (value) {
      case Json.Members(var members) -> {
        TreeMap<String, Json> copy = new TreeMap<>();
        members.forEach((name, member) -> copy.put(name, mutated(member, random, entropy)));
        if (entropy.nextInt(4) == 0) copy.putAll(random.members(1).members());
        if (entropy.nextInt(4) == 0 && !copy.isEmpty()) copy.pollFirstEntry();
        yield new Json.Members(copy);
      }
      case Json.Items(var items) -> {
        List<Json> copy = new ArrayList<>();
        for (Json item : items) copy.add(mutated(item, random, entropy));
        if (entropy.nextInt(3) == 0) copy.add(entropy.nextInt(copy.size() + 1), random.value(1));
        if (entropy.nextInt(3) == 0 && !copy.isEmpty()) copy.remove(entropy.nextInt(copy.size()));
        yield new Json.Items(copy);
      }
      default -> value;
    };
  }

  /** What is at the path; for an ADD what would be overwritten, so nothing within an array. */
  private static @Nullable Json at(@Nullable Json value, String path, JsonDiff.Op op) {
    if (path.isEmpty()) return value;
    int slash = path.indexOf('/', 1);
    String rest = slash < 0 ? "" : path.substring(slash);
    String name = name(path.substring(1, slash < 0 ? path.length() : slash));
    return switch (value) {
      case Json.Members(var members) -> at(members.get(name), rest, op);
      case Json.Items(var items) when rest.isEmpty() && op == JsonDiff.Op.ADD -> null;
      case Json.Items(var items) -> at(items.get(Integer.parseInt(name)), rest, op);
      case null, default -> throw new AssertionError("no place " + path);
    };
  }

  private static Json patch(Json value, String path, JsonDiff.Change change) {
    if (path.isEmpty()) return change.after().orElseThrow();
    int slash = path.indexOf('/', 1);
    String rest = slash < 0 ? "" : path.substring(slash);
    String name = name(path.substring(1, slash < 0 ? path.length() : slash));
    boolean removes = rest.isEmpty() && change.op() == JsonDiff.Op.REMOVE;
    boolean adds = rest.isEmpty() && change.op() == JsonDiff.Op.ADD;
    if (value instanceof Json.Members(var members)) {
      TreeMap<String, Json> copy = new TreeMap<>(members);
      Json member = copy.get(name);
      if (removes) copy.remove(name);
      if (adds) copy.put(name, change.after().orElseThrow());
      if (!removes && !adds && member != null) copy.put(name, patch(member, rest, change));
      return new Json.Members(copy);
    }
    List<Json> copy = new ArrayList<>(((Json.Items) value).items());
    int index = Integer.parseInt(name);
    if (removes) copy.remove(index);
    if (adds) copy.add(index, change.after().orElseThrow());
    if (!removes && !adds) copy.set(index, patch(copy.get(index), rest, change));
    return new Json.Items(copy);
  }

  private static String name(String token) {
    return token.replace("~1", "/").replace("~0", "~");
  }

  private static List<String> told(@Nullable String old, @Nullable String now) {
    List<String> told = new ArrayList<>();
    for (JsonDiff.Change change : JsonDiff.between(json(old), json(now))) {
      told.add(
          change.op()
              + " "
              + change.path()
              + " "
              + text(change.before())
              + " -> "
              + text(change.after()));
    }
    return told;
  }

  private static Optional<Json> json(@Nullable String text) {
    return Optional.ofNullable(text).map(t -> CanonicalJson.STANDARD.read(Bytes.utf8(t)));
  }

  private static String text(Optional<Json> value) {
    return value.map(v -> CanonicalJson.write(v).utf8()).orElse("-");
  }
}
