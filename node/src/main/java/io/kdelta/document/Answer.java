package io.kdelta.document;

import io.kdelta.causal.Applied;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.Written;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What the store answers. Immutable values, on the heap, for any thread.
 *
 * <p>Invariant: an answer may be given away only once everything up to its {@link #lsn} is synced,
 * or a crash could take back what somebody was told.
 */
public sealed interface Answer {
  /** The newest LSN that the answer depends on; 0 when all of it lies in tables. */
  long lsn();

  /**
   * What writes did.
   *
   * @param written one for each write, in the order asked
   * @param applied the versions that became visible, in causal order
   */
  record Outcome(List<Written> written, List<Applied> applied, long lsn) implements Answer {
    /** Copies the lists. */
    public Outcome {
      written = List.copyOf(written);
      applied = List.copyOf(applied);
    }
  }

  /**
   * A value.
   *
   * @param version the version that has it, with its document
   * @param heads how many heads the key has; empty when a past moment was asked for, since counting
   *     them would cost the key's history
   * @param state the state id of the key now
   */
  record Value(Envelope version, OptionalInt heads, Digest state, long lsn) implements Answer {}

  /** Whether a key has a value. */
  record Existence(boolean exists, long lsn) implements Answer {}

  /**
   * The heads of a key.
   *
   * @param heads with their documents, the winner first
   * @param commonAncestors the nearest versions that all heads are built on, newest first; empty
   *     for a single head, and when the branches began apart
   * @param state the synthesis of the heads
   */
  record Branches(
      Key key, List<Envelope> heads, List<Envelope> commonAncestors, Digest state, long lsn)
      implements Answer {
    /** Copies the lists. */
    public Branches {
      heads = List.copyOf(heads);
      commonAncestors = List.copyOf(commonAncestors);
    }
  }

  /**
   * Versions with their documents.
   *
   * @param more whether there are more behind the last one, which then is the next page's cursor
   */
  record Versions(List<Envelope> versions, boolean more, long lsn) implements Answer {
    /** Copies the list. */
    public Versions {
      versions = List.copyOf(versions);
    }
  }

  /**
   * One version.
   *
   * @param head whether nothing supersedes it
   */
  record Shown(Envelope version, boolean head, long lsn) implements Answer {}

  /**
   * What changed between two versions of a key.
   *
   * @param source the older side; null: nothing was there
   */
  record Difference(
      @Nullable Envelope source, Envelope target, List<JsonDiff.Change> changes, long lsn)
      implements Answer {
    /** Copies the list. */
    public Difference {
      changes = List.copyOf(changes);
    }
  }

  /**
   * Keys with two or more heads, in order.
   *
   * @param next where to go on, null at the end; a page may be shorter than asked, even empty,
   *     before the end
   */
  record Conflicts(List<Heads> conflicts, @Nullable Key next, long lsn) implements Answer {
    /** Copies the list. */
    public Conflicts {
      conflicts = List.copyOf(conflicts);
    }
  }

  /**
   * Keys that have a value, in order.
   *
   * @param next where to go on, null at the end; a page may be shorter than asked, even empty,
   *     before the end
   */
  record Keys(List<Key> keys, @Nullable Key next, long lsn) implements Answer {
    /** Copies the list. */
    public Keys {
      keys = List.copyOf(keys);
    }
  }

  /**
   * Versions of a namespace, key by key, within a key parents before children.
   *
   * @param next where to go on, null at the end
   */
  record Export(List<Envelope> versions, @Nullable Cursor next, long lsn) implements Answer {
    /** Copies the list. */
    public Export {
      versions = List.copyOf(versions);
    }

    /**
     * A place between two versions of an export.
     *
     * @param key the key last exported from
     * @param version the last version of it that was exported; null: all of that key was
     */
    public record Cursor(Key key, @Nullable Digest version) {}
  }

  /**
   * What a resolve did, or would do.
   *
   * @param outcome what was written; null for a dry run, and when fields could not be merged
   * @param document the resolved value; null for a delete
   * @param unmerged fields that heads changed differently, which only a person can decide
   * @param heads what was, or would be, resolved, the winner first
   */
  record Resolution(
      @Nullable Outcome outcome,
      @Nullable Bytes document,
      List<FieldMerge.Clash> unmerged,
      List<Digest> heads,
      long lsn)
      implements Answer {
    /** Copies the lists. */
    public Resolution {
      unmerged = List.copyOf(unmerged);
      heads = List.copyOf(heads);
    }
  }
}
