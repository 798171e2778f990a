package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Versions that came by reconciliation before a parent of theirs: in memory, bounded, the oldest
 * evicted. Nobody counted them, and the next session asks for them again.
 *
 * <p>Owner: the store. A transaction that is not applied undoes what it did here.
 */
final class WaitingRoom {
  static final int COUNT_MAX = 100_000;
  static final long BYTES_MAX = 64L << 20;

  private static final int OVERHEAD_BYTES = 512;

  private final LinkedHashMap<Digest, Guest> guests = new LinkedHashMap<>();
  private final Map<Digest, TreeSet<Digest>> byParent = new TreeMap<>();
  private long bytes;

  private record Guest(Envelope envelope, Digest missingParent, long bytes) {}

  /** Lets a version wait for {@code missingParent}, in place of what it waited for before. */
  void add(Envelope envelope, Digest missingParent) {
    Digest id = envelope.version().id();
    remove(id);
    long size = OVERHEAD_BYTES + (long) envelope.document().size();
    size += envelope.version().canonical().size() + (long) envelope.dots().size() * Dot.SIZE;
    guests.put(id, new Guest(envelope, missingParent, size));
    byParent.computeIfAbsent(missingParent, parent -> new TreeSet<>()).add(id);
    bytes += size;
    while (guests.size() > COUNT_MAX || bytes > BYTES_MAX) {
      remove(guests.firstEntry().getKey());
    }
  }

  /** Takes a version out and answers it; null when it does not wait here. */
  @Nullable Envelope remove(Digest id) {
    Guest guest = guests.remove(id);
    if (guest == null) return null;
    bytes -= guest.bytes;
    TreeSet<Digest> siblings = byParent.get(guest.missingParent);
    if (siblings != null && siblings.remove(id) && siblings.isEmpty()) {
      byParent.remove(guest.missingParent);
    }
    return guest.envelope;
  }

  /** What the version waits for; null when it does not wait here. */
  @Nullable Digest missingParent(Digest id) {
    Guest guest = guests.get(id);
    return guest == null ? null : guest.missingParent;
  }

  /** Those that wait for {@code parent}, in order of id. */
  List<Digest> waitingFor(Digest parent) {
    TreeSet<Digest> waiting = byParent.get(parent);
    return waiting == null ? List.of() : List.copyOf(waiting);
  }

  /** The parents that somebody here waits for, and those given, ascending, at most {@code max}. */
  List<Digest> missingParents(NavigableSet<Digest> others, int max) {
    TreeSet<Digest> missing = new TreeSet<>();
    for (Digest id : others) {
      if (missing.size() == max) break;
      missing.add(id);
    }
    for (Digest id : byParent.keySet()) {
      if (missing.size() >= max && id.compareTo(missing.last()) > 0) break;
      missing.add(id);
    }
    while (missing.size() > max) missing.removeLast();
    return List.copyOf(missing);
  }

  int count() {
    return guests.size();
  }
}
