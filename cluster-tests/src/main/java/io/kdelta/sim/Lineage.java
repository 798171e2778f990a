package io.kdelta.sim;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which versions of one key are built on which: a set of bits for each, itself included. */
final class Lineage {
  private final List<RawGraph.Raw> versions;
  private final TreeMap<Digest, Integer> places = new TreeMap<>();
  private final List<BitSet> closures = new ArrayList<>();

  /**
   * @param ofOneKey every version of it
   */
  Lineage(List<RawGraph.Raw> ofOneKey) {
    versions = new ArrayList<>(ofOneKey);
    // A parent is older than its child.
    versions.sort(Comparator.comparing(RawGraph.Raw::time, Long::compareUnsigned));
    for (RawGraph.Raw version : versions) {
      BitSet closure = new BitSet();
      closure.set(closures.size());
      for (Digest parent : version.parents()) {
        Integer place = places.get(parent);
        if (place != null) closure.or(closures.get(place));
      }
      places.put(version.id(), closures.size());
      closures.add(closure);
    }
  }

  /** What somebody knows of the key, as it grew. */
  final class Known {
    private final List<Long> moments = new ArrayList<>();
    private final List<BitSet> states = new ArrayList<>();

    /** From that moment on these are known, with all that they are built on. */
    void add(long nanos, List<Digest> ids) {
      BitSet state = new BitSet();
      if (!states.isEmpty()) state.or(states.getLast());
      for (Digest id : ids) state.or(closure(id));
      moments.add(nanos);
      states.add(state);
    }

    /** What was known at that moment. */
    BitSet at(long nanos) {
      int place = moments.size() - 1;
      while (place >= 0 && moments.get(place) > nanos) place--;
      return place < 0 ? new BitSet() : states.get(place);
    }
  }

  Known nothing() {
    return new Known();
  }

  /** Something known that none of {@code ids} is built on. */
  @Nullable Digest notBelow(List<Digest> ids, Known known, long nanos) {
    BitSet left = (BitSet) known.at(nanos).clone();
    for (Digest id : ids) left.andNot(closure(id));
    return left.isEmpty() ? null : versions.get(left.length() - 1).id();
  }

  /** Something known that is built on {@code id}. */
  @Nullable Digest above(Digest id, Known known, long nanos) {
    Integer place = places.get(id);
    if (place == null) return null;
    BitSet seen = known.at(nanos);
    for (int i = seen.nextSetBit(place + 1); i >= 0; i = seen.nextSetBit(i + 1)) {
      if (closures.get(i).get(place)) return versions.get(i).id();
    }
    return null;
  }

  /** A known value that no delete is built on. */
  @Nullable Digest neverDeleted(Known known, long nanos) {
    BitSet left = (BitSet) known.at(nanos).clone();
    for (int i = 0; i < versions.size(); i++) {
      if (versions.get(i).deleted()) left.andNot(closures.get(i));
    }
    return left.isEmpty() ? null : versions.get(left.length() - 1).id();
  }

  /** Nothing for a version that is not in the graph: that is another oracle's business. */
  private BitSet closure(Digest id) {
    Integer place = places.get(id);
    return place == null ? new BitSet() : closures.get(place);
  }
}
