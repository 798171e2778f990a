package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The heads of one key at one moment.
 *
 * <p>A value without owner or thread.
 *
 * @param key whose they are
 * @param all every head, in ascending order of id; empty for a key that never was
 * @param lsn the newest LSN that this answer depends on; 0 when it comes from tables alone
 */
public record Heads(Key key, List<Head> all, long lsn) {
  /** Sorts by id. */
  public Heads {
    all =
        all.size() < 2
            ? List.copyOf(all)
            : all.stream().sorted(Comparator.comparing(Head::id)).toList();
  }

  /** Whether the key has no version at all. */
  public boolean isEmpty() {
    return all.isEmpty();
  }

  /** Whether the key has a value: some head is not a delete. */
  public boolean live() {
    for (Head head : all) if (!head.deleted()) return true;
    return false;
  }

  /** Whether two or more heads wait for somebody to resolve them. */
  public boolean conflicting() {
    return all.size() > 1;
  }

  /** The head that a read answers; absent for a key without versions. */
  public Optional<Head> winner() {
    Head winner = null;
    for (Head head : all) {
      if (winner == null || Head.WINNER_FIRST.compare(head, winner) < 0) winner = head;
    }
    return Optional.ofNullable(winner);
  }

  /** All heads, the winner first. */
  public List<Head> winnerFirst() {
    if (all.size() < 2) return all;
    return all.stream().sorted(Head.WINNER_FIRST).toList();
  }

  /** The ids in ascending order. */
  public List<Digest> ids() {
    List<Digest> ids = new ArrayList<>(all.size());
    for (Head head : all) ids.add(head.id());
    return ids;
  }

  /**
   * The synthesis of all heads: the etag of the key. With one head it is that version's id. Absent
   * for a key without versions.
   */
  public Optional<Digest> stateId() {
    if (all.size() == 1) return Optional.of(all.getFirst().id());
    return all.isEmpty() ? Optional.empty() : Optional.of(Distinction.synthesize(ids()));
  }
}
