package io.kdelta.document;

import io.kdelta.causal.CausalGraph;
import io.kdelta.causal.ContentType;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Head;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.Present;
import io.kdelta.causal.Stored;
import io.kdelta.causal.Version;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads of documents over one state of the graph: the newest, or a snapshot.
 *
 * <p>Owner: the core thread. No state of its own. What it throws (NotFound, NoValueAt, Corrupt)
 * depends on rows as well: whoever tells a client waits for what was the newest LSN at that moment.
 */
public final class DocumentReader {
  /** How many keys one page looks at, so that a page of rare finds ends in bounded time. */
  static final int KEYS_SCANNED_MAX = 10_000;

  private final CausalGraph graph;
  private final Predicate<Key> damaged;
  private final Function<Key, Heads> replicated;
  private final VersionFinder finder;

  /**
   * Reads {@code graph}.
   *
   * @param damaged whether a key has lost versions to corruption, so that no answer can be trusted
   * @param replicated the heads of a key among what enough nodes are known to have synced ({@link
   *     Moment.Stable})
   */
  public DocumentReader(
      CausalGraph graph, Predicate<Key> damaged, Function<Key, Heads> replicated) {
    this.graph = graph;
    this.damaged = damaged;
    this.replicated = replicated;
    this.finder = new VersionFinder(graph, replicated);
  }

  /** The value at a moment; NotFound or NoValueAt when there is none. */
  public Answer.Value get(Key key, Moment moment) {
    refuseDamaged(key);
    if (moment instanceof Moment.Latest) return get(key);
    if (moment instanceof Moment.Stable) return stable(key);
    Heads heads = graph.heads(key);
    Digest state = heads.stateId().orElse(null);
    if (state == null) throw new KdeltaException.NotFound(key.toString());
    Stored stored = finder.at(key, moment);
    if (stored.version().deleted()) throw VersionFinder.noValueAt(key, moment, null);
    long lsn = Math.max(heads.lsn(), stored.lsn());
    return new Answer.Value(graph.envelope(stored), OptionalInt.empty(), state, lsn);
  }

  private Answer.Value get(Key key) {
    Present present = graph.present(key);
    if (present == null || present.winner().version().deleted()) {
      throw new KdeltaException.NotFound(key.toString());
    }
    Envelope envelope = graph.envelope(present.winner());
    OptionalInt heads = OptionalInt.of(present.heads());
    return new Answer.Value(envelope, heads, present.state(), present.lsn());
  }

  private Answer.Value stable(Key key) {
    Heads heads = replicated.apply(key);
    Head winner = heads.winner().orElse(null);
    Digest state = graph.heads(key).stateId().orElse(null);
    if (winner == null || winner.deleted() || state == null) {
      throw new KdeltaException.NotFound(key.toString());
    }
    OptionalInt count = OptionalInt.of(heads.all().size());
    return new Answer.Value(envelope(winner.id()), count, state, heads.lsn());
  }

  /** Whether the key has a value now. */
  public Answer.Existence exists(Key key) {
    return exists(key, false);
  }

  /** Whether the key has a value now; {@code stable}: one that {@link Moment.Stable} shows. */
  public Answer.Existence exists(Key key, boolean stable) {
    refuseDamaged(key);
    Heads heads = stable ? replicated.apply(key) : graph.heads(key);
    return new Answer.Existence(heads.live(), heads.lsn());
  }

  /** The heads at a moment, deleted ones included; an id or a step back is the only head there. */
  public Answer.Branches heads(Key key, Moment moment) {
    refuseDamaged(key);
    Heads heads =
        switch (moment) {
          case Moment.Latest() -> graph.heads(key);
          case Moment.Stable() -> replicated.apply(key);
          case Moment.Time time -> graph.headsAt(key, time.latest());
          case Moment.Id _, Moment.Back _ -> {
            Stored stored = finder.at(key, moment);
            yield new Heads(key, List.of(Head.of(stored.version())), stored.lsn());
          }
        };
    Digest state = heads.stateId().orElse(null);
    if (state == null && moment instanceof Moment.Stable) {
      throw new KdeltaException.NotFound(key.toString());
    }
    if (state == null) throw finder.nothingYet(key, moment);
    List<Envelope> branches = new ArrayList<>();
    for (Head head : heads.winnerFirst()) branches.add(envelope(head.id()));
    return new Answer.Branches(key, branches, commonAncestors(heads.ids()), state, heads.lsn());
  }

