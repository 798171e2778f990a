package io.kdelta.reconciliation;

import io.kdelta.reconciliation.Message.Leaf;
import io.kdelta.reconciliation.Message.Tree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One walk of two Merkle trees down to their differences: one side's half of it.
 *
 * <p>Owned by one session, on its thread. A side <em>tells</em> a place: an inner one by the hashes
 * of its children, a small one by all its digests. The other side answers every told child that
 * differs from its own by telling that child in turn, and every told small place by pushing what it
 * holds more and asking for what it holds less. What is empty on one side is pushed without words.
 *
 * <p>Invariants. A place is told only in answer to its parent and at most once; as an inner place
 * only where this side holds more than {@link MerkleTree#LEAF_MAX} digests. So the work of a walk
 * is bounded by the size of this side's own tree, whatever the peer says. The sides speak in turns,
 * and nothing that was pushed is under way when a turn begins, so every comparison is between what
 * the two sides hold at that moment.
 */
final class DrillDown {
  private static final int FANOUT = 16;

  private final int hashSize;

  /** What the peer may still answer: inner places told, one bit a child. */
  private final Map<Prefix, Integer> told = new TreeMap<>();

  /** Places that differ and have to be told, the newest first, which keeps them few. */
  private final Deque<Prefix> pending = new ArrayDeque<>();

  private final TreeSet<Digest> wanted = new TreeSet<>();
  private final TreeSet<Digest> pushes = new TreeSet<>();
  private boolean wholeExpected;

  private DrillDown(int hashSize, boolean wholeExpected) {
    this.hashSize = hashSize;
    this.wholeExpected = wholeExpected;
  }

  /** This side begins: it has to tell the whole space. */
  static DrillDown begin(int hashSize) {
    DrillDown drill = new DrillDown(hashSize, false);
    drill.pending.push(Prefix.ALL);
    return drill;
  }

  /** The peer begins: the first place heard has to be the whole space. */
  static DrillDown follow(int hashSize) {
    return new DrillDown(hashSize, true);
  }

  /** Whether this side has something to tell or to ask for. */
  boolean hasWords() {
    return !pending.isEmpty() || !wanted.isEmpty();
  }

  /** Takes in inner places of the peer; false when they are not what this side waits for. */
  boolean hear(Tree tree, MerkleTree set) {
    if (tree.hashSize() != hashSize) return false;
    for (Tree.Node node : tree.nodes()) {
      if (!isAnswer(node.place())) return false;
      int next = 0;
      for (int nibble = 0; nibble < FANOUT; nibble++) {
        boolean there = (node.present() & (1 << nibble)) != 0;
        compare(node.place().child(nibble), there ? node.hashes().get(next++) : null, set);
      }
    }
    return true;
  }

  /** Takes in small places of the peer; false when they are not what this side waits for. */
  boolean hear(Leaf leaf, MerkleTree set) {
    for (Leaf.Bucket bucket : leaf.buckets()) {
      if (!isAnswer(bucket.place())) return false;
      TreeSet<Digest> theirs = new TreeSet<>(bucket.digests());
      for (Digest digest : theirs) {
        if (!set.contains(digest)) wanted.add(digest);
      }
      set.iterator(bucket.place())
          .forEachRemaining(digest -> {
            if (!theirs.contains(digest)) pushes.add(digest);
          });
    }
    return true;
  }

  /** What the peer lacks as far as it was heard, once. */
  List<Digest> takePushes() {
    List<Digest> taken = List.copyOf(pushes);
    pushes.clear();
    return taken;
  }

  /** At most {@code max} ids to ask the peer for, each once, none that {@code set} has by now. */
  List<Digest> takeWanted(MerkleTree set, int max) {
    List<Digest> taken = new ArrayList<>();
    while (!wanted.isEmpty() && taken.size() < max) {
      Digest digest = wanted.removeFirst();
      if (!set.contains(digest)) taken.add(digest);
    }
    return taken;
  }

  /** Tells as many places as one turn holds: at most one message of each kind. */
  List<Message> tell(MerkleTree set, Limits limits) {
    List<Tree.Node> nodes = new ArrayList<>();
    List<Leaf.Bucket> buckets = new ArrayList<>();
    int treeRoom = limits.frameBytesMax() - Reconciliation.MESSAGE_OVERHEAD;
    int leafRoom = treeRoom;
    while (!pending.isEmpty()) {
      Prefix place = pending.getFirst();
      int placeSize = 1 + (place.depth() + 1) / 2;
      long count = set.count(place);
      if (count <= MerkleTree.LEAF_MAX) {
        leafRoom -= placeSize + 2 + (int) count * Digest.SIZE;
        if (leafRoom < 0) break;
        buckets.add(new Leaf.Bucket(place, set.digests(place)));
      } else {
        treeRoom -= placeSize + 2 + FANOUT * hashSize;
        if (treeRoom < 0 || nodes.size() == limits.treeNodesMax()) break;
        nodes.add(inner(place, set));
      }
      pending.removeFirst();
    }
    List<Message> messages = new ArrayList<>();
    if (!nodes.isEmpty()) messages.add(new Tree(hashSize, nodes));
    if (!buckets.isEmpty()) messages.add(new Leaf(buckets));
    return messages;
  }

  private Tree.Node inner(Prefix place, MerkleTree set) {
    int present = 0;
    List<Digest> hashes = new ArrayList<>(FANOUT);
    for (int nibble = 0; nibble < FANOUT; nibble++) {
      Digest hash = set.hash(place.child(nibble));
      if (hash == null) continue;
      present |= 1 << nibble;
      hashes.add(shown(hash));
    }
    told.put(place, present);
    return new Tree.Node(place, present, hashes);
  }

  /** Whether the peer may tell {@code place} now; it may not again. */
  private boolean isAnswer(Prefix place) {
    if (place.depth() == 0) {
      boolean expected = wholeExpected;
      wholeExpected = false;
      return expected;
    }
    Prefix parent = new Prefix(place.bits(), place.depth() - 1);
    int child = 1 << place.bits().nibble(place.depth() - 1);
    int open = told.getOrDefault(parent, 0);
    if ((open & child) == 0) return false;
    if (open == child) {
      told.remove(parent);
    } else {
      told.put(parent, open & ~child);
    }
    return true;
  }

  private void compare(Prefix place, @Nullable Digest theirs, MerkleTree set) {
    if (theirs == null) {
      set.iterator(place).forEachRemaining(pushes::add);
      return;
    }
    Digest mine = set.hash(place);
    if (mine == null || !shown(mine).equals(theirs)) pending.push(place);
  }

  private Digest shown(Digest hash) {
    return hashSize == Tree.SHORT ? new Digest(hash.first(), 0, 0, 0) : hash;
  }
}
