package io.kdelta.reconciliation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.reconciliation.MerkleTree.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Goal: a tree made of its parts, and of what came since, is the tree of the set, and looks below
 * its parts only when it has to; parts that do not fit what is below give no tree, and never a
 * wrong one. Method: seeded random sets against {@link MerkleTree#of}, and every single thing that
 * can be wrong with parts.
 */
final class TreePartsTest {
  private static final int PART_MAX = 200;

  /** A sorted set that counts how often it is asked. */
  private static final class Shelf implements MerkleTree.Source {
    final TreeSet<Digest> held = new TreeSet<>();
    int looks;

    @Override
    public List<Digest> below(Prefix place) {
      looks++;
      List<Digest> below = new ArrayList<>();
      for (Digest digest : held.tailSet(place.bits())) {
        if (!place.holds(digest)) break;
        below.add(digest);
      }
      return below;
    }

    @Override
    public RuntimeException doubt(Part part) {
      return new IllegalStateException("doubt at " + part.place());
    }
  }

  @Test
  void partsAndWhatCameLaterAreTheTree() {
    for (int seed = 0; seed < 80; seed++) {
      Random random = new Random(seed);
      int count = seed % 5 == 0 ? random.nextInt(130) : random.nextInt(6_000);
      Shelf shelf = new Shelf();
      shelf.held.addAll(seed % 4 == 0 ? Sets.clustered(random, count) : Sets.random(random, count));
      MerkleTree before = MerkleTree.of(shelf.held);
      TreeSet<Digest> later = new TreeSet<>(Sets.random(random, random.nextInt(4)));
      later.removeAll(shelf.held);
      shelf.held.addAll(later);
      MerkleTree tree = restored(before.parts(PART_MAX), later, shelf);
      assertTrue(shelf.looks <= later.size(), "only where something came");
      MerkleTree whole = MerkleTree.of(shelf.held);
      assertEquals(whole.root(), tree.root());
      assertEquals(whole.count(), tree.count());
      // Parts of such a tree are parts again, without a look.
      int looks = shelf.looks;
      assertEquals(whole.parts(PART_MAX), tree.parts(PART_MAX));
      assertEquals(looks, shelf.looks);
      change(random, shelf, tree, whole);
    }
  }

  /** The same changes to both: a place is looked at before its source changes. */
  private static void change(Random random, Shelf shelf, MerkleTree restored, MerkleTree plain) {
    MerkleTree tree = restored;
    MerkleTree whole = plain;
    for (int i = 0; i < 40; i++) {
      Digest fresh = Sets.random(random);
      assertEquals(whole.contains(fresh), tree.contains(fresh));
      tree = tree.insert(fresh);
      whole = whole.insert(fresh);
      shelf.held.add(fresh);
      if (!shelf.held.isEmpty() && i % 3 == 0) {
        Digest old = shelf.held.first();
        tree = tree.remove(old);
        whole = whole.remove(old);
        shelf.held.remove(old);
      }
      Prefix place = new Prefix(fresh, random.nextInt(5));
      assertEquals(whole.count(place), tree.count(place));
      assertEquals(whole.hash(place), tree.hash(place));
      assertEquals(whole.digests(place), tree.digests(place));
    }
    assertEquals(whole.root(), tree.root());
    List<Digest> walked = new ArrayList<>();
    tree.forEach(walked::add);
    assertEquals(List.copyOf(shelf.held), walked);
  }

  @Test
  void whatDoesNotFitIsNoTree() {
    Random random = new Random(5);
    Shelf shelf = new Shelf();
    shelf.held.addAll(Sets.random(random, 3_000));
    List<Part> parts = MerkleTree.of(shelf.held).parts(PART_MAX);
    assertTrue(parts.size() > 16);
    Digest fresh = Sets.random(random);
    // Said to have come, and not there.
    assertNull(MerkleTree.restored(parts, List.of(fresh), shelf));
    // There, and not said to have come: the part is not what it was.
    shelf.held.add(fresh);
    MerkleTree blind = restored(parts, new TreeSet<>(), shelf);
    assertThrows(IllegalStateException.class, () -> blind.contains(fresh));
    assertNotNull(MerkleTree.restored(parts, List.of(fresh), shelf));
    // Exchanged below a part where something came.
    Digest gone = Objects.requireNonNull(shelf.held.ceiling(new Prefix(fresh, 2).bits()));
    shelf.held.remove(gone);
    shelf.held.add(new Digest(gone.first(), gone.second(), gone.third(), ~gone.fourth()));
    assertNull(MerkleTree.restored(parts, List.of(fresh), shelf));
    List<Part> doubled = new ArrayList<>(parts);
    doubled.add(3, parts.get(3));
    assertNull(MerkleTree.restored(doubled, List.of(), shelf));
    List<Part> turned = new ArrayList<>(parts.reversed());
    assertNull(MerkleTree.restored(turned, List.of(), shelf));
  }

  private static MerkleTree restored(List<Part> parts, SortedSet<Digest> later, Shelf shelf) {
    MerkleTree tree = MerkleTree.restored(parts, List.copyOf(later), shelf);
    assertNotNull(tree);
    return tree;
  }
}