  /**
   * A page of the versions of a key, newest first, branches included. NotFound for a key that never
   * was.
   *
   * @param sinceMicros only versions of this microsecond or later; 0 for all
   * @param after the last version of the page before; null for the first page
   * @param limit at most so many
   * @param bytesMax stop when the documents are so many bytes; a page has at least one version
   */
  public Answer.Versions history(
      Key key, long sinceMicros, @Nullable Digest after, int limit, long bytesMax) {
    refuseDamaged(key);
    Version cursor = after == null ? null : finder.byPrefix(key, after.hex()).version();
    List<Envelope> versions = new ArrayList<>();
    boolean more = false;
    boolean any = cursor != null;
    long lsn = 0;
    long bytes = 0;
    try (var history = cursor == null ? graph.history(key) : graph.history(key, cursor.time())) {
      while (!more && history.next()) {
        any = true;
        Stored stored = history.stored();
        Version version = stored.version();
        if (version.time().micros() < sinceMicros) break;
        if (cursor != null && !behind(version, cursor)) continue;
        more = versions.size() == limit || (bytes >= bytesMax && !versions.isEmpty());
        if (more) break;
        versions.add(graph.envelope(stored));
        bytes += stored.documentBytes();
        lsn = Math.max(lsn, stored.lsn());
      }
    }
    if (!any) throw new KdeltaException.NotFound(key.toString());
    return new Answer.Versions(versions, more, lsn);
  }

  /** The version of any key whose id starts so; NotFound, or Invalid when several do. */
  public Answer.Shown version(String prefix) {
    Stored stored = finder.byPrefix(prefix);
    Heads heads = graph.heads(stored.version().key());
    long lsn = Math.max(stored.lsn(), heads.lsn());
    boolean head = heads.ids().contains(stored.version().id());
    return new Answer.Shown(graph.envelope(stored), head, lsn);
  }

  /** What a version is built on, newest first, at most {@code limit}. */
  public Answer.Versions ancestors(String prefix, int limit) {
    Digest id = finder.byPrefix(prefix).version().id();
    return versions(graph.ancestors(id, limit + 1), limit);
  }

  /** What is built on a version, oldest first, at most {@code limit}. */
  public Answer.Versions descendants(String prefix, int limit) {
    Digest id = finder.byPrefix(prefix).version().id();
    return versions(graph.descendants(id, limit + 1), limit);
  }

  /** The nearest versions that two versions of one key are both built on, newest first. */
  public Answer.Versions commonAncestors(String first, String second) {
    Stored one = finder.byPrefix(first);
    Stored other = finder.byPrefix(second);
    Key key = one.version().key();
    if (!key.equals(other.version().key())) {
      throw new KdeltaException.Invalid(
          "version", second + " is of " + other.version().key() + ", not of " + key);
    }
    List<Digest> ids = List.of(one.version().id(), other.version().id());
    List<Stored> nearest = new ArrayList<>();
    for (Digest id : graph.commonAncestors(ids)) nearest.add(finder.held(id));
    return versions(nearest, nearest.size());
  }

  /**
   * What changed in a key from one moment to another; a delete is a document that is not there.
   *
   * @param source null for the first parent of {@code target}, or nothing where it has none
   */
  public Answer.Difference diff(Key key, @Nullable Moment source, Moment target) {
    refuseDamaged(key);
    Stored newer = finder.at(key, target);
    Stored older = source == null ? firstParent(newer) : finder.at(key, source);
    Envelope before = older == null ? null : graph.envelope(older);
    Envelope after = graph.envelope(newer);
    long lsn = Math.max(newer.lsn(), older == null ? 0 : older.lsn());
    return new Answer.Difference(before, after, JsonDiff.between(json(before), json(after)), lsn);
  }

  /**
   * A page of keys with two or more heads.
   *
   * @param namespaces where to look, in order
   * @param after the cursor of the page before; null for the first page
   */
  public Answer.Conflicts conflicts(List<String> namespaces, @Nullable Key after, int limit) {
    List<Heads> found = new ArrayList<>();
    long lsn = 0;
    for (String namespace : namespaces) {
      int order = after == null ? 1 : namespace.compareTo(after.namespace());
      if (order < 0) continue;
      String from = order == 0 && after != null ? after.key() : null;
      for (Heads heads : graph.conflicts(namespace, from, limit - found.size())) {
        lsn = Math.max(lsn, heads.lsn());
        found.add(heads);
      }
      if (found.size() == limit) {
        return new Answer.Conflicts(found, found.getLast().key(), lsn);
      }
    }
    return new Answer.Conflicts(found, null, lsn);
  }

