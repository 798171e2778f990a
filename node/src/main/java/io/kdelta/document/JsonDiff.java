package io.kdelta.document;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What changed from one document to another, place by place. Pure.
 *
 * <p>Objects are compared member by member, arrays item by item between the part they share at the
 * front and the part they share at the back. Invariant: the changes, applied in order as JSON Patch
 * (RFC 6902) operations, turn the old document into the new one.
 */
public final class JsonDiff {
  /** What happened at a place. */
  public enum Op {
    /** Nothing was there. */
    ADD,
    /** Nothing is there any more. */
    REMOVE,
    /** Another value is there. */
    REPLACE
  }

  /**
   * One place that differs.
   *
   * @param path as RFC 6901 writes it; "" is the whole document
   * @param op what happened
   * @param before the value there before, absent for an ADD
   * @param after the value there now, absent for a REMOVE
   */
  public record Change(String path, Op op, Optional<Json> before, Optional<Json> after) {}

  /**
   * What two arrays share.
   *
   * @param before items of the old one
   * @param now items of the new one
   * @param front items that are equal from the first on
   * @param back items that are equal up to the last, none of them at the front
   */
  record Alignment(int before, int now, int front, int back) {
    static Alignment of(List<Json> old, List<Json> now) {
      int both = Math.min(old.size(), now.size());
      int front = 0;
      while (front < both && old.get(front).equals(now.get(front))) front++;
      int back = 0;
      while (back < both - front
          && old.get(old.size() - 1 - back).equals(now.get(now.size() - 1 - back))) {
        back++;
      }
      return new Alignment(old.size(), now.size(), front, back);
    }

    /** Where the item at an index of the new array was in the old one; -1: it was added. */
    int before(int index) {
      if (index >= now - back) return index - now + before;
      return index < Math.min(before, now) - back ? index : -1;
    }
  }

  private JsonDiff() {}

  /** The changes from {@code before} to {@code after}; an absent document is a deleted one. */
  public static List<Change> between(Optional<Json> before, Optional<Json> after) {
    List<Change> changes = new ArrayList<>();
    compare(JsonPointer.ROOT, before.orElse(null), after.orElse(null), changes);
    return List.copyOf(changes);
  }

  private static void compare(
      String path, @Nullable Json before, @Nullable Json after, List<Change> changes) {
    if (Objects.equals(before, after)) return;
    if (before instanceof Json.Members(var old) && after instanceof Json.Members(var now)) {
      compareMembers(path, old, now, changes);
    } else if (before instanceof Json.Items(var old) && after instanceof Json.Items(var now)) {
      compareItems(path, old, now, changes);
    } else {
      Op op = before == null ? Op.ADD : after == null ? Op.REMOVE : Op.REPLACE;
      changes.add(new Change(path, op, Optional.ofNullable(before), Optional.ofNullable(after)));
    }
  }

  private static void compareMembers(
      String path, Map<String, Json> old, Map<String, Json> now, List<Change> changes) {
    TreeSet<String> names = new TreeSet<>(old.keySet());
    names.addAll(now.keySet());
    for (String name : names) {
      compare(JsonPointer.member(path, name), old.get(name), now.get(name), changes);
    }
  }

  private static void compareItems(
      String path, List<Json> old, List<Json> now, List<Change> changes) {
    Alignment shared = Alignment.of(old, now);
    int both = Math.min(old.size(), now.size());
    int front = shared.front();
    int back = shared.back();
    for (int i = front; i < both - back; i++) {
      compare(JsonPointer.item(path, i), old.get(i), now.get(i), changes);
    }
    for (int i = both - back; i < now.size() - back; i++) {
      compare(JsonPointer.item(path, i), null, now.get(i), changes);
    }
    // From the end, so that no removal moves the place of the next one.
    for (int i = old.size() - back - 1; i >= both - back; i--) {
      compare(JsonPointer.item(path, i), old.get(i), null, changes);
    }
  }
}
