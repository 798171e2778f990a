package io.kdelta.document;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Draft;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Head;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Works out the version that makes one head of several.
 *
 * <p>Owner: the core thread, for one call. Reads only.
 */
final class Resolver {
  /**
   * What a resolve comes to.
   *
   * @param draft the version to write; with clashes it must not be written
   * @param clashes fields that could not be merged
   * @param heads what it resolves, the winner first
   */
  record Plan(Draft draft, List<FieldMerge.Clash> clashes, List<Digest> heads) {
    /** The draft, as the only write of a request. */
    List<Draft> drafts() {
      return List.of(draft);
    }

    /** The answer when it was written. */
    Answer.Resolution done(Answer.Outcome outcome) {
      return new Answer.Resolution(outcome, document(), clashes, heads, outcome.lsn());
    }

    /** The answer when it was not. */
    Answer.Resolution left(long lsn) {
      return new Answer.Resolution(null, document(), clashes, heads, lsn);
    }

    private @Nullable Bytes document() {
      return draft.kind() == Version.Kind.DELETE ? null : draft.document();
    }
  }

  private final DocumentReader reader;
  private final Choice choice;
  private final String note;

  Resolver(DocumentReader reader, Choice choice, String note) {
    this.reader = reader;
    this.choice = choice;
    this.note = note;
  }

  /**
   * The heads that one version can supersede: the first 64 in winner order, and the one to take
   * among them.
   */
  List<Digest> parents(Heads heads) {
    List<Digest> parents = new ArrayList<>();
    for (Head head : heads.winnerFirst()) {
      if (parents.size() < Version.PARENTS_MAX) parents.add(head.id());
    }
    if (choice instanceof Choice.Take(String prefix)) {
      Digest taken = VersionFinder.head(heads, prefix);
      if (!parents.contains(taken)) parents.set(parents.size() - 1, taken);
    }
    return parents;
  }

  /** What resolving {@code parents}, versions of {@code key} that were its heads, comes to. */
  Plan plan(Key key, List<Digest> parents) {
    List<Envelope> heads = new ArrayList<>();
    List<Head> ranks = new ArrayList<>();
    for (Digest id : parents) ranks.add(Head.of(reader.envelope(id).version()));
    ranks.sort(Head.WINNER_FIRST);
    List<Digest> ids = new ArrayList<>();
    for (Head rank : ranks) {
      ids.add(rank.id());
      heads.add(reader.envelope(rank.id()));
    }
    return switch (choice) {
      case Choice.Take(String prefix) -> {
        Envelope taken = reader.envelope(VersionFinder.head(new Heads(key, ranks, 0), prefix));
        Version version = taken.version();
        yield plan(key, version.contentType(), taken.document(), List.of(), ids);
      }
      case Choice.Value(Bytes document) -> plan(key, ContentType.JSON, document, List.of(), ids);
      case Choice.Merge() -> merge(key, heads, ids);
    };
  }

  private Plan merge(Key key, List<Envelope> heads, List<Digest> ids) {
    List<Optional<Json>> bases = new ArrayList<>();
    for (Envelope base : reader.commonAncestors(ids)) bases.add(DocumentReader.json(base));
    List<Optional<Json>> sides = new ArrayList<>();
    for (Envelope head : heads) sides.add(DocumentReader.json(head));
    FieldMerge.Merged merged = FieldMerge.merge(bases, sides);
    Bytes document = merged.document().map(CanonicalJson.WIDEST::bounded).orElse(Bytes.EMPTY);
    ContentType type = merged.document().isPresent() ? ContentType.JSON : ContentType.NONE;
    return plan(key, type, document, merged.clashes(), ids);
  }

  private Plan plan(
      Key key, ContentType type, Bytes document, List<FieldMerge.Clash> clashes, List<Digest> ids) {
    Version.Kind kind = type == ContentType.NONE ? Version.Kind.DELETE : Version.Kind.PUT;
    Draft draft = new Draft(kind, key, type, document, ids, note, Bytes.EMPTY, null);
    return new Plan(draft, clashes, ids);
  }
}
