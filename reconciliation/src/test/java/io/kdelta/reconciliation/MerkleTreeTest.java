package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: the tree is the set it was given, its shape and hashes are a function of the set alone and
 * those of the format. Method: fixed vectors, and seeded random insertions and removals against a
 * sorted set and against a second, naive hashing of the format.
 */
final class MerkleTreeTest {
  private static final String VECTOR_1 =
      "530f304c9183203567e65163684db0c9f4bb446e075606d341135fd3dc2672ce";
  private static final String VECTOR_128 =
      "33b860032bc59e72a3b17e59e8d0c4afc730cb1ac742ecb852885fda25605072";
  private static final String VECTOR_129 =
      "f9fb8b3fe6478268619d266887a4ce3ef6b21d816b3f5eec55bda48146bfa844";
  private static final String VECTOR_5000 =
      "380ec9ab27d221df03e259ec8b7fb7e3716aef9b5ce72ce114e6cd95dc9c3a7e";

  @Test
  void rootsAreTheFormats() {
    // SHA-256(00 00 00), computed with another tool.
    assertEquals(
        "709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c",
        MerkleTree.empty().root().hex());
    List<Digest> numbered = Sets.numbered(5_000);
    assertEquals(VECTOR_1, MerkleTree.of(numbered.subList(0, 1)).root().hex());
    assertEquals(VECTOR_128, MerkleTree.of(numbered.subList(0, 128)).root().hex());
    assertEquals(VECTOR_129, MerkleTree.of(numbered.subList(0, 129)).root().hex());
    assertEquals(VECTOR_5000, MerkleTree.of(numbered).root().hex());
  }