  /**
   * A page of the keys of a namespace that have a value.
   *
   * @param prefix what the keys begin with; empty for all
   * @param after the cursor of the page before; null for the first page
   */
  public Answer.Keys keys(String namespace, String prefix, @Nullable String after, int limit) {
    return keys(namespace, prefix, after, limit, false);
  }

  /** The same; {@code stable}: of keys with a value that {@link Moment.Stable} shows. */
  public Answer.Keys keys(
      String namespace, String prefix, @Nullable String after, int limit, boolean stable) {
    Key.checkNamespace(namespace);
    List<Key> found = new ArrayList<>();
    int scanned = 0;
    long lsn = 0;
    try (var walk = graph.keys(namespace, prefix, after)) {
      while (walk.next()) {
        Heads heads = walk.heads();
        if (stable) heads = replicated.apply(heads.key());
        lsn = Math.max(lsn, heads.lsn());
        if (heads.live()) found.add(heads.key());
        if (found.size() == limit || ++scanned == KEYS_SCANNED_MAX) {
          return new Answer.Keys(found, heads.key(), lsn);
        }
      }
    }
    return new Answer.Keys(found, null, lsn);
  }

  /**
   * A page of an export: every version of every key, or the winner of every key that has a value.
   *
   * @param history every version, within a key the oldest first, so that parents come before their
   *     children
   * @param after the cursor of the page before; null for the first page
   * @param limit at most so many versions
   * @param bytesMax stop when the documents are so many bytes; a page has at least one version
   */
  public Answer.Export export(
      String namespace,
      boolean history,
      Answer.Export.@Nullable Cursor after,
      int limit,
      long bytesMax) {
    Key.checkNamespace(namespace);
    ExportPage page = new ExportPage(graph, limit, bytesMax);
    if (after != null
        && after.version() != null
        && !page.addHistory(after.key(), after.version())) {
      return page.cut();
    }
    int scanned = 0;
    try (var walk = graph.keys(namespace, "", after == null ? null : after.key().key())) {
      while (walk.next()) {
        boolean room =
            history ? page.addHistory(walk.heads().key(), null) : page.addWinner(walk.heads());
        if (!room || ++scanned == KEYS_SCANNED_MAX) return page.cut();
      }
    }
    return page.last();
  }

  /** The documents of the nearest common ancestors of {@code ids}; none for a single one. */
  List<Envelope> commonAncestors(List<Digest> ids) {
    if (ids.size() < 2) return List.of();
    List<Envelope> nearest = new ArrayList<>();
    for (Digest id : graph.commonAncestors(ids)) nearest.add(envelope(id));
    return nearest;
  }

  /** A version that another row names, with its document. */
  Envelope envelope(Digest id) {
    return graph.envelope(finder.held(id));
  }

  /** The document as JSON, nothing for a delete or no version; Invalid for another content. */
  static Optional<Json> json(@Nullable Envelope envelope) {
    if (envelope == null || envelope.version().deleted()) return Optional.empty();
    ContentType type = envelope.version().contentType();
    if (type != ContentType.JSON) {
      throw new KdeltaException.Invalid(
          "version", envelope.version().id().hex() + " is " + type + ", not a JSON document");
    }
    return Optional.of(CanonicalJson.WIDEST.read(envelope.document()));
  }

  /** Corrupt when versions of the key are lost, so that no answer about it can be trusted. */
  void refuseDamaged(Key key) {
    if (damaged.test(key)) {
      throw new KdeltaException.Corrupt(
          "versions of " + key, 0, "some were lost and no peer has brought them back yet");
    }
  }

  private Answer.Versions versions(List<Stored> found, int limit) {
    List<Envelope> versions = new ArrayList<>();
    long lsn = 0;
    for (Stored stored : found.subList(0, Math.min(limit, found.size()))) {
      versions.add(graph.envelope(stored));
      lsn = Math.max(lsn, stored.lsn());
    }
    return new Answer.Versions(versions, found.size() > limit, lsn);
  }

  private @Nullable Stored firstParent(Stored stored) {
    List<Digest> parents = stored.version().parents();
    return parents.isEmpty() ? null : finder.held(parents.getFirst());
  }

  /** Whether a walk of the history meets {@code version} behind {@code cursor}. */
  private static boolean behind(Version version, Version cursor) {
    int order = version.time().compareTo(cursor.time());
    return order < 0 || (order == 0 && version.id().compareTo(cursor.id()) < 0);
  }
}
