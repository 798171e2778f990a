package io.kdelta.vfs;

import io.kdelta.env.Entropy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The tree of names of the simulated file system, with the changes that no {@code syncDirectory}
 * has kept yet, in order. Owned by one thread.
 *
 * <p>A change to names is one item and happens as a whole or not at all; a rename between two
 * directories too (it may leave both names behind, never none).
 */
final class SimNames {
  final SimDirectory root;
  private List<Item> pending = new ArrayList<>();

  SimNames() {
    this(new SimDirectory());
  }

  private SimNames(SimDirectory root) {
    this.root = root;
  }

  /** One name given to a node, or taken away where the node is null. */
  record Change(SimDirectory directory, String name, @Nullable SimNode node) {
    void applyTo(Map<String, SimNode> names) {
      if (node == null) names.remove(name);
      else names.put(name, node);
    }
  }

  private record Item(List<Change> changes) {}

  @Nullable SimNode find(String path) {
    if (path.isEmpty()) return root;
    SimNode node = root;
    for (String part : path.split("/", -1)) {
      if (!(node instanceof SimDirectory directory)) return null;
      SimNode next = directory.current.get(part);
      if (next == null) return null;
      node = next;
    }
    return node;
  }

  @Nullable SimDirectory findDirectory(String path) {
    return find(path) instanceof SimDirectory directory ? directory : null;
  }

  /** Makes the changes visible together, and pending together. */
  void change(List<Change> changes) {
    for (Change change : changes) change.applyTo(change.directory().current);
    pending.add(new Item(List.copyOf(changes)));
  }

  /** Makes the changes visible and durable at once, and forgets what was pending for the names. */
  void changeForGood(Change change) {
    change.applyTo(change.directory().current);
    change.applyTo(change.directory().durable);
    List<Item> kept = new ArrayList<>();
    for (Item item : pending) {
      List<Change> rest = new ArrayList<>(item.changes());
      rest.removeIf(c -> c.directory() == change.directory() && c.name().equals(change.name()));
      if (!rest.isEmpty()) kept.add(new Item(rest));
    }
    pending = kept;
  }

  void sync(SimDirectory directory) {
    List<Item> kept = new ArrayList<>();
    for (Item item : pending) {
      boolean takesAway = false;
      for (Change change : item.changes()) {
        takesAway |= change.directory() == directory && change.node() == null;
      }
      List<Change> rest = new ArrayList<>();
      for (Change change : item.changes()) {
        // The old name of a rename goes only if the new one stays.
        boolean due = change.directory() == directory || (takesAway && change.node() != null);
        if (due) change.applyTo(change.directory().durable);
        else rest.add(change);
      }
      if (!rest.isEmpty()) kept.add(new Item(rest));
    }
    pending = kept;
  }

  /** A power loss: each pending change is kept or dropped; nothing stays pending. */
  int crash(Entropy entropy, SimContent.Mode mode) {
    int lost = 0;
    for (Item item : pending) {
      if (mode.draw(entropy) == SimContent.Fate.KEEP) {
        for (Change change : item.changes()) change.applyTo(change.directory().durable);
      } else {
        lost++;
      }
    }
    pending = new ArrayList<>();
    revert(root);
    return lost;
  }

  boolean clean() {
    return pending.isEmpty();
  }

  /** All files that have a name, each once, by id. */
  SortedMap<Long, SimContent> contents() {
    SortedMap<Long, SimContent> found = new TreeMap<>();
    collect(root, found);
    return found;
  }

  /** The paths of all files, sorted within each directory. */
  List<String> files() {
    List<String> found = new ArrayList<>();
    collectPaths(root, "", found);
    return found;
  }

  private static void collectPaths(SimDirectory directory, String path, List<String> found) {
    directory.current.forEach((name, node) -> {
      String below = path.isEmpty() ? name : path + "/" + name;
      switch (node) {
        case SimDirectory inner -> collectPaths(inner, below, found);
        case SimContent _ -> found.add(below);
      }
    });
  }

  /** A copy of names, files and everything pending. */
  SimNames copy() {
    Copier copier = new Copier();
    SimNames copy = new SimNames(copier.directory(root));
    for (Item item : pending) {
      List<Change> changes = new ArrayList<>();
      for (Change change : item.changes()) {
        SimNode node = change.node();
        changes.add(
            new Change(
                copier.directory(change.directory()),
                change.name(),
                node == null ? null : copier.node(node)));
      }
      copy.pending.add(new Item(changes));
    }
    return copy;
  }

  private static void revert(SimDirectory directory) {
    directory.current.clear();
    directory.current.putAll(directory.durable);
    for (SimNode node : directory.current.values()) {
      if (node instanceof SimDirectory below) revert(below);
    }
  }

  private static void collect(SimDirectory directory, SortedMap<Long, SimContent> found) {
    for (SimNode node : directory.current.values()) {
      switch (node) {
        case SimDirectory below -> collect(below, found);
        case SimContent content -> found.put(content.id, content);
      }
    }
  }

  /** Copies each directory and file once, however many names lead to it. */
  private static final class Copier {
    private final TreeMap<Long, SimContent> contents = new TreeMap<>();
    private final List<SimDirectory> sources = new ArrayList<>();
    private final List<SimDirectory> copies = new ArrayList<>();

    SimNode node(SimNode source) {
      return switch (source) {
        case SimDirectory directory -> directory(directory);
        case SimContent content -> contents.computeIfAbsent(content.id, _ -> content.copy());
      };
    }

    SimDirectory directory(SimDirectory source) {
      int known = sources.indexOf(source);
      if (known >= 0) return copies.get(known);
      SimDirectory copy = new SimDirectory();
      sources.add(source);
      copies.add(copy);
      source.current.forEach((name, node) -> copy.current.put(name, node(node)));
      source.durable.forEach((name, node) -> copy.durable.put(name, node(node)));
      return copy;
    }
  }
}
