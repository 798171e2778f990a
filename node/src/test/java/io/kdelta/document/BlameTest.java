package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.kdelta.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: each member is blamed on the version that last set it, over branches and merges. Method:
 * examples, and seeded random histories against a model that follows every member by itself.
 */
final class BlameTest {
  private static final int SEEDS = 400;

  private static Json json(String text) {
    return CanonicalJson.WIDEST.read(Bytes.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static Blame.Step step(String id, String document, String... parents) {
    Optional<Json> json = document.isEmpty() ? Optional.empty() : Optional.of(json(document));
    return new Blame.Step(id, List.of(parents), json, 0);
  }

  /** The steps oldest first; the last one is blamed. */
  private static String blame(Blame.Step... steps) {
    List<Blame.Step> newestFirst = new ArrayList<>(List.of(steps));
    Collections.reverse(newestFirst);
    return blame(newestFirst.getFirst().id(), newestFirst);
  }

  private static String blame(String start, List<Blame.Step> newestFirst) {
    Blame blame = new Blame(start);
    for (Blame.Step step : newestFirst) {
      if (!blame.add(step)) break;
    }
    StringBuilder out = new StringBuilder();
    for (Blame.Origin origin : blame.origins()) {
      out.append(origin.path()).append(' ').append(CanonicalJson.write(origin.value()).utf8());
      out.append(' ').append(origin.version()).append('\n');
    }
    return out.toString();
  }

  @Test
  void aLine() {
    assertEquals(
        """
        /age 31 c
        /name "Bo" a
        /tags {} b
        """,
        blame(
            step("a", "{\"name\":\"Bo\",\"age\":30}"),
            step("b", "{\"name\":\"Bo\",\"age\":30,\"tags\":{}}", "a"),
            step("c", "{\"name\":\"Bo\",\"age\":31,\"tags\":{}}", "b")));
  }

  @Test
  void aMergeTakesFromBranches() {
    assertEquals(
        """
        /both 9 m
        /left 2 l
        /right 2 r
        /same 1 a
        """,
        blame(
            step("a", "{\"left\":1,\"right\":1,\"same\":1,\"both\":1}"),
            step("l", "{\"left\":2,\"right\":1,\"same\":1,\"both\":2}", "a"),
            step("r", "{\"left\":1,\"right\":2,\"same\":1,\"both\":3}", "a"),
            step("m", "{\"left\":2,\"right\":2,\"same\":1,\"both\":9}", "l", "r")));
  }

  @Test
  void whoSetItAgainIsLater() {
    assertEquals(
        "/x 1 d\n",
        blame(
            step("a", "{\"x\":1}"),
            step("b", "{\"x\":2}", "a"),
            step("c", "{\"x\":3}", "b"),
            step("d", "{\"x\":1}", "c"),
            step("m", "{\"x\":1}", "a", "d")));
    assertEquals(
        "/x 1 c\n", blame(step("a", "{\"x\":1}"), step("b", "", "a"), step("c", "{\"x\":1}", "b")));
  }

  @Test
  void itemsMoveWithTheirArray() {
    assertEquals(
        """
        /0 0 b
        /1 1 a
        /2/k 5 c
        /2/l 2 a
        /3 3 a
        """,
        blame(
            step("a", "[1,{\"k\":2,\"l\":2},3]"),
            step("b", "[0,1,{\"k\":2,\"l\":2},3]", "a"),
            step("c", "[0,1,{\"k\":5,\"l\":2},3]", "b")));
  }

  @Test
  void otherKindsAndNamesThatNeedEscapes() {
    assertEquals(
        "/a~1b/~0 true b\n",
        blame(step("a", "{\"a/b\":true}"), step("b", "{\"a/b\":{\"~\":true}}", "a")));
    assertEquals(" 7 a\n", blame(step("a", "7")));
    assertEquals("", blame(step("a", "1"), step("b", "", "a")));
  }

  @Test
  void itAsksNoFurtherThanItMust() {
    Blame blame = new Blame("c");
    blame.add(step("d", "{\"x\":9}", "c"));
    blame.add(step("c", "{\"x\":2}", "b"));
    assertFalse(blame.add(step("b", "{\"x\":1}", "a")));
    assertEquals("c", blame.origins().getFirst().version());
  }

  @Test
  void asTheModelSays() {
    for (long seed = 1; seed <= SEEDS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<Blame.Step> steps = history(random);
      Blame.Step start = steps.get(random.nextInt(steps.size()));
      List<Blame.Step> newestFirst = new ArrayList<>(steps);
      Collections.reverse(newestFirst);
      assertEquals(new Model(steps).blame(start), blame(start.id(), newestFirst), "seed " + seed);
    }
  }

  private static List<Blame.Step> history(SplittableRandom random) {
    List<Blame.Step> steps = new ArrayList<>();
    int count = 1 + random.nextInt(14);
    for (int i = 0; i < count; i++) {
      TreeSet<String> parents = new TreeSet<>();
      for (int p = random.nextInt(4); p > 0 && i > 0; p--) {
        parents.add(steps.get(random.nextInt(i)).id());
      }
      Optional<Json> document =
          random.nextInt(8) == 0 ? Optional.empty() : Optional.of(value(random, 3));
      if (!parents.isEmpty() && random.nextInt(3) > 0) {
        String from = parents.first();
        Json old =
            steps.stream()
                .filter(s -> s.id().equals(from))
                .findFirst()
                .orElseThrow()
                .document()
                .orElse(null);
        if (old != null) document = Optional.of(changed(old, random));
      }
      String id = "v%02d".formatted(i);
      steps.add(new Blame.Step(id, List.copyOf(parents), document, random.nextInt(3)));
    }
    return steps;
  }

  private static Json value(SplittableRandom random, int depth) {
    int kind = random.nextInt(depth > 0 ? 4 : 2);
    if (kind < 2) return new Json.Numeral(Integer.toString(random.nextInt(3)));
    if (kind == 2) {
      List<Json> items = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) items.add(value(random, depth - 1));
      return new Json.Items(items);
    }
    TreeMap<String, Json> members = new TreeMap<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      members.put("abc".substring(i - 1, i), value(random, depth - 1));
    }
    return new Json.Members(members);
  }

