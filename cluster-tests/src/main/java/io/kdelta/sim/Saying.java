package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.core.Reply;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an answer says about one key, and what it contradicts. Whoever knew something of the key
 * when it was asked must not be told less:
 *
 * <ul>
 *   <li>all heads together are built on everything that was known before;
 *   <li>a value is never one that something known before is built on;
 *   <li>a key that was known with a value is absent only after a delete that knew that value;
 *   <li>a write over all heads is built on everything that was known before.
 * </ul>
 *
 * @param path of the key
 * @param kind what it says
 * @param ids of the versions that it names
 */
public record Saying(String path, Kind kind, List<Digest> ids) {
  /** Versions that a write can name as parents. */
  private static final int PARENTS_MAX = 64;

  /** What an answer can say. */
  public enum Kind {
    /** The value is that of one version. */
    VALUE,
    /** These are all heads. */
    HEADS,
    /** There is no value. */
    ABSENT,
    /** One version was written over all heads. */
    WRITTEN,
    /** It is there, and nothing more is said. */
    PRESENT
  }

  /** Copies the list. */
  public Saying {
    ids = List.copyOf(ids);
  }

  /** Everything that the end of a request says. */
  static List<Saying> of(Action.Ask ask, Clients.Outcome outcome) {
    return switch (outcome.reply()) {
      case Reply.Value value ->
          List.of(
              new Saying(Model.path(value.version()), Kind.VALUE, List.of(id(value.version()))));
      case Reply.HeadList heads ->
          List.of(
              new Saying(
                  heads.key().namespace() + "/" + heads.key().key(),
                  Kind.HEADS,
                  heads.heads().stream().map(Saying::id).toList()));
      case Reply.Written written -> written(written);
      case Reply.Resolved resolved -> {
        Reply.Written written = resolved.written();
        yield written == null ? List.of() : written(written);
      }
      case null, default -> {
        boolean absent = outcome.error() instanceof KdeltaException.NotFound;
        yield absent && ask.request() instanceof Request.Get(String path)
            ? List.of(new Saying(path, Kind.ABSENT, List.of()))
            : absent && ask.request() instanceof Request.Stable(String path)
                ? List.of(new Saying(path, Kind.ABSENT, List.of()))
                : List.of();
      }
    };
  }

  private static List<Saying> written(Reply.Written written) {
    List<Saying> sayings = new ArrayList<>();
    for (Reply.Written.Result result : written.versions()) {
      String path = result.version().key().namespace() + "/" + result.version().key().key();
      int parents = result.version().parents().size();
      sayings.add(written(path, result.version().id(), parents, result.repeated()));
    }
    return sayings;
  }

  /**
   * What a write over all heads says.
   *
   * @param parents how many it names
   * @param repeated whether the version was there already
   */
  public static Saying written(String path, Digest id, int parents, boolean repeated) {
    Kind kind = repeated || parents >= PARENTS_MAX ? Kind.PRESENT : Kind.WRITTEN;
    return new Saying(path, kind, List.of(id));
  }

  /** Something known at that moment that it contradicts. */
  @Nullable Digest contradicts(Lineage lineage, Lineage.Known known, long asked) {
    return switch (kind) {
      case HEADS, WRITTEN -> lineage.notBelow(ids, known, asked);
      case VALUE -> lineage.above(ids.getFirst(), known, asked);
      case ABSENT -> lineage.neverDeleted(known, asked);
      case PRESENT -> null;
    };
  }

  private static Digest id(Envelope envelope) {
    return envelope.version().id();
  }
}
