package io.kdelta.core;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.cluster.AckLevel;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks of the core: one record per request of {@code kdelta.v1}.
 *
 * <p>Commands are made at the edge, on any thread, and are immutable. What costs time and needs no
 * state is done there: document bytes are canonical already, keys and limits are checked. The core
 * answers each with one {@link Reply} or one {@link io.kdelta.error.KdeltaException}.
 */
public sealed interface Command {
  /** How many bytes the command holds on the heap, roughly: what it costs in the inbox. */
  default long size() {
    return FIXED_SIZE;
  }

  /** Bytes of a command without its variable parts: the records, their fields, the queue entry. */
  long FIXED_SIZE = 256;

  /** Whether the command may change data; such a one is refused while the node is not ready. */
  default boolean writes() {
    return false;
  }

  /**
   * Which state of a key is asked for.
   *
   * <p>The text form of the command line ({@code --at}) is read at the edge.
   */
  sealed interface At {
    /** The winner among the heads of now. */
    record Latest() implements At {}

    /** The winner among the heads of the versions up to a time, inclusive; microseconds of 1970. */
    record Time(long micros) implements At {}

    /** One version, by its id or any unique prefix of it: 4 to 64 hex digits. */
    record Id(String prefix) implements At {}

    /** So many steps from the winner along first parents; 0 is the winner itself. */
    record Back(int steps) implements At {}

    At LATEST = new Latest();
  }

  /**
   * Under which condition a write happens.
   *
   * @param state the state id the key must have, or null for no condition
   * @param absent whether the key must not exist (one whose heads are all deletes counts as absent)
   */
  record Guard(@Nullable Digest state, boolean absent) {
    public static final Guard NONE = new Guard(null, false);
  }

  /**
   * What every write may say about itself.
   *
   * @param requestId makes a retry harmless: the same id with the same body answers the first
   *     result; empty for none
   * @param note why the change was made, at most 1 KiB of UTF-8; empty for none
   * @param level how far it must be synced before the answer; null for the rule of the node
   */
  record Terms(String requestId, String note, @Nullable AckLevel level) {
    public static final Terms NONE = new Terms("", "", null);
  }

  /**
   * Writes one document.
   *
   * @param document canonical JSON
   * @param parents the versions that this one supersedes; empty for all heads at the node
   */
  record Put(Key key, Bytes document, Guard guard, List<Digest> parents, Terms terms)
      implements Command {
    public Put {
      parents = List.copyOf(parents);
    }

    @Override
    public long size() {
      return FIXED_SIZE + document.size();
    }

    @Override
    public boolean writes() {
      return true;
    }
  }

  /** Deletes one key; NotFound, and nothing written, when it is absent. */
  record Delete(Key key, Guard guard, List<Digest> parents, Terms terms) implements Command {
    public Delete {
      parents = List.copyOf(parents);
    }

    @Override
    public boolean writes() {
      return true;
    }
  }

  /** Several writes as one: all of them or none, visible together, at most 4 MiB. */
  record Batch(List<Item> items, Terms terms) implements Command {
    public Batch {
      items = List.copyOf(items);
    }

    /**
     * One write of a batch.
     *
     * @param document canonical JSON, or null to delete
     * @param note of this write alone; empty for that of the batch
     */
    public record Item(Key key, @Nullable Bytes document, Guard guard, String note) {}

    @Override
    public long size() {
      long size = FIXED_SIZE;
      for (Item item : items) {
        size += FIXED_SIZE + (item.document == null ? 0 : item.document.size());
      }
      return size;
    }

    @Override
    public boolean writes() {
      return true;
    }
  }

  /** The value of a key now or at some point; NotFound, or NoValueAt when it had none then. */
  record Get(Key key, At at) implements Command {}

  /** All heads of a key with their nearest common ancestor, now or as of a time. */
  record Heads(Key key, At at) implements Command {}

  /** Whether a key has a live head. */
  record Exists(Key key) implements Command {}

  /**
   * Live keys of a namespace in key order.
   *
   * @param prefix what the keys begin with; empty for all
   * @param page where to go on: {@code next} of the page before; empty for the first
   * @param limit at most so many, 1 to 10,000
   */
  record ListKeys(String namespace, String prefix, String page, int limit) implements Command {}

  /** Namespaces that have versions, in order, with their counts. */
  record ListNamespaces() implements Command {}

  /**
   * The versions of a key, newest first, branches included.
   *
   * @param sinceMicros only versions from this time on; 0 for all
   */
  record History(Key key, long sinceMicros, String page, int limit) implements Command {}

  /**
   * What changed between two states of a key.
   *
   * @param source the old side, or null for the first parent of the new one
   */
  record Diff(Key key, @Nullable At source, At target) implements Command {}

  /** One version by its id or a unique prefix of at least 4 hex digits. */
  record Show(String prefix) implements Command {}

  /** The nearest versions that both descend from (several when histories criss-cross). */
  record CommonAncestor(String first, String second) implements Command {}

  /** What a version descends from, nearest first. */
  record Ancestors(String prefix, int limit) implements Command {}

  /** What descends from a version, nearest first. */
  record Descendants(String prefix, int limit) implements Command {}

  /** Keys with more than one head; an empty namespace means all of them. */
  record Conflicts(String namespace, String page, int limit) implements Command {}

  /**
   * Makes one head of several.
   *
   * @param dryRun only say what would be written
   */
  record Resolve(Key key, Choice choice, boolean dryRun, Guard guard, Terms terms)
      implements Command {
    /** How the new head gets its value. */
    public sealed interface Choice {
      /** The value of one of the heads. */
      record Take(String prefix) implements Choice {}

      /** A value of the client's own, canonical JSON. */
      record Value(Bytes document) implements Choice {}

      /** Field by field against the common ancestor; nothing is written when a field is left. */
      record Merge() implements Choice {}
    }

    @Override
    public long size() {
      return FIXED_SIZE + (choice instanceof Choice.Value v ? v.document.size() : 0);
    }

    @Override
    public boolean writes() {
      return !dryRun;
    }
  }

  /**
   * Takes over whole versions that were made elsewhere (an import of a history), parents before
   * children: without dots, the node zero. One that is held already is a retry, not an error.
   */
  record ImportVersions(List<Envelope> versions, @Nullable AckLevel level) implements Command {
    public ImportVersions {
      versions = List.copyOf(versions);
    }

    @Override
    public long size() {
      long size = FIXED_SIZE;
      for (Envelope version : versions) size += FIXED_SIZE + version.document().size();
      return size;
    }

    @Override
    public boolean writes() {
      return true;
    }
  }

  /** Counts of one namespace, or of everything when it is empty. */
  record Stats(String namespace) implements Command {}

  /**
   * One page of a namespace for an export, key by key.
   *
   * @param history every version, each key's oldest first; else the winner of every live key
   * @param sizeMax stop after so many bytes of documents
   */
  record Export(String namespace, boolean history, String page, int limit, long sizeMax)
      implements Command {}

  /** Every member with its facts. */
  record ClusterStatus() implements Command {}

  /** The member list. */
  record Members() implements Command {}

  /** Reconciles now, with one node (its name, address or id) or with all that are alive. */
  record Reconcile(@Nullable String with) implements Command {}

  /** Past reconciliation sessions, newest first. */
  record ReconcileLog(int limit) implements Command {}

  /** Leaves the cluster for good. */
  record Leave() implements Command {}

  /** What an operator wants to know of this node. */
  record AdminStatus() implements Command {}
}