  private static Json changed(Json old, SplittableRandom random) {
    if (random.nextInt(4) == 0) return value(random, 2);
    return switch (old) {
      case Json.Members(var members) -> {
        TreeMap<String, Json> now = new TreeMap<>(members);
        now.replaceAll((name, value) -> random.nextBoolean() ? value : changed(value, random));
        yield new Json.Members(now);
      }
      case Json.Items(var items) -> {
        List<Json> now = new ArrayList<>(items);
        if (random.nextBoolean()) now.add(random.nextInt(now.size() + 1), value(random, 1));
        if (!now.isEmpty() && random.nextInt(3) == 0) now.remove(random.nextInt(now.size()));
        yield new Json.Items(now);
      }
      default -> random.nextBoolean() ? old : value(random, 1);
    };
  }

  /** Follows each member by itself, parent by parent, and looks at all that set it. */
  private record Model(List<Blame.Step> steps) {
    String blame(Blame.Step start) {
      StringBuilder out = new StringBuilder();
      start.document().ifPresent(d -> walk(start, d, List.of(), JsonPointer.ROOT, out));
      return out.toString();
    }

    private void walk(
        Blame.Step start, Json value, List<Object> place, String path, StringBuilder out) {
      if (value instanceof Json.Members(var members) && !members.isEmpty()) {
        members.forEach((name, member) ->
            walk(start, member, with(place, name), JsonPointer.member(path, name), out));
      } else if (value instanceof Json.Items(var items) && !items.isEmpty()) {
        for (int i = 0; i < items.size(); i++) {
          walk(start, items.get(i), with(place, i), JsonPointer.item(path, i), out);
        }
      } else {
        TreeSet<String> setters = new TreeSet<>();
        setters(start, place, value, setters);
        out.append(path).append(' ').append(CanonicalJson.write(value).utf8());
        out.append(' ').append(last(setters)).append('\n');
      }
    }

    private static List<Object> with(List<Object> place, Object step) {
      List<Object> longer = new ArrayList<>(place);
      longer.add(step);
      return longer;
    }

    private void setters(Blame.Step at, List<Object> place, Json value, TreeSet<String> setters) {
      boolean carried = false;
      for (String id : at.parents()) {
        Blame.Step parent = step(id);
        if (parent.document().isEmpty()) continue;
        Optional<List<Object>> there =
            there(at.document().orElseThrow(), parent.document().get(), place, value);
        if (there.isEmpty()) continue;
        carried = true;
        setters(parent, there.get(), value, setters);
      }
      if (!carried) setters.add(at.id());
    }

    private Blame.Step step(String id) {
      return steps.stream().filter(step -> step.id().equals(id)).findFirst().orElseThrow();
    }

    /** Where the member is in the document before; empty: it is not. */
    private static Optional<List<Object>> there(
        Json now, Json before, List<Object> place, Json value) {
      if (place.isEmpty()) return before.equals(value) ? Optional.of(List.of()) : Optional.empty();
      List<Object> rest = place.subList(1, place.size());
      if (now instanceof Json.Members(var mine) && before instanceof Json.Members(var theirs)) {
        String name = (String) place.getFirst();
        Json own = mine.get(name);
        Json other = theirs.get(name);
        if (own == null || other == null) return Optional.empty();
        return there(own, other, rest, value).map(p -> joined(name, p));
      }
      if (now instanceof Json.Items(var mine) && before instanceof Json.Items(var theirs)) {
        int index = (Integer) place.getFirst();
        int from = index(mine, theirs, index);
        if (from < 0) return Optional.empty();
        return there(mine.get(index), theirs.get(from), rest, value).map(p -> joined(from, p));
      }
      return Optional.empty();
    }

    /** Equal lists up to the index, or equal lists from it on, or the same index between. */
    private static int index(List<Json> now, List<Json> before, int index) {
      int least = Math.min(now.size(), before.size());
      int front = 0;
      while (front < least && now.subList(0, front + 1).equals(before.subList(0, front + 1))) {
        front++;
      }
      int back = 0;
      while (back < least - front
          && now.subList(now.size() - back - 1, now.size())
              .equals(before.subList(before.size() - back - 1, before.size()))) {
        back++;
      }
      if (index < front) return index;
      int fromEnd = now.size() - index;
      if (fromEnd <= back) return before.size() - fromEnd;
      return index < least - back ? index : -1;
    }

    private static List<Object> joined(Object first, List<Object> rest) {
      List<Object> all = new ArrayList<>(List.of(first));
      all.addAll(rest);
      return all;
    }

    private String last(TreeSet<String> setters) {
      Blame.Step last = null;
      for (String id : setters) {
        if (setters.stream().anyMatch(other -> !other.equals(id) && descends(other, id))) continue;
        Blame.Step step = step(id);
        if (last == null || step.micros() >= last.micros()) last = step;
      }
      return last == null ? "" : last.id();
    }

    private boolean descends(String id, String from) {
      return step(id).parents().stream().anyMatch(p -> p.equals(from) || descends(p, from));
    }
  }
}
