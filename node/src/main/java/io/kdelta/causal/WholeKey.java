package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All versions of one key, verified, and what follows from them. Immutable; made by any thread.
 *
 * @param heads those of its versions that no other one supersedes
 * @param counted what versions and key count for
 */
record WholeKey(Heads heads, CausalStats counted) {
  /**
   * Verifies them; null when one is not what it must be.
   *
   * @param oldestFirst all versions of the key, parents before their children
   * @param schema a pure function
   */
  static @Nullable WholeKey of(Key key, List<Envelope> oldestFirst, ContentSchema schema) {
    for (Envelope envelope : oldestFirst) if (!hasSoundDocument(envelope, schema)) return null;
    return of(key, oldestFirst);
  }

  /** Whether the document is the one that the version names, and what one of its type must be. */
  static boolean hasSoundDocument(Envelope envelope, ContentSchema schema) {
    return Verification.documentFlaw(envelope) == null
        && Verification.contentFlaw(envelope, schema) == null;
  }

  /** The same where somebody else sees to the {@link #hasSoundDocument documents}. */
  static @Nullable WholeKey of(Key key, List<Envelope> oldestFirst) {
    return oldestFirst.size() == 1 ? only(key, oldestFirst.getFirst()) : all(key, oldestFirst);
  }

  /** Most keys have one version. */
  private static @Nullable WholeKey only(Key key, Envelope envelope) {
    Version version = envelope.version();
    if (!isSound(version, Collections.emptySortedMap())) return null;
    Heads heads = new Heads(key, List.of(Head.of(version)), 0);
    return new WholeKey(heads, counted(envelope).plus(CausalStats.ofKey(heads)));
  }

  private static @Nullable WholeKey all(Key key, List<Envelope> oldestFirst) {
    CausalStats counted = CausalStats.NONE;
    SortedMap<Digest, Version> visible = new TreeMap<>();
    SortedMap<Digest, Head> heads = new TreeMap<>();
    for (Envelope envelope : oldestFirst) {
      Version version = envelope.version();
      if (!isSound(version, visible)) return null;
      if (visible.put(version.id(), version) != null) return null;
      for (Digest parent : version.parents()) heads.remove(parent);
      heads.put(version.id(), Head.of(version));
      counted = counted.plus(counted(envelope));
    }
    Heads all = new Heads(key, List.copyOf(heads.values()), 0);
    return new WholeKey(all, counted.plus(CausalStats.ofKey(all)));
  }

  private static CausalStats counted(Envelope envelope) {
    Version version = envelope.version();
    int bytes = envelope.document().size();
    return CausalStats.ofVersion(version.parentCount(), version.deleted(), bytes);
  }

  private static boolean isSound(Version version, SortedMap<Digest, Version> visible) {
    Timestamp latest = Timestamp.ZERO;
    for (Digest id : version.parents()) {
      Version parent = visible.get(id);
      if (parent == null || Verification.parentFlaw(version, parent) != null) return false;
      latest = Timestamp.later(latest, parent.time());
    }
    return Verification.timeFlaw(version, latest) == null;
  }
}
