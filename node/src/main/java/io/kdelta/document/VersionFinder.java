package io.kdelta.document;

import io.kdelta.causal.CausalGraph;
import io.kdelta.causal.Head;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.Stored;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Finds the version that a user means: by unique prefix of its id, or by a moment of its key.
 *
 * <p>Owner: the core thread. No state of its own.
 */
final class VersionFinder {
  private static final int PREFIX_DIGITS_MIN = 4;

  /** How many versions with one prefix are looked at to find the only one of a key. */
  private static final int CANDIDATES_MAX = 64;

  private final CausalGraph graph;
  private final Function<Key, Heads> replicated;

  /**
   * Looks into {@code graph}.
   *
   * @param replicated the heads of a key among what enough nodes are known to have synced
   */
  VersionFinder(CausalGraph graph, Function<Key, Heads> replicated) {
    this.graph = graph;
    this.replicated = replicated;
  }

  /** The version of any key whose id starts so; NotFound, or Invalid when several do. */
  Stored byPrefix(String prefix) {
    List<Digest> ids = graph.idsByPrefix(checked(prefix), 2);
    if (ids.isEmpty()) throw new KdeltaException.NotFound("version " + prefix);
    if (ids.size() > 1) throw ambiguous(prefix);
    return held(ids.getFirst());
  }

  /** The version of {@code key} whose id starts so; NotFound, or Invalid when several do. */
  Stored byPrefix(Key key, String prefix) {
    List<Digest> ids = graph.idsByPrefix(checked(prefix), CANDIDATES_MAX);
    List<Stored> found = new ArrayList<>();
    for (Digest id : ids) {
      Stored candidate = held(id);
      if (candidate.version().key().equals(key)) found.add(candidate);
    }
    if (found.size() > 1) throw ambiguous(prefix);
    if (found.size() == 1) return found.getFirst();
    if (ids.size() == CANDIDATES_MAX) throw ambiguous(prefix);
    throw new KdeltaException.NotFound("version " + prefix + " of " + key);
  }

  /**
   * The version that a read of {@code key} at {@code moment} stands on, which may be a delete.
   * NotFound for a key or id that never was, NoValueAt for a moment before the first version.
   */
  Stored at(Key key, Moment moment) {
    return switch (moment) {
      case Moment.Latest() -> winner(key);
      case Moment.Id(String prefix) -> byPrefix(key, prefix);
      case Moment.Back(int steps) -> back(key, steps);
      case Moment.Stable() -> {
        Head winner = replicated.apply(key).winner().orElse(null);
        if (winner == null) throw new KdeltaException.NotFound(key.toString());
        yield held(winner.id());
      }
      case Moment.Time time -> {
        Stored winner = graph.winnerAt(key, time.latest());
        if (winner == null) throw nothingYet(key, moment);
        yield winner;
      }
    };
  }

  /** The head of {@code heads} whose id starts so; NotFound, or Invalid when several do. */
  static Digest head(Heads heads, String prefix) {
    String digits = checked(prefix);
    Digest found = null;
    for (Digest id : heads.ids()) {
      if (!id.hex().startsWith(digits)) continue;
      if (found != null) throw ambiguous(prefix);
      found = id;
    }
    if (found == null) {
      throw new KdeltaException.NotFound("head " + prefix + " of " + heads.key());
    }
    return found;
  }

  /** The refusal of a moment before the first version of {@code key}, or of a key without any. */
  KdeltaException nothingYet(Key key, Moment moment) {
    Stored oldest = null;
    try (var history = graph.history(key)) {
      while (history.next()) oldest = history.stored();
    }
    if (oldest == null) return new KdeltaException.NotFound(key.toString());
    return noValueAt(key, moment, oldest);
  }

  static KdeltaException.NoValueAt noValueAt(Key key, Moment moment, @Nullable Stored oldest) {
    String time = oldest == null ? null : oldest.version().time().text();
    return new KdeltaException.NoValueAt(key.toString(), moment.text(), time);
  }

  /** A version that another row names; Corrupt when it is not here. */
  Stored held(Digest id) {
    Stored stored = graph.version(id);
    if (stored == null) {
      throw new KdeltaException.Corrupt(
          "version " + id, 0, "another row names it, it is not there");
    }
    return stored;
  }

  private Stored winner(Key key) {
    Head winner = graph.heads(key).winner().orElse(null);
    if (winner == null) throw new KdeltaException.NotFound(key.toString());
    return held(winner.id());
  }

  private Stored back(Key key, int steps) {
    Stored stored = winner(key);
    for (int i = 0; i < steps; i++) {
      List<Digest> parents = stored.version().parents();
      if (parents.isEmpty()) throw noValueAt(key, new Moment.Back(steps), stored);
      stored = held(parents.getFirst());
    }
    return stored;
  }

  private static String checked(String prefix) {
    boolean digits = prefix.chars().allMatch(HexFormat::isHexDigit);
    if (!digits || prefix.length() < PREFIX_DIGITS_MIN || prefix.length() > Digest.NIBBLES) {
      throw new KdeltaException.Invalid(
          "version", "'" + prefix + "' is not 4 to 64 hexadecimal digits");
    }
    return prefix.toLowerCase(Locale.ROOT);
  }

  private static KdeltaException.Invalid ambiguous(String prefix) {
    return new KdeltaException.Invalid(
        "version", "'" + prefix + "' begins several ids; give more of its digits");
  }
}
