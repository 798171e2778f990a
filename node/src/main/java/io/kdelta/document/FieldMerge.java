package io.kdelta.document;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Merges branches of a document field by field against what they have in common. Pure.
 *
 * <p>Objects merge member by member at every depth; scalars, strings and arrays are taken whole. A
 * field that one branch changed, or that several changed to the same, takes the change; a field
 * that branches changed differently is not merged but listed. With several bases (branches that
 * were merged crosswise have no single nearest ancestor) a field has a known base only where all of
 * them agree; elsewhere branches have to agree with each other.
 */
public final class FieldMerge {
  /**
   * A field that branches changed differently.
   *
   * @param path as RFC 6901 writes it; "" is the whole document
   * @param sides what each branch has there, in the order the branches were given; absent: removed
   */
  public record Clash(String path, List<Optional<Json>> sides) {
    public Clash {
      sides = List.copyOf(sides);
    }
  }

  /**
   * What came out.
   *
   * @param document the merged document, absent when it is deleted; where there is a clash it has
   *     what the first branch has
   * @param clashes the fields that could not be merged, in path order of the walk
   */
  public record Merged(Optional<Json> document, List<Clash> clashes) {
    public Merged {
      clashes = List.copyOf(clashes);
    }
  }

  private final List<Clash> clashes = new ArrayList<>();

  private FieldMerge() {}

  /**
   * Merges {@code sides}, the first of them being the winner; absent documents are deletions.
   *
   * @param bases the nearest common ancestors of all sides; none when the branches began apart
   */
  public static Merged merge(List<Optional<Json>> bases, List<Optional<Json>> sides) {
    if (sides.isEmpty()) throw new IllegalArgumentException("nothing to merge");
    FieldMerge merge = new FieldMerge();
    List<@Nullable Json> ancestors = nullable(bases);
    // Branches that began apart started from nothing.
    if (ancestors.isEmpty()) ancestors.add(null);
    Json document = merge.field(JsonPointer.ROOT, ancestors, nullable(sides));
    return new Merged(Optional.ofNullable(document), merge.clashes);
  }

  private @Nullable Json field(
      String path, List<@Nullable Json> bases, List<@Nullable Json> sides) {
    List<@Nullable Json> changed = changes(bases, sides);
    if (changed.isEmpty()) return bases.getFirst();
    if (changed.size() == 1) return changed.getFirst();
    for (Json side : changed) {
      if (!(side instanceof Json.Members)) {
        clashes.add(new Clash(path, optional(sides)));
        return sides.getFirst();
      }
    }
    return members(path, bases, sides);
  }

  /** What sides made of the field, each once; what they left as it was is no change. */
  private static List<@Nullable Json> changes(
      List<@Nullable Json> bases, List<@Nullable Json> sides) {
    Json base = bases.getFirst();
    boolean known = true;
    for (Json other : bases) known &= Objects.equals(base, other);
    List<@Nullable Json> changed = new ArrayList<>();
    for (Json side : sides) {
      if (known && Objects.equals(side, base)) continue;
      boolean listed = false;
      for (Json other : changed) listed |= Objects.equals(other, side);
      if (!listed) changed.add(side);
    }
    return changed;
  }

  private Json members(String path, List<@Nullable Json> bases, List<@Nullable Json> sides) {
    TreeSet<String> names = new TreeSet<>();
    collectNames(bases, names);
    collectNames(sides, names);
    TreeMap<String, Json> merged = new TreeMap<>();
    for (String name : names) {
      Json value = field(JsonPointer.member(path, name), member(bases, name), member(sides, name));
      if (value != null) merged.put(name, value);
    }
    return new Json.Members(merged);
  }

  private static void collectNames(List<@Nullable Json> documents, Set<String> names) {
    for (Json document : documents) {
      if (document instanceof Json.Members(var members)) names.addAll(members.keySet());
    }
  }

  private static List<@Nullable Json> member(List<@Nullable Json> documents, String name) {
    List<@Nullable Json> values = new ArrayList<>();
    for (Json document : documents) {
      values.add(document instanceof Json.Members(var members) ? members.get(name) : null);
    }
    return values;
  }

  private static List<@Nullable Json> nullable(List<Optional<Json>> documents) {
    List<@Nullable Json> values = new ArrayList<>();
    for (Optional<Json> document : documents) values.add(document.orElse(null));
    return values;
  }

  private static List<Optional<Json>> optional(List<@Nullable Json> documents) {
    List<Optional<Json>> values = new ArrayList<>();
    for (Json document : documents) values.add(Optional.ofNullable(document));
    return values;
  }
}