  @Test
  void shapeAndHashesAreAFunctionOfTheSet() {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      int count = random.nextInt(seed % 3 == 0 ? 300 : 3_000);
      List<Digest> digests =
          seed % 4 == 0 ? Sets.clustered(random, count) : Sets.random(random, count);
      MerkleTree one = MerkleTree.of(digests);
      MerkleTree two = MerkleTree.empty();
      for (Digest digest : Sets.shuffled(digests, random)) two = two.insert(digest);
      // Comes and goes: a tree that shrank is one that never grew.
      List<Digest> strangers = Sets.random(random, random.nextInt(500));
      MerkleTree three = two;
      for (Digest digest : strangers) three = three.insert(digest);
      for (Digest digest : Sets.shuffled(strangers, random)) three = three.remove(digest);
      Digest expected = naive(new TreeSet<>(digests), 0);
      String label = "seed " + seed;
      assertEquals(expected, one.root(), label);
      assertEquals(expected, two.root(), label);
      assertEquals(expected, three.root(), label);
      assertEquals(digests.size(), three.count(), label);
      assertEquals(one, three, label);
    }
  }

  @Test
  void manyAtOnceMakeTheTreeThatOneByOneMakes() {
    for (int seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      List<Digest> universe =
          seed % 3 == 0 ? Sets.clustered(random, 4_000) : Sets.random(random, 4_000);
      TreeSet<Digest> model = new TreeSet<>();
      MerkleTree tree = MerkleTree.empty();
      for (int step = 0; step < 25; step++) {
        List<Digest> batch = new ArrayList<>();
        int size = random.nextInt(1 << random.nextInt(11));
        for (int i = 0; i < size; i++) batch.add(universe.get(random.nextInt(universe.size())));
        MerkleTree before = tree;
        Digest root = before.root();
        long count = before.count();
        // Hashes that are known of some children, and of none, are both carried on.
        if (random.nextBoolean()) tree = tree.remove(universe.get(random.nextInt(4_000)));
        model.clear();
        tree.forEach(model::add);
        MerkleTree base = tree;
        tree = tree.insertAll(batch);
        if (!model.addAll(batch)) assertSame(base, tree);
        String label = "seed " + seed + " step " + step;
        assertEquals(model.size(), tree.count(), label);
        if (step % 5 != 0) assertEquals(naive(model, 0), tree.root(), label);
        assertEquals(count, before.count(), label);
        assertEquals(root, MerkleTree.of(list(before)).root(), label);
        assertEquals(new ArrayList<>(model), list(tree), label);
      }
    }
  }

  private static List<Digest> list(MerkleTree tree) {
    List<Digest> listed = new ArrayList<>();
    tree.forEach(listed::add);
    return listed;
  }

  @Test
  void itIsTheSetItWasGiven() {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      List<Digest> universe =
          seed % 2 == 0 ? Sets.random(random, 600) : Sets.clustered(random, 600);
      TreeSet<Digest> model = new TreeSet<>();
      MerkleTree tree = MerkleTree.empty();
      for (int step = 0; step < 2_000; step++) {
        Digest digest = universe.get(random.nextInt(universe.size()));
        MerkleTree before = tree;
        long count = model.size();
        boolean changed;
        // Long phases of growing and of shrinking, so that leaves split and gather.
        if (random.nextInt(100) < (step / 500 % 2 == 0 ? 80 : 20)) {
          tree = tree.insert(digest);
          changed = model.add(digest);
        } else {
          tree = tree.remove(digest);
          changed = model.remove(digest);
        }
        assertEquals(count, before.count());
        if (!changed) assertSame(before, tree);
        assertEquals(model.contains(digest), tree.contains(digest));
        assertEquals(model.size(), tree.count());
      }
      List<Digest> listed = new ArrayList<>();
      tree.forEach(listed::add);
      assertEquals(new ArrayList<>(model), listed, "seed " + seed);
      assertEquals(naive(model, 0), tree.root(), "seed " + seed);
    }
  }

  @Test
  void placesAreThoseOfTheSubset() {
    Random random = new Random(7);
    TreeSet<Digest> model = new TreeSet<>(Sets.random(random, 3_000));
    model.addAll(Sets.clustered(random, 500));
    MerkleTree tree = MerkleTree.of(model);
    List<Digest> all = new ArrayList<>(model);
    for (int i = 0; i < 1_000; i++) {
      Digest near = i % 5 == 0 ? Sets.random(random) : all.get(random.nextInt(all.size()));
      Prefix place = new Prefix(near, random.nextInt(i % 3 == 0 ? 65 : 5));
      TreeSet<Digest> under = new TreeSet<>();
      for (Digest digest : model.tailSet(place.bits())) {
        if (!place.holds(digest)) break;
        under.add(digest);
      }
      assertEquals(under.size(), tree.count(place));
      assertEquals(new ArrayList<>(under), tree.digests(place));
      if (under.isEmpty()) {
        assertNull(tree.hash(place));
      } else {
        assertEquals(naive(under, place.depth()), tree.hash(place));
      }
    }
  }

  @Test
  void unionIsIdempotentCommutativeAndAssociative() {
    for (int seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      List<Digest> universe = Sets.random(random, 1 + random.nextInt(800));
      MerkleTree a = part(universe, random);
      MerkleTree b = part(universe, random);
      MerkleTree c = part(universe, random);
      assertSame(a, union(a, a));
      assertEquals(union(a, b), union(b, a));
      assertEquals(union(union(a, b), c), union(a, union(b, c)));
      assertEquals(union(a, b), union(union(a, b), b));
    }
  }

  @Test
  void unequalSetsHaveUnequalRoots() {
    Random random = new Random(11);
    TreeSet<Digest> roots = new TreeSet<>();
    MerkleTree tree = MerkleTree.empty();
    roots.add(tree.root());
    for (Digest digest : Sets.random(random, 1_000)) {
      tree = tree.insert(digest);
      assertTrue(roots.add(tree.root()));
    }
    assertNotEquals(tree, MerkleTree.empty());
    assertFalse(tree.isEmpty());
  }

  static MerkleTree union(MerkleTree one, MerkleTree two) {
    MerkleTree union = one;
    for (Digest digest : two) union = union.insert(digest);
    return union;
  }

  private static MerkleTree part(List<Digest> universe, Random random) {
    int chance = random.nextInt(101);
    MerkleTree part = MerkleTree.empty();
    for (Digest digest : universe) {
      if (random.nextInt(100) < chance) part = part.insert(digest);
    }
    return part;
  }

  /** The format, told once more as plainly as can be. */
  private static Digest naive(SortedSet<Digest> digests, int depth) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (digests.size() <= 128) {
      bytes.write(0);
      bytes.write(depth);
      if (digests.size() == 128) bytes.write(0x80);
      bytes.write(digests.size() == 128 ? 1 : digests.size());
      for (Digest digest : digests) bytes.writeBytes(digest.toBytes());
      return Digest.sha256(bytes.toByteArray());
    }
    int present = 0;
    ByteArrayOutputStream hashes = new ByteArrayOutputStream();
    for (int nibble = 0; nibble < 16; nibble++) {
      TreeSet<Digest> child = new TreeSet<>();
      for (Digest digest : digests) if (digest.nibble(depth) == nibble) child.add(digest);
      if (child.isEmpty()) continue;
      present |= 1 << nibble;
      hashes.writeBytes(naive(child, depth + 1).toBytes());
    }
    bytes.write(1);
    bytes.write(depth);
    bytes.write(present & 0xff);
    bytes.write(present >>> 8);
    bytes.writeBytes(hashes.toByteArray());
    return Digest.sha256(bytes.toByteArray());
  }
}
