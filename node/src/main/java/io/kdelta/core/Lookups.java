package io.kdelta.core;

import io.kdelta.causal.CausalStats;
import io.kdelta.causal.Coverage;
import io.kdelta.causal.Key;
import io.kdelta.document.Answer;
import io.kdelta.document.DocumentReader;
import io.kdelta.document.DocumentStore;
import io.kdelta.document.Moment;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageEngine;
import org.jspecify.annotations.Nullable;

/** Carries out the commands that only read. Owned by the core. */
final class Lookups {
  private static final int LIMIT_MAX = 10_000;

  /** Bytes of documents after which a page ends: what fits a message of the contract. */
  private static final long PAGE_BYTES_MAX = 2 << 20;

  /**
   * What a read found.
   *
   * @param lsn the newest batch that it rests on; 0 for none
   * @param named what the reply shows
   */
  record Found(Reply reply, long lsn, Coverage.Named named) {
    Found(Reply reply, long lsn) {
      this(reply, lsn, Coverage.Named.NOTHING);
    }

    /** This, with what it shows. */
    Found showing(Coverage.Named shown) {
      return new Found(reply, Math.max(lsn, shown.lsn()), shown);
    }
  }

  private final DocumentStore documents;
  private final DocumentReader reader;
  private final StorageEngine engine;
  private final Tokens tokens;

  Lookups(DocumentStore documents, StorageEngine engine, Tokens tokens) {
    this.documents = documents;
    this.reader = documents.reader();
    this.engine = engine;
    this.tokens = tokens;
  }

  /** Reads what is asked for, and finds out what of the data the answer shows. */
  Found find(Command.Reading command) {
    if (command instanceof Command.Get(Key key, Moment.Latest _)) return get(key);
    if (command.stable()) return stable(command);
    Found found = read(command);
    return switch (found.reply()) {
      case Reply.Shown shown -> found.showing(tokens.key(shown.version().version().key()));
      case Reply.VersionList list when !(command instanceof Command.Export) ->
          found.showing(
              list.versions().isEmpty()
                  ? Coverage.Named.NOTHING
                  : tokens.key(list.versions().getFirst().version().key()));
      default -> found.showing(restsOn(command));
    };
  }

  /** The heads that are shown are those that the answer rests on: they are looked for once. */
  private Found stable(Command.Reading command) {
    Stability stability = tokens.stability();
    stability.require();
    stability.begin();
    try {
      return read(command).showing(restsOn(command));
    } finally {
      stability.end();
    }
  }

  /** What an answer to a command, or a refusal, rests on at most. */
  Coverage.Named restsOn(Command command) {
    Key key = keyOf(command);
    if (command instanceof Command.Reading reading && reading.stable()) {
      Stability stability = tokens.stability();
      return key == null ? stability.everything() : stability.key(key);
    }
    return key == null ? tokens.everything() : tokens.key(key);
  }

  /** The key that a command is about; null when it is about none, or several. */
  static @Nullable Key keyOf(Command command) {
    return switch (command) {
      case Command.Put put -> put.write().key();
      case Command.Delete delete -> delete.key();
      case Command.Resolve resolve -> resolve.key();
      case Command.Get get -> get.key();
      case Command.Heads heads -> heads.key();
      case Command.Exists exists -> exists.key();
      case Command.History history -> history.key();
      case Command.Diff diff -> diff.key();
      default -> null;
    };
  }

  /** The value of a key now: a single head is on its way already. */
  private Found get(Key key) {
    Answer.Value answer = reader.get(key, new Moment.Latest());
    boolean single = answer.heads().orElse(0) == 1;
    return new Found(Replies.value(answer), answer.lsn())
        .showing(single ? tokens.dots(answer.version().dots()) : tokens.key(key));
  }

  /** Reads; throws what the reader does, and Invalid for a page out of bounds. */
  private Found read(Command.Reading command) {
    return switch (command) {
      case Command.Get(Key key, Moment at) -> {
        Answer.Value answer = reader.get(key, at);
        yield new Found(Replies.value(answer), answer.lsn());
      }
      case Command.Heads(Key key, Moment at) -> {
        Answer.Branches answer = reader.heads(key, at);
        yield new Found(Replies.heads(answer), answer.lsn());
      }
      case Command.Exists(Key key, boolean stable) -> {
        Answer.Existence answer = reader.exists(key, stable);
        yield new Found(new Reply.Existence(answer.exists()), answer.lsn());
      }
      case Command.Show(String prefix) -> {
        Answer.Shown answer = reader.version(prefix);
        yield new Found(new Reply.Shown(answer.version(), answer.head()), answer.lsn());
      }
      case Command.Diff diff -> {
        Answer.Difference answer = reader.diff(diff.key(), diff.source(), diff.target());
        yield new Found(Replies.difference(answer), answer.lsn());
      }
      case Command.CommonAncestor(String first, String second) ->
          unpaged(reader.commonAncestors(first, second));
      case Command.Ancestors(String prefix, int limit) ->
          unpaged(reader.ancestors(prefix, checked(limit)));
      case Command.Descendants(String prefix, int limit) ->
          unpaged(reader.descendants(prefix, checked(limit)));
      case Command.Stats(String namespace) -> {
        CausalStats stats = documents.stats(namespace.isEmpty() ? null : namespace);
        yield new Found(Replies.stats(namespace, stats), engine.lastLsn());
      }
      case Command.ListNamespaces() ->
          new Found(Replies.namespaces(documents.namespaces()), engine.lastLsn());
      case Command.Paged paged -> page(paged);
    };
  }

  private Found page(Command.Paged command) {
    return switch (command) {
      case Command.ListKeys list -> {
        Key after = PageToken.key(list.page());
        Answer.Keys answer =
            reader.keys(
                list.namespace(),
                list.prefix(),
                after == null ? null : after.key(),
                checked(list.limit()),
                list.stable());
        yield new Found(Replies.keys(answer), answer.lsn());
      }
      case Command.History list -> {
        Digest after = PageToken.version(list.page());
        Answer.Versions answer =
            reader.history(
                list.key(), list.sinceMicros(), after, checked(list.limit()), PAGE_BYTES_MAX);
        yield new Found(Replies.versions(answer), answer.lsn());
      }
      case Command.Conflicts list -> {
        String namespace = list.namespace().isEmpty() ? null : list.namespace();
        Key after = PageToken.key(list.page());
        Answer.Conflicts answer = documents.conflicts(namespace, after, checked(list.limit()));
        yield new Found(Replies.conflicts(answer), answer.lsn());
      }
      case Command.Export list -> {
        Answer.Export.Cursor after = PageToken.place(list.page());
        long sizeMax = Math.clamp(list.sizeMax(), 1, PAGE_BYTES_MAX);
        Answer.Export answer =
            reader.export(list.namespace(), list.history(), after, checked(list.limit()), sizeMax);
        yield new Found(Replies.export(answer), answer.lsn());
      }
    };
  }

  private static Found unpaged(Answer.Versions answer) {
    return new Found(Replies.all(answer.versions()), answer.lsn());
  }

  private static int checked(int limit) {
    if (limit < 1 || limit > LIMIT_MAX) {
      throw new KdeltaException.Invalid("page_size", limit + " is not 1 to " + LIMIT_MAX);
    }
    return limit;
  }
}
