package io.kdelta.sim;

import io.kdelta.causal.Key;
import io.kdelta.cluster.AckLevel;
import io.kdelta.core.Command;
import io.kdelta.core.WatchFrom;
import io.kdelta.core.WatchScope;
import io.kdelta.document.Choice;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.memory.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client of a simulated world asks, in words that a scenario can write: keys as
 * namespace/key, documents as canonical JSON text. Every write carries a marker, its note, by which
 * the {@link Ledger} knows it again whatever id it got.
 */
sealed interface Request {
  /**
   * What every write says about itself.
   *
   * @param id makes a retry harmless; empty for none
   * @param level how far it must be synced; null for the rule of the node
   * @param ifSeen whether every key it writes must be as the client has seen it last, and without a
   *     value where it has seen none
   */
  record Terms(String id, @Nullable AckLevel level, boolean ifSeen) {
    /** Whatever the client has seen. */
    Terms(String id, @Nullable AckLevel level) {
      this(id, level, false);
    }

    Command.Terms under(String note) {
      return new Command.Terms(id, note, level);
    }

    Precondition guard(Seen seen, String path) {
      return ifSeen ? seen.guard(path) : Precondition.NONE;
    }
  }

  /**
   * One write of a batch.
   *
   * @param document null to delete
   */
  record Item(String path, @Nullable String document, String marker) {}

  /** What a client knows of the keys. */
  interface Seen {
    /** That the key is as the client has seen it last. */
    Precondition guard(String path);
  }

  /** Writes a document; with {@code ifAbsent} only where there is none. */
  record Put(String path, String document, boolean ifAbsent, String marker, Terms terms)
      implements Request {
    @Override
    public Command command(Seen seen) {
      Precondition guard = ifAbsent ? Precondition.IF_ABSENT : terms.guard(seen, path);
      return new Command.Put(key(path), bytes(document), guard, List.of(), terms.under(marker));
    }

    @Override
    public List<String> markers() {
      return List.of(marker);
    }

    @Override
    public String id() {
      return terms.id;
    }
  }

  /** Deletes a key. */
  record Delete(String path, String marker, Terms terms) implements Request {
    @Override
    public Command command(Seen seen) {
      Precondition guard = terms.guard(seen, path);
      if (guard.absent()) guard = Precondition.NONE; // Which no delete may ask for.
      return new Command.Delete(key(path), guard, List.of(), terms.under(marker));
    }

    @Override
    public List<String> markers() {
      return List.of(marker);
    }

    @Override
    public String id() {
      return terms.id;
    }
  }

  /** Several writes as one. */
  record Batch(List<Item> items, Terms terms) implements Request {
    public Batch {
      items = List.copyOf(items);
    }

    @Override
    public Command command(Seen seen) {
      List<Write> writes = new ArrayList<>();
      for (Item item : items) {
        Key key = key(item.path);
        Write write =
            item.document == null ? Write.delete(key) : Write.put(key, bytes(item.document));
        writes.add(write.because(item.marker).when(terms.guard(seen, item.path)));
      }
      return new Command.Batch(writes, terms.under(""));
    }

    @Override
    public List<String> markers() {
      return items.stream().map(Item::marker).toList();
    }

    @Override
    public String id() {
      return terms.id;
    }
  }

  /**
   * Makes one head of several.
   *
   * @param document the value that replaces them all; null to merge them field by field
   */
  record Resolve(String path, @Nullable String document, String marker, Terms terms)
      implements Request {
    @Override
    public Command command(Seen seen) {
      Choice choice = document == null ? new Choice.Merge() : new Choice.Value(bytes(document));
      Precondition guard = terms.guard(seen, path);
      return new Command.Resolve(key(path), choice, false, guard, terms.under(marker));
    }

    @Override
    public List<String> markers() {
      return List.of(marker);
    }

    @Override
    public String id() {
      return terms.id;
    }
  }

  /** Reads the value of a key. */
  record Get(String path) implements Request {
    @Override
    public Command command(Seen seen) {
      return new Command.Get(key(path), new Moment.Latest());
    }
  }

  /** Reads the value of a key, of what is replicated. */
  record Stable(String path) implements Request {
    @Override
    public Command command(Seen seen) {
      return new Command.Get(key(path), new Moment.Stable());
    }
  }

  /** Reads all heads of a key. */
  record Heads(String path) implements Request {
    @Override
    public Command command(Seen seen) {
      return new Command.Heads(key(path), new Moment.Latest());
    }
  }

  /**
   * Follows what becomes visible: one question of a watch that goes on where it was.
   *
   * @param scope all of it when empty, a namespace, or namespace/prefix
   */
  record Watch(String scope, From from, int limit) implements Request {
    private static final long SIZE_MAX = 1 << 20;

    /** Where it begins. */
    enum From {
      START,
      SNAPSHOT,
      NOW;

      WatchFrom place() {
        return switch (this) {
          case START -> new WatchFrom.Start();
          case SNAPSHOT -> new WatchFrom.Snapshot();
          case NOW -> new WatchFrom.Now();
        };
      }
    }

    @Override
    public Command command(Seen seen) {
      return command(from.place());
    }

    /** The question from that place on. */
    Command.Watch command(WatchFrom place) {
      int slash = scope.indexOf('/');
      WatchScope keys =
          slash < 0
              ? new WatchScope(scope, "")
              : new WatchScope(scope.substring(0, slash), scope.substring(slash + 1));
      return new Command.Watch(keys, place, limit, SIZE_MAX);
    }

    /** Whether it follows a key. */
    boolean holds(String path) {
      return scope.indexOf('/') < 0
          ? scope.isEmpty() || path.startsWith(scope + "/")
          : path.startsWith(scope);
    }
  }

  /** Merges everything on the disk of a node into one run. */
  record Compact() implements Request {
    @Override
    public Command command(Seen seen) {
      return new Command.Compact();
    }
  }

  /** The node leaves its cluster for good. */
  record Leave() implements Request {
    @Override
    public Command command(Seen seen) {
      return new Command.Leave();
    }
  }

  /** A member that will not come back is declared to have left. */
  record Remove(int gone) implements Request {
    @Override
    public Command command(Seen seen) {
      return new Command.Remove(World.name(gone));
    }
  }

  /** As the core takes it from a client that has seen that. */
  Command command(Seen seen);

  /** The notes of the versions that it writes; none for a read. */
  default List<String> markers() {
    return List.of();
  }

  /** Its request id; empty for none. */
  default String id() {
    return "";
  }

  static Key key(String path) {
    int slash = path.indexOf('/');
    return new Key(path.substring(0, slash), path.substring(slash + 1));
  }

  private static Bytes bytes(String document) {
    return Bytes.wrap(document.getBytes(StandardCharsets.UTF_8));
  }
}
