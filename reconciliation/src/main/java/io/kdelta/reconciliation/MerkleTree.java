package io.kdelta.reconciliation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * A set of digests as a 16-ary Merkle trie: persistent, so a snapshot is a reference to it.
 *
 * <p>An immutable value: {@link #insert} and {@link #remove} answer another tree that shares all
 * but one path with this one. Any thread may read it (hashes are cached when first asked; two
 * threads that race compute the same one). Only a tree that was {@linkplain #restored made of
 * parts} is read on the thread of its source, and before its source changes below a part that was
 * not looked at: an {@link #insert} does so.
 *
 * <p>Invariant: the shape is a function of the set alone. A place with at most {@value #LEAF_MAX}
 * digests is a leaf, any other an inner node over the nibbles behind its prefix. Hence equal sets
 * have equal roots, and under the collision resistance of SHA-256 equal roots prove equal sets.
 *
 * <p>What is hashed (integers little-endian; the depth is that of the place, in nibbles):
 *
 * <pre>
 * leaf:   u8 0x00 | u8 depth | count, varint | the digests in order, 32 bytes each
 * inner:  u8 0x01 | u8 depth | u16 bit map of the children present (bit i = nibble i)
 *         | the hashes of those children in order, 32 bytes each
 * </pre>
 *
 * The root of the empty set is therefore {@code SHA-256(00 00 00)}. Counts of inner nodes are kept
 * beside the hashes, not inside them.
 */
public final class MerkleTree implements Iterable<Digest> {
  /** A place with more digests than this is an inner node. */
  public static final int LEAF_MAX = 128;

  private static final int FANOUT = MerkleNode.FANOUT;
  private static final MerkleTree EMPTY = new MerkleTree(MerkleLeaf.NOTHING);

  private final MerkleNode root;
  private @Nullable Digest rootHash;

  /**
   * A place of a tree with what is below it summed up.
   *
   * @param place where
   * @param count how many digests begin with it, at least one
   * @param hash of those, as {@link #hash(Prefix)} has it
   */
  public record Part(Prefix place, long count, Digest hash) {}

  /** Where the digests lie of a tree that was made of parts. */
  public interface Source {
    /** All digests that begin with {@code place}, in order. */
    List<Digest> below(Prefix place);

    /**
     * What lies below a part is not what it says. Throws: the tree can not be used any more, and
     * has to be made anew.
     */
    RuntimeException doubt(Part part);
  }

  private MerkleTree(MerkleNode root) {
    this.root = root;
  }

  /** The tree of no digest. */
  public static MerkleTree empty() {
    return EMPTY;
  }

  /** The tree of all {@code digests}, in any order; what is named twice is held once. */
  public static MerkleTree of(Collection<Digest> digests) {
    List<Digest> sorted = sorted(digests);
    return sorted.isEmpty() ? EMPTY : new MerkleTree(MerkleNode.of(sorted, 0));
  }

  /**
   * The tree of which {@link #parts} were taken, and {@code later} beside, in order; null when
   * these do not fit. What is below a part is fetched when it is first asked for, but for parts
   * that one of {@code later} changed: those are fetched now, so the source holds {@code later}
   * already.
   */
  public static @Nullable MerkleTree restored(List<Part> parts, List<Digest> later, Source source) {
    if (parts.isEmpty()) return of(later);
    MerkleNode root =
        new TreeParts(parts, later, source).node(Prefix.ALL, 0, parts.size(), 0, later.size());
    return root == null ? null : new MerkleTree(root);
  }

  /** The largest places with at most {@code countMax} digests, or of a leaf, in order. */
  public List<Part> parts(int countMax) {
    List<Part> parts = new ArrayList<>();
    if (!isEmpty()) collect(root, Prefix.ALL, countMax, parts);
    return parts;
  }

  private static void collect(MerkleNode node, Prefix place, int countMax, List<Part> parts) {
    if (!(node instanceof MerkleInner inner) || inner.count() <= countMax) {
      parts.add(new Part(place, node.count(), node.hash(place.depth())));
      return;
    }
    for (int nibble = 0; nibble < FANOUT; nibble++) {
      MerkleNode child = inner.children[nibble];
      if (child != null) collect(child, place.child(nibble), countMax, parts);
    }
  }

  /** How many digests are held. */
  public long count() {
    return root.count();
  }

  /** Whether no digest is held. */
  public boolean isEmpty() {
    return root.count() == 0;
  }

  /** The hash of the whole set: equal exactly for equal sets. */
  public Digest root() {
    Digest known = rootHash;
    if (known == null) {
      known = root.hash(0);
      rootHash = known;
    }
    return known;
  }

  /** Whether {@code digest} is held. */
  public boolean contains(Digest digest) {
    MerkleNode node = root.opened();
    int depth = 0;
    while (node instanceof MerkleInner inner) {
      MerkleNode child = inner.children[digest.nibble(depth++)];
      if (child == null) return false;
      node = child.opened();
    }
    return node instanceof MerkleLeaf leaf && leaf.indexOf(digest) >= 0;
  }

  /** This set and {@code digest}; this very tree when it holds it already. */
  public MerkleTree insert(Digest digest) {
    MerkleNode grown = inserted(root, digest, 0);
    return grown == root ? this : new MerkleTree(grown);
  }

  /**
   * This set and all {@code digests}, in any order; this very tree when it holds them already. What
   * they share of their paths is made once, not once for each.
   */
  public MerkleTree insertAll(Collection<Digest> digests) {
    if (digests.isEmpty()) return this;
    MerkleNode grown = insertedAll(root, sorted(digests), 0);
    return grown == root ? this : new MerkleTree(grown);
  }

  /** This set without {@code digest}; this very tree when it does not hold it. */
  public MerkleTree remove(Digest digest) {
    MerkleNode shrunk = removed(root, digest, 0);
    if (shrunk == root) return this;
    return shrunk == null ? EMPTY : new MerkleTree(shrunk);
  }

  /** How many digests begin with {@code prefix}. */
  public long count(Prefix prefix) {
    MerkleNode node = at(prefix);
    if (!(node instanceof MerkleLeaf leaf)) return node.count();
    int from = leaf.from(prefix);
    return (long) leaf.to(prefix, from) - from;
  }

  /**
   * The hash of the digests that begin with {@code prefix}, as the canonical tree has it for a node
   * at that place, also where this tree holds so few that a leaf above covers the place. Two trees
   * that hold the same digests under a prefix answer the same, whatever else they hold. Absent (as
   * in the bit map of a parent) when there is none.
   */
  public @Nullable Digest hash(Prefix prefix) {
    if (prefix.depth() == 0) return root();
    MerkleNode node = root;
    for (int depth = 0; depth < prefix.depth(); depth++) {
      node = node.opened();
      if (node instanceof MerkleLeaf leaf) {
        int from = leaf.from(prefix);
        int to = leaf.to(prefix, from);
        return to == from ? null : leaf.hashed(from, to, prefix.depth());
      }
      node = child(node, prefix, depth);
    }
    return node.count() == 0 ? null : node.hash(prefix.depth());
  }

  /** The digests that begin with {@code prefix}, in order. */
  public List<Digest> digests(Prefix prefix) {
    List<Digest> found = new ArrayList<>();
    iterator(prefix).forEachRemaining(found::add);
    return List.copyOf(found);
  }

  /** The digests that begin with {@code prefix}, in order, as they are asked for. */
  public Iterator<Digest> iterator(Prefix prefix) {
    MerkleNode node = at(prefix).opened();
    if (!(node instanceof MerkleLeaf leaf)) return new Walk(node);
    int from = leaf.from(prefix);
    return new Walk(leaf, from, leaf.to(prefix, from));
  }

  /** All digests in order. */
  @Override
  public Iterator<Digest> iterator() {
    return new Walk(root);
  }

  /** Two trees are equal when they hold the same digests. */
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other || (other instanceof MerkleTree tree && root().equals(tree.root()));
  }

  @Override
  public int hashCode() {
    return root().hashCode();
  }

  @Override
  public String toString() {
    return count() + " digests, root " + root();
  }

  /** The node at {@code prefix}, or the leaf above it where the tree ends earlier. */
  private MerkleNode at(Prefix prefix) {
    MerkleNode node = root;
    for (int depth = 0; depth < prefix.depth(); depth++) {
      node = node.opened();
      if (node instanceof MerkleLeaf) return node;
      node = child(node, prefix, depth);
    }
    return node;
  }

  private static MerkleNode child(MerkleNode inner, Prefix prefix, int depth) {
    MerkleNode child = ((MerkleInner) inner).children[prefix.bits().nibble(depth)];
    return child == null ? MerkleLeaf.NOTHING : child;
  }

  /**
   * In order, each once: dealt out by their first bits, of which hashes have few alike, then sorted
   * apart.
   */
  private static List<Digest> sorted(Collection<Digest> digests) {
    int bits = Math.clamp(32L - Integer.numberOfLeadingZeros(digests.size() / LEAF_MAX), 0, 20);
    int[] ends = new int[(1 << bits) + 1];
    for (Digest digest : digests) ends[dealt(digest, bits) + 1]++;
    for (int i = 1; i < ends.length; i++) ends[i] += ends[i - 1];
    int[] next = Arrays.copyOf(ends, ends.length);
    Digest[] sorted = new Digest[digests.size()];
    for (Digest digest : digests) sorted[next[dealt(digest, bits)]++] = digest;
    for (int i = 1; i < ends.length; i++) Arrays.sort(sorted, ends[i - 1], ends[i]);
    int kept = 0;
    for (Digest digest : sorted) {
      if (kept == 0 || !digest.equals(sorted[kept - 1])) sorted[kept++] = digest;
    }
    return Arrays.asList(sorted).subList(0, kept);
  }

  private static int dealt(Digest digest, int bits) {
    return bits == 0 ? 0 : (int) (digest.first() >>> (Long.SIZE - bits));
  }

  private static MerkleNode inserted(@Nullable MerkleNode held, Digest digest, int depth) {
    if (held == null) return MerkleLeaf.of(digest);
    MerkleNode node = held.opened();
    if (node instanceof MerkleInner inner) {
      int nibble = digest.nibble(depth);
      MerkleNode child = inner.children[nibble];
      MerkleNode grown = inserted(child, digest, depth + 1);
      return grown == child ? held : inner.with(nibble, grown, inner.count() + 1);
    }
    MerkleLeaf leaf = (MerkleLeaf) node;
    int at = leaf.indexOf(digest);
    return at >= 0 ? held : leaf.with(-at - 1, digest, depth);
  }

  /** The place with all of {@code news} in it, which are in order and at least one. */
  private static MerkleNode insertedAll(@Nullable MerkleNode held, List<Digest> news, int depth) {
    if (held == null) return MerkleNode.of(news, depth);
    if (news.size() == 1) return inserted(held, news.getFirst(), depth);
    MerkleNode node = held.opened();
    if (!(node instanceof MerkleInner inner)) return ((MerkleLeaf) node).withAll(news, depth);
    MerkleInner grown = inner;
    for (int from = 0; from < news.size(); ) {
      int nibble = news.get(from).nibble(depth);
      int to = from + 1;
      while (to < news.size() && news.get(to).nibble(depth) == nibble) to++;
      MerkleNode child = inner.children[nibble];
      MerkleNode more = insertedAll(child, news.subList(from, to), depth + 1);
      if (more != child) {
        long added = more.count() - (child == null ? 0 : child.count());
        // The first change makes a node of its own, which the others may write to.
        if (grown == inner) grown = inner.with(nibble, more, inner.count() + added);
        else grown.replace(nibble, more, added);
      }
      from = to;
    }
    return grown == inner ? held : grown;
  }

  private static @Nullable MerkleNode removed(MerkleNode held, Digest digest, int depth) {
    MerkleNode node = held.opened();
    if (node instanceof MerkleInner inner) {
      int nibble = digest.nibble(depth);
      MerkleNode child = inner.children[nibble];
      if (child == null) return held;
      MerkleNode shrunk = removed(child, digest, depth + 1);
      if (shrunk == child) return held;
      MerkleInner rest = inner.with(nibble, shrunk, inner.count() - 1);
      return rest.count() > LEAF_MAX ? rest : rest.gathered();
    }
    MerkleLeaf leaf = (MerkleLeaf) node;
    int at = leaf.indexOf(digest);
    if (at < 0) return held;
    return leaf.size() == 1 ? null : leaf.without(at);
  }

  /** A part of which only the sum is known until somebody looks below it. */
  static final class Stub extends MerkleNode {
    private final Part part;
    private final Source source;
    private @Nullable MerkleNode below;

    Stub(Part part, Source source) {
      this.part = part;
      this.source = source;
    }

    @Override
    long count() {
      return part.count();
    }

    @Override
    Digest hashed(int depth) {
      return part.hash();
    }

    @Override
    int copyTo(byte[] target, int at) {
      return opened().copyTo(target, at);
    }

    @Override
    MerkleNode opened() {
      MerkleNode known = below;
      if (known == null) {
        int depth = part.place().depth();
        known = MerkleNode.of(source.below(part.place()), depth);
        if (known.count() != part.count() || !known.hash(depth).equals(part.hash())) {
          throw source.doubt(part);
        }
        below = known;
      }
      return known;
    }
  }

  /** Puts parts together, and what came later. */
  private record TreeParts(List<Part> parts, List<Digest> later, Source source) {
    /** The node of a place from its parts and digests; null when they do not fit. */
    @Nullable MerkleNode node(Prefix place, int part, int partsEnd, int fresh, int freshEnd) {
      if (part == partsEnd) {
        return MerkleNode.of(later.subList(fresh, freshEnd), place.depth());
      }
      Part first = parts.get(part);
      if (!first.place().equals(place)) return inner(place, part, partsEnd, fresh, freshEnd);
      if (partsEnd != part + 1) return null;
      if (fresh == freshEnd) return new Stub(first, source);
      List<Digest> below = source.below(place);
      List<Digest> news = later.subList(fresh, freshEnd);
      List<Digest> before = new ArrayList<>(below);
      before.removeIf(digest -> Collections.binarySearch(news, digest) >= 0);
      boolean whole = before.size() == first.count() && below.size() - before.size() == news.size();
      if (!whole || !first.hash().equals(of(before).hash(place))) return null;
      return MerkleNode.of(below, place.depth());
    }

    private @Nullable MerkleNode inner(
        Prefix place, int part, int partsEnd, int fresh, int freshEnd) {
      @Nullable MerkleNode[] children = new @Nullable MerkleNode[FANOUT];
      long count = 0;
      for (int nibble = 0; nibble < FANOUT; nibble++) {
        Prefix below = place.child(nibble);
        int partStart = part;
        while (part < partsEnd && below.holds(parts.get(part).place())) part++;
        int freshStart = fresh;
        while (fresh < freshEnd && below.holds(later.get(fresh))) fresh++;
        if (partStart == part && freshStart == fresh) continue;
        MerkleNode child = node(below, partStart, part, freshStart, fresh);
        if (child == null) return null;
        children[nibble] = child;
        count += child.count();
      }
      boolean fits = part == partsEnd && fresh == freshEnd && count > LEAF_MAX;
      return fits ? new MerkleInner(children, count) : null;
    }
  }

  /** Walks the leaves below a node from left to right, or one leaf in part. */
  private static final class Walk implements Iterator<Digest> {
    private final Deque<MerkleNode> open = new ArrayDeque<>(0);
    private MerkleLeaf leaf = MerkleLeaf.NOTHING;
    private int at;
    private int end;

    Walk(MerkleNode start) {
      open.push(start);
      advance();
    }

    Walk(MerkleLeaf leaf, int from, int to) {
      this.leaf = leaf;
      this.at = from;
      this.end = to;
    }

    @Override
    public boolean hasNext() {
      return at < end;
    }

    @Override
    public Digest next() {
      if (at == end) throw new NoSuchElementException();
      Digest digest = leaf.get(at++);
      if (at == end) advance();
      return digest;
    }

    private void advance() {
      while (!open.isEmpty()) {
        MerkleNode node = open.pop().opened();
        if (node instanceof MerkleInner inner) {
          for (int nibble = FANOUT - 1; nibble >= 0; nibble--) {
            MerkleNode child = inner.children[nibble];
            if (child != null) open.push(child);
          }
        } else {
          leaf = (MerkleLeaf) node;
          at = 0;
          end = leaf.size();
          if (end > 0) return;
        }
      }
    }
  }
}
