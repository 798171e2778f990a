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

  private static final int FANOUT = 16;
  private static final Leaf NOTHING = new Leaf(new Digest[0]);
  private static final MerkleTree EMPTY = new MerkleTree(NOTHING);

  private final Node root;
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

  private MerkleTree(Node root) {
    this.root = root;
  }

  /** The tree of no digest. */
  public static MerkleTree empty() {
    return EMPTY;
  }

  /** The tree of all {@code digests}, in any order; what is named twice is held once. */
  public static MerkleTree of(Collection<Digest> digests) {
    Digest[] sorted = sorted(digests);
    int kept = 0;
    for (Digest digest : sorted) {
      if (kept == 0 || !digest.equals(sorted[kept - 1])) sorted[kept++] = digest;
    }
    return kept == 0 ? EMPTY : new MerkleTree(build(sorted, 0, kept, 0));
  }

  /**
   * The tree of which {@link #parts} were taken, and {@code later} beside, in order; null when
   * these do not fit. What is below a part is fetched when it is first asked for, but for parts
   * that one of {@code later} changed: those are fetched now, so the source holds {@code later}
   * already.
   */
  public static @Nullable MerkleTree restored(List<Part> parts, List<Digest> later, Source source) {
    if (parts.isEmpty()) return of(later);
    Node root =
        new TreeParts(parts, later, source).node(Prefix.ALL, 0, parts.size(), 0, later.size());
    return root == null ? null : new MerkleTree(root);
  }

  /** The largest places with at most {@code countMax} digests, or of a leaf, in order. */
  public List<Part> parts(int countMax) {
    List<Part> parts = new ArrayList<>();
    if (!isEmpty()) collect(root, Prefix.ALL, countMax, parts);
    return parts;
  }

  private static void collect(Node node, Prefix place, int countMax, List<Part> parts) {
    if (!(node instanceof Inner inner) || inner.count <= countMax) {
      parts.add(new Part(place, node.count(), node.hash(place.depth())));
      return;
    }
    for (int nibble = 0; nibble < FANOUT; nibble++) {
      Node child = inner.children[nibble];
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
    Node node = root.opened();
    int depth = 0;
    while (node instanceof Inner inner) {
      Node child = inner.children[digest.nibble(depth++)];
      if (child == null) return false;
      node = child.opened();
    }
    return node instanceof Leaf leaf && Arrays.binarySearch(leaf.digests, digest) >= 0;
  }

  /** This set and {@code digest}; this very tree when it holds it already. */
  public MerkleTree insert(Digest digest) {
    Node grown = inserted(root, digest, 0);
    return grown == root ? this : new MerkleTree(grown);
  }

  /** This set without {@code digest}; this very tree when it does not hold it. */
  public MerkleTree remove(Digest digest) {
    Node shrunk = removed(root, digest, 0);
    if (shrunk == root) return this;
    return shrunk == null ? EMPTY : new MerkleTree(shrunk);
  }

  /** How many digests begin with {@code prefix}. */
  public long count(Prefix prefix) {
    return place(prefix).count();
  }

  /**
   * The hash of the digests that begin with {@code prefix}, as the canonical tree has it for a node
   * at that place, also where this tree holds so few that a leaf above covers the place. Two trees
   * that hold the same digests under a prefix answer the same, whatever else they hold. Absent (as
   * in the bit map of a parent) when there is none.
   */
  public @Nullable Digest hash(Prefix prefix) {
    if (prefix.depth() == 0) return root();
    Node place = place(prefix);
    return place.count() == 0 ? null : place.hash(prefix.depth());
  }

  /** The digests that begin with {@code prefix}, in order. */
  public List<Digest> digests(Prefix prefix) {
    Node place = place(prefix).opened();
    if (place instanceof Leaf leaf) return List.of(leaf.digests);
    List<Digest> found = new ArrayList<>(Math.toIntExact(place.count()));
    new Walk(place).forEachRemaining(found::add);
    return found;
  }

  /** The digests that begin with {@code prefix}, in order, as they are asked for. */
  public Iterator<Digest> iterator(Prefix prefix) {
    return new Walk(place(prefix));
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

  /** The node at {@code prefix}, cut out of the leaf above it where the tree ends earlier. */
  private Node place(Prefix prefix) {
    Node node = root;
    for (int depth = 0; depth < prefix.depth(); depth++) {
      node = node.opened();
      if (node instanceof Leaf leaf) return cut(leaf, prefix);
      Node child = ((Inner) node).children[prefix.bits().nibble(depth)];
      if (child == null) return NOTHING;
      node = child;
    }
    return node;
  }

  private static Leaf cut(Leaf leaf, Prefix prefix) {
    int from = Arrays.binarySearch(leaf.digests, prefix.bits());
    if (from < 0) from = -from - 1;
    int to = from;
    while (to < leaf.digests.length && prefix.holds(leaf.digests[to])) to++;
    return to == from ? NOTHING : new Leaf(Arrays.copyOfRange(leaf.digests, from, to));
  }

  /** In order: dealt out by their first bits, of which hashes have few alike, then sorted apart. */
  private static Digest[] sorted(Collection<Digest> digests) {
    int bits = Math.clamp(32L - Integer.numberOfLeadingZeros(digests.size() / LEAF_MAX), 0, 20);
    int[] ends = new int[(1 << bits) + 1];
    for (Digest digest : digests) ends[dealt(digest, bits) + 1]++;
    for (int i = 1; i < ends.length; i++) ends[i] += ends[i - 1];
    int[] next = Arrays.copyOf(ends, ends.length);
    Digest[] sorted = new Digest[digests.size()];
    for (Digest digest : digests) sorted[next[dealt(digest, bits)]++] = digest;
    for (int i = 1; i < ends.length; i++) Arrays.sort(sorted, ends[i - 1], ends[i]);
    return sorted;
  }

  private static int dealt(Digest digest, int bits) {
    return bits == 0 ? 0 : (int) (digest.first() >>> (Long.SIZE - bits));
  }

  private static Node build(Digest[] sorted, int from, int to, int depth) {
    if (to - from <= LEAF_MAX) return new Leaf(Arrays.copyOfRange(sorted, from, to));
    @Nullable Node[] children = new @Nullable Node[FANOUT];
    int start = from;
    for (int nibble = 0; nibble < FANOUT; nibble++) {
      int end = start;
      while (end < to && sorted[end].nibble(depth) == nibble) end++;
      if (end > start) children[nibble] = build(sorted, start, end, depth + 1);
      start = end;
    }
    return new Inner(children, to - from);
  }

  private static Node inserted(@Nullable Node held, Digest digest, int depth) {
    if (held == null) return new Leaf(new Digest[] {digest});
    Node node = held.opened();
    if (node instanceof Inner inner) {
      int nibble = digest.nibble(depth);
      Node child = inner.children[nibble];
      Node grown = inserted(child, digest, depth + 1);
      return grown == child ? held : inner.with(nibble, grown, inner.count + 1);
    }
    Digest[] digests = ((Leaf) node).digests;
    int at = Arrays.binarySearch(digests, digest);
    if (at >= 0) return held;
    at = -at - 1;
    Digest[] grown = new Digest[digests.length + 1];
    System.arraycopy(digests, 0, grown, 0, at);
    grown[at] = digest;
    System.arraycopy(digests, at, grown, at + 1, digests.length - at);
    return build(grown, 0, grown.length, depth);
  }

  private static @Nullable Node removed(Node held, Digest digest, int depth) {
    Node node = held.opened();
    if (node instanceof Inner inner) {
      int nibble = digest.nibble(depth);
      Node child = inner.children[nibble];
      if (child == null) return held;
      Node shrunk = removed(child, digest, depth + 1);
      if (shrunk == child) return held;
      Inner rest = inner.with(nibble, shrunk, inner.count - 1);
      return rest.count > LEAF_MAX ? rest : rest.gathered();
    }
    Digest[] digests = ((Leaf) node).digests;
    int at = Arrays.binarySearch(digests, digest);
    if (at < 0) return held;
    if (digests.length == 1) return null;
    Digest[] shrunk = new Digest[digests.length - 1];
    System.arraycopy(digests, 0, shrunk, 0, at);
    System.arraycopy(digests, at + 1, shrunk, at, shrunk.length - at);
    return new Leaf(shrunk);
  }

  private abstract static sealed class Node {
    private @Nullable Digest hash;

    abstract long count();

    abstract Digest hashed(int depth);

    /** The node with what is below it at hand. */
    Node opened() {
      return this;
    }

    /** A node lives at one depth only, so its hash is cached without it. */
    final Digest hash(int depth) {
      Digest known = hash;
      if (known == null) {
        known = hashed(depth);
        hash = known;
      }
      return known;
    }
  }

  private static final class Leaf extends Node {
    private static final int COUNT_SIZE_MAX = 2;

    final Digest[] digests;

    Leaf(Digest[] digests) {
      this.digests = digests;
    }

    @Override
    long count() {
      return digests.length;
    }

    @Override
    Digest hashed(int depth) {
      byte[] bytes = new byte[2 + COUNT_SIZE_MAX + digests.length * Digest.SIZE];
      bytes[0] = 0x00;
      bytes[1] = (byte) depth;
      int at = 2;
      int count = digests.length;
      if (count > 0x7f) {
        bytes[at++] = (byte) ((count & 0x7f) | 0x80);
        count >>>= 7;
      }
      bytes[at++] = (byte) count;
      for (Digest digest : digests) {
        digest.writeTo(bytes, at);
        at += Digest.SIZE;
      }
      return Digest.sha256(bytes, 0, at);
    }
  }

  private static final class Inner extends Node {
    final @Nullable Node[] children;
    final long count;

    Inner(@Nullable Node[] children, long count) {
      this.children = children;
      this.count = count;
    }

    @Override
    long count() {
      return count;
    }

    Inner with(int nibble, @Nullable Node child, long newCount) {
      @Nullable Node[] changed = children.clone();
      changed[nibble] = child;
      return new Inner(changed, newCount);
    }

    Leaf gathered() {
      Digest[] digests = new Digest[(int) count];
      int at = 0;
      Walk walk = new Walk(this);
      while (walk.hasNext()) digests[at++] = walk.next();
      return new Leaf(digests);
    }

    @Override
    Digest hashed(int depth) {
      byte[] bytes = new byte[4 + FANOUT * Digest.SIZE];
      bytes[0] = 0x01;
      bytes[1] = (byte) depth;
      int present = 0;
      int at = 4;
      for (int nibble = 0; nibble < FANOUT; nibble++) {
        Node child = children[nibble];
        if (child == null) continue;
        present |= 1 << nibble;
        child.hash(depth + 1).writeTo(bytes, at);
        at += Digest.SIZE;
      }
      bytes[2] = (byte) present;
      bytes[3] = (byte) (present >>> 8);
      return Digest.sha256(bytes, 0, at);
    }
  }

  /** A part of which only the sum is known until somebody looks below it. */
  private static final class Stub extends Node {
    private final Part part;
    private final Source source;
    private @Nullable Node below;

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
    Node opened() {
      Node known = below;
      if (known == null) {
        Digest[] digests = source.below(part.place()).toArray(new Digest[0]);
        int depth = part.place().depth();
        known = build(digests, 0, digests.length, depth);
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
    @Nullable Node node(Prefix place, int part, int partsEnd, int fresh, int freshEnd) {
      if (part == partsEnd) {
        Digest[] digests = later.subList(fresh, freshEnd).toArray(new Digest[0]);
        return build(digests, 0, digests.length, place.depth());
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
      Digest[] digests = below.toArray(new Digest[0]);
      return build(digests, 0, digests.length, place.depth());
    }

    private @Nullable Node inner(Prefix place, int part, int partsEnd, int fresh, int freshEnd) {
      @Nullable Node[] children = new @Nullable Node[FANOUT];
      long count = 0;
      for (int nibble = 0; nibble < FANOUT; nibble++) {
        Prefix below = place.child(nibble);
        int partStart = part;
        while (part < partsEnd && below.holds(parts.get(part).place())) part++;
        int freshStart = fresh;
        while (fresh < freshEnd && below.holds(later.get(fresh))) fresh++;
        if (partStart == part && freshStart == fresh) continue;
        Node child = node(below, partStart, part, freshStart, fresh);
        if (child == null) return null;
        children[nibble] = child;
        count += child.count();
      }
      boolean fits = part == partsEnd && fresh == freshEnd && count > LEAF_MAX;
      return fits ? new Inner(children, count) : null;
    }
  }

  /** Walks the leaves below a node from left to right. */
  private static final class Walk implements Iterator<Digest> {
    private final Deque<Node> open = new ArrayDeque<>();
    private Digest[] digests = NOTHING.digests;
    private int at;

    Walk(Node start) {
      open.push(start);
      advance();
    }

    @Override
    public boolean hasNext() {
      return at < digests.length;
    }

    @Override
    public Digest next() {
      if (at == digests.length) throw new NoSuchElementException();
      Digest digest = digests[at++];
      if (at == digests.length) advance();
      return digest;
    }

    private void advance() {
      while (!open.isEmpty()) {
        Node node = open.pop().opened();
        if (node instanceof Inner inner) {
          for (int nibble = FANOUT - 1; nibble >= 0; nibble--) {
            Node child = inner.children[nibble];
            if (child != null) open.push(child);
          }
        } else {
          digests = ((Leaf) node).digests;
          at = 0;
          if (digests.length > 0) return;
        }
      }
    }
  }
}
