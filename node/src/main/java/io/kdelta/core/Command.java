package io.kdelta.core;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Choice;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.vfs.Vfs;
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

  /** Changes documents: waits for its level, and is refused while the node is not ready. */
  sealed interface Writing extends Command {}

  /** Asks for documents or numbers of them: waits for nothing but the rows that it touched. */
  sealed interface Reading extends Command {
    /**
     * Whether it shows only what a majority of its replica set has synced ({@link Moment.Stable}).
     */
    default boolean stable() {
      return false;
    }
  }

  /**
   * Asks for a list, page by page.
   *
   * <p>{@code page} is {@code next} of the reply before, empty for the first page; {@code limit} is
   * 1 to 10,000. A page may be shorter than its limit, even empty, before the end: only an empty
   * {@code next} says that nothing is left.
   */
  sealed interface Paged extends Reading {}

  /** Asks the node or the cluster about themselves, or to do something of their own. */
  sealed interface Steering extends Command {}

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
   * Writes one document. A write without a note of its own takes that of the terms.
   *
   * @param write a put
   */
  record Put(Write write, Terms terms) implements Writing {
    /** Invalid for a delete. */
    public Put {
      if (write.kind() != Version.Kind.PUT) throw new KdeltaException.Invalid("write", "no put");
    }

    /**
     * Writes canonical JSON, which is checked; Invalid for any other document.
     *
     * @param parents the versions that this one supersedes; empty for all heads at the node
     */
    public Put(
        Key key, Bytes document, Precondition precondition, List<Digest> parents, Terms terms) {
      this(Write.put(key, document).when(precondition).over(parents), terms);
    }

    @Override
    public long size() {
      return FIXED_SIZE + write.document().size();
    }
  }

  /** Deletes one key; NotFound, and nothing written, when it is absent. */
  record Delete(Key key, Precondition precondition, List<Digest> parents, Terms terms)
      implements Writing {
    public Delete {
      parents = List.copyOf(parents);
    }
  }

  /**
   * Several writes as one: all of them or none, visible together, at most 4 MiB. A write without a
   * note of its own takes that of the terms.
   */
  record Batch(List<Write> items, Terms terms) implements Writing {
    public Batch {
      items = List.copyOf(items);
    }

    @Override
    public long size() {
      long size = FIXED_SIZE;
      for (Write item : items) size += FIXED_SIZE + item.document().size();
      return size;
    }
  }

  /** The value of a key now or at some point; NotFound, or NoValueAt when it had none then. */
  record Get(Key key, Moment at) implements Reading {
    @Override
    public boolean stable() {
      return at instanceof Moment.Stable;
    }
  }

  /** All heads of a key with their nearest common ancestor, now or as of a time. */
  record Heads(Key key, Moment at) implements Reading {
    @Override
    public boolean stable() {
      return at instanceof Moment.Stable;
    }
  }

  /** Whether a key has a live head. */
  record Exists(Key key, boolean stable) implements Reading {
    /** Of all that this node shows. */
    public Exists(Key key) {
      this(key, false);
    }
  }

  /**
   * Live keys of a namespace in key order.
   *
   * @param prefix what the keys begin with; empty for all
   */
  record ListKeys(String namespace, String prefix, String page, int limit, boolean stable)
      implements Paged {
    /** Of all that this node shows. */
    public ListKeys(String namespace, String prefix, String page, int limit) {
      this(namespace, prefix, page, limit, false);
    }
  }

  /** Namespaces that have versions, in order, with their counts. */
  record ListNamespaces() implements Reading {}

  /**
   * The versions of a key, newest first, branches included.
   *
   * @param sinceMicros only versions from this time on; 0 for all
   */
  record History(Key key, long sinceMicros, String page, int limit) implements Paged {}

  /**
   * What changed between two states of a key.
   *
   * @param source the old side, or null for the first parent of the new one
   */
  record Diff(Key key, @Nullable Moment source, Moment target) implements Reading {
    @Override
    public boolean stable() {
      return source instanceof Moment.Stable || target instanceof Moment.Stable;
    }
  }

  /** One version by its id or a unique prefix of at least 4 hex digits. */
  record Show(String prefix) implements Reading {}

  /** The nearest versions that both descend from (several when histories criss-cross). */
  record CommonAncestor(String first, String second) implements Reading {}

  /** What a version descends from, nearest first. */
  record Ancestors(String prefix, int limit) implements Reading {}

  /** What descends from a version, nearest first. */
  record Descendants(String prefix, int limit) implements Reading {}

  /** Keys with more than one head; an empty namespace means all of them. */
  record Conflicts(String namespace, String page, int limit) implements Paged {}

  /**
   * Makes one head of several.
   *
   * @param dryRun only say what would be written
   */
  record Resolve(Key key, Choice choice, boolean dryRun, Precondition precondition, Terms terms)
      implements Writing {
    @Override
    public long size() {
      return FIXED_SIZE + (choice instanceof Choice.Value v ? v.document().size() : 0);
    }
  }

  /**
   * Takes over whole versions that were made elsewhere (an import of a history), parents before
   * children: without dots, the node zero. One that is held already is a retry, not an error.
   */
  record ImportVersions(List<Envelope> versions, @Nullable AckLevel level) implements Writing {
    public ImportVersions {
      versions = List.copyOf(versions);
    }

    @Override
    public long size() {
      long size = FIXED_SIZE;
      for (Envelope version : versions) size += FIXED_SIZE + version.document().size();
      return size;
    }
  }

  /** Counts of one namespace, or of everything when it is empty. */
  record Stats(String namespace) implements Reading {}

  /**
   * One page of a namespace for an export, key by key.
   *
   * @param history every version, each key's oldest first; else the winner of every live key
   * @param sizeMax stop after so many bytes of documents
   */
  record Export(String namespace, boolean history, String page, int limit, long sizeMax)
      implements Paged {}

  /** Follows what becomes visible. */
  sealed interface Watching extends Command {}

  /**
   * What became visible in a scope behind a place: answered as soon as there is something, and at
   * its deadline with nothing. The reply says from where to go on. Every version comes at least
   * once, and behind its parents.
   *
   * @param limit at most so many versions, 1 to 10,000
   * @param sizeMax stop behind so many bytes of documents
   */
  record Watch(WatchScope scope, WatchFrom from, int limit, long sizeMax) implements Watching {
    @Override
    public long size() {
      return FIXED_SIZE + (from instanceof WatchFrom.Token token ? token.bytes().size() : 0);
    }
  }

  /** Every member with its facts. */
  record ClusterStatus() implements Steering {}

  /** The member list. */
  record Members() implements Steering {}

  /** Reconciles now, with one node (its name, address or id) or with all that are alive. */
  record Reconcile(@Nullable String with) implements Steering {}

  /** Asks the store for something that takes its time; one at a time. */
  sealed interface StoreErrand extends Steering {}

  /**
   * Copies the store, as it is, into another directory. A second backup there takes what is new.
   *
   * @param target the directory; used on the table thread alone
   */
  record Backup(Vfs target) implements StoreErrand {}

  /** Merges everything into one run. */
  record Compact() implements StoreErrand {}

  /** Keeps the store as it is under a name below the data directory, as links. */
  record KeepSnapshot(String name) implements StoreErrand {}

  /** The names of the snapshots that are kept. */
  record ListSnapshots() implements StoreErrand {}

  /** Removes a kept snapshot. */
  record DropSnapshot(String name) implements StoreErrand {}

  /** Past reconciliation sessions, newest first. */
  record ReconcileLog(int limit) implements Steering {}

  /** Leaves the cluster for good. */
  record Leave() implements Steering {}

  /** Takes no more writes, ships everything, and stops: still a member. */
  record Drain() implements Steering {}

  /**
   * Declares a member that will not come back as left, for good. Refused for one that is alive: it
   * leaves by itself.
   *
   * @param node its name, an address of it, or the first digits of its id
   */
  record Remove(String node) implements Steering {}

  /** What an operator wants to know of this node. */
  record AdminStatus() implements Steering {}

  /** What the node itself asks twice a second: both of the above, but nothing is hashed for it. */
  record Health() implements Steering {}
}
