package io.kdelta.document;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which version last set each member of a document. A member is what has no members of its own: a
 * scalar, or an empty object or array. One thread.
 *
 * <p>It is asked at the version that is blamed and follows the history back: a member that a parent
 * has, too, at its place and with its value, is asked of that parent; one that no parent has was
 * set here. Places are those of {@link JsonDiff}: objects by name, arrays by what they share at the
 * front and at the back. Where several branches have it, the last one to set it is named: no other
 * one that set it descends from it; among those side by side the later, then the greater id.
 *
 * <p>Invariant: versions come children before parents, so when one comes, all that is asked of it
 * is known. Only documents of versions that are still asked are held.
 */
public final class Blame {
  /** A version of the history. */
  public record Step(String id, List<String> parents, Optional<Json> document, long micros) {
    public Step {
      parents = List.copyOf(parents);
    }
  }

  /**
   * Where a member comes from.
   *
   * @param path as RFC 6901 writes it; "" is the whole document
   * @param version that set it
   */
  public record Origin(String path, Json value, String version) {}

  /** Members that are asked for, by their place in one document. */
  private static final class Place {
    private final TreeMap<String, Place> members = new TreeMap<>();
    private final TreeMap<Integer, Place> items = new TreeMap<>();
    private final BitSet asked = new BitSet();

    void add(Place other) {
      asked.or(other.asked);
      other.members.forEach(
          (name, place) -> members.computeIfAbsent(name, _ -> new Place()).add(place));
      other.items.forEach(
          (index, place) -> items.computeIfAbsent(index, _ -> new Place()).add(place));
    }

    void collect(BitSet all) {
      all.or(asked);
      members.values().forEach(place -> place.collect(all));
      items.values().forEach(place -> place.collect(all));
    }
  }

  /** A version that waits for its parents. */
  private static final class Asked {
    private final Step step;
    private final Place place;
    private final BitSet own = new BitSet();
    private int parentsLeft;

    Asked(Step step, Place place) {
      this.step = step;
      this.place = place;
      this.parentsLeft = step.parents().size();
      place.collect(own);
    }
  }

  private final String start;
  private final List<String> paths = new ArrayList<>();
  private final List<Json> values = new ArrayList<>();
  private final List<TreeSet<String>> setters = new ArrayList<>();
  private final TreeMap<String, List<Asked>> waiting = new TreeMap<>();
  private final TreeMap<String, Step> seen = new TreeMap<>();
  private boolean begun;

  /** {@code start}: the version that is blamed. */
  public Blame(String start) {
    this.start = start;
  }

  /** Takes the next version; whether more are needed. */
  public boolean add(Step step) {
    boolean asked = step.id().equals(start) && !begun;
    if (!begun && !asked) return true;
    // Also of a version that is asked nothing: others descend by it.
    seen.put(step.id(), new Step(step.id(), step.parents(), Optional.empty(), step.micros()));
    Place place = new Place();
    if (asked) {
      begun = true;
      step.document().ifPresent(document -> members(JsonPointer.ROOT, document, place));
    }
    List<Asked> children = waiting.remove(step.id());
    if (children != null) {
      for (Asked child : children) answer(child, step, place);
      asked = true;
    }
    if (asked) hold(step, place);
    return !waiting.isEmpty();
  }

  private void hold(Step step, Place place) {
    Asked asked = new Asked(step, place);
    if (asked.own.isEmpty()) return;
    for (String parent : step.parents()) {
      waiting.computeIfAbsent(parent, _ -> new ArrayList<>()).add(asked);
    }
    if (step.parents().isEmpty()) settle(asked);
  }

  private void answer(Asked child, Step parent, Place into) {
    Json now = child.step.document().orElseThrow();
    Json before = parent.document().orElse(null);
    Place carried = before == null ? null : carry(now, before, child.place);
    if (carried != null) {
      into.add(carried);
      BitSet theirs = new BitSet();
      carried.collect(theirs);
      child.own.andNot(theirs);
    }
    if (--child.parentsLeft == 0) settle(child);
  }

  private void settle(Asked asked) {
    asked.own.stream().forEach(member -> setters.get(member).add(asked.step.id()));
  }

  /** The members of {@code asked} that {@code before} has, too, at their places there. */
  private static @Nullable Place carry(Json now, Json before, Place asked) {
    if (now.equals(before)) return asked;
    Place carried = new Place();
    if (now instanceof Json.Members(var mine) && before instanceof Json.Members(var theirs)) {
      asked.members.forEach((name, place) -> {
        Json value = theirs.get(name);
        Json own = mine.get(name);
        if (value == null || own == null) return;
        Place found = carry(own, value, place);
        if (found != null) carried.members.put(name, found);
      });
    } else if (now instanceof Json.Items(var mine) && before instanceof Json.Items(var theirs)) {
      carryItems(mine, theirs, asked, carried);
    }
    return carried.members.isEmpty() && carried.items.isEmpty() ? null : carried;
  }

  private static void carryItems(List<Json> now, List<Json> before, Place asked, Place carried) {
    JsonDiff.Alignment shared = JsonDiff.Alignment.of(before, now);
    asked.items.forEach((index, place) -> {
      int there = shared.before(index);
      if (there < 0) return;
      Place found = carry(now.get(index), before.get(there), place);
      if (found != null) carried.items.put(there, found);
    });
  }

  private void members(String path, Json value, Place place) {
    switch (value) {
      case Json.Members(var members) when !members.isEmpty() ->
          members.forEach((name, member) ->
              members(
                  JsonPointer.member(path, name),
                  member,
                  place.members.computeIfAbsent(name, _ -> new Place())));
      case Json.Items(var items) when !items.isEmpty() -> {
        for (int i = 0; i < items.size(); i++) {
          Place item = new Place();
          place.items.put(i, item);
          members(JsonPointer.item(path, i), items.get(i), item);
        }
      }
      default -> {
        place.asked.set(paths.size());
        paths.add(path);
        values.add(value);
        setters.add(new TreeSet<>());
      }
    }
  }

  /** Where each member comes from, in the order of the document. */
  public List<Origin> origins() {
    // What is not there to be asked any more cannot be blamed: then it is who asked.
    for (List<Asked> children : waiting.values()) children.forEach(this::settle);
    waiting.clear();
    List<Origin> origins = new ArrayList<>();
    for (int i = 0; i < paths.size(); i++) {
      origins.add(new Origin(paths.get(i), values.get(i), last(setters.get(i))));
    }
    return List.copyOf(origins);
  }

  private String last(Set<String> versions) {
    TreeSet<String> heads = new TreeSet<>(versions);
    if (versions.size() > 1) {
      for (String version : versions) heads.removeAll(ancestors(version));
    }
    String last = heads.first();
    for (String head : heads) {
      if (micros(head) >= micros(last)) last = head;
    }
    return last;
  }

  private long micros(String version) {
    Step step = seen.get(version);
    return step == null ? Long.MIN_VALUE : step.micros();
  }

  private Set<String> ancestors(String version) {
    TreeSet<String> ancestors = new TreeSet<>();
    List<String> next = new ArrayList<>(List.of(version));
    while (!next.isEmpty()) {
      Step step = seen.get(next.removeLast());
      if (step == null) continue;
      for (String parent : step.parents()) {
        if (ancestors.add(parent)) next.add(parent);
      }
    }
    return ancestors;
  }
}
