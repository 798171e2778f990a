package io.kdelta.reconciliation;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The set of one side as its session sees it: snapshot and received, less what the peer refuses,
 * with the cells of the epoch in step.
 *
 * <p>Owned by one session, on its thread.
 */
final class Holding {
  private static final int NIBBLE = 4;

  /** More would take more room than the cells. */
  private static final int PENDING_MAX = 1 << 14;

  private MerkleTree set = MerkleTree.empty();
  private CellSketch sketch = Snapshot.of(set).cells().getFirst();

  /** Under the keys of other epochs, as they were in the snapshot. */
  private List<CellSketch> others = List.of();

  /** What came and went since, for when one of the others is chosen. */
  private final List<Digest> changes = new ArrayList<>();

  /** What the chosen cells have not taken in yet: most sessions never ask for them again. */
  private final List<Digest> pending = new ArrayList<>();

  private long left;

  /** Begins anew with what the driver holds. */
  void take(Snapshot snapshot) {
    set = snapshot.set();
    sketch = snapshot.cells().getFirst();
    others = snapshot.cells().subList(1, snapshot.cells().size());
    changes.clear();
    pending.clear();
  }

  /** Goes over to the cells under the key of that epoch; whether there are any. */
  boolean choose(long epoch) {
    if (sketch.epoch() == epoch) return true;
    for (CellSketch other : others) {
      if (other.epoch() != epoch) continue;
      sketch = other;
      pending.clear();
      pending.addAll(changes);
      others = List.of();
      return true;
    }
    return false;
  }

  /** The ids. */
  MerkleTree set() {
    return set;
  }

  /** The hash of all of them. */
  Digest root() {
    return set.root();
  }

  /** How many ids were left out because the peer refuses them. */
  long left() {
    return left;
  }

  /** The number of the key of the cells. */
  long epoch() {
    return sketch.epoch();
  }

  /** The code of the cells. */
  CellCode code() {
    return sketch.code();
  }

  /** The cells of the epoch, {@code from} to {@code to}, exclusive. */
  long[] cells(int from, int to) {
    catchUp();
    return sketch.range(from, to);
  }

  /** A version was received. */
  @SuppressWarnings("ReferenceEquality") // A tree that did not change is the same object.
  void insert(Digest id) {
    MerkleTree grown = set.insert(id);
    if (grown == set) return;
    set = grown;
    change(id);
  }

  /** The peer will never hold these. */
  @SuppressWarnings("ReferenceEquality") // A tree that did not change is the same object.
  void leaveOut(List<Digest> refused) {
    for (Digest digest : refused) {
      MerkleTree shrunk = set.remove(digest);
      if (shrunk == set) continue;
      set = shrunk;
      change(digest);
      left++;
    }
  }

  private void change(Digest id) {
    if (!others.isEmpty()) changes.add(id);
    pending.add(id);
    if (pending.size() == PENDING_MAX) catchUp();
  }

  private void catchUp() {
    for (Digest id : pending) sketch = sketch.with(id, set);
    pending.clear();
  }

  /** The ids that begin with these bits. */
  List<Digest> beginningWith(long cut, int width) {
    List<Digest> found = new ArrayList<>();
    Iterator<Digest> near = near(cut << (Long.SIZE - width), width);
    while (near.hasNext()) {
      Digest digest = near.next();
      if (RiceCode.cut(digest, width) == cut) found.add(digest);
    }
    return found;
  }

  /**
   * The ids with such a name: {@code width} bits, the last {@code keyed} of them the first keyed
   * ones of the symbol, the others the first of the id.
   */
  List<Digest> named(CellCode code, long name, int width, int keyed) {
    List<Digest> found = new ArrayList<>();
    Iterator<Digest> near = near(name << (Long.SIZE - width), width - keyed);
    while (near.hasNext()) {
      Digest digest = near.next();
      if (code.name(digest, width, keyed) == name) found.add(digest);
    }
    return found;
  }

  /** About how many ids begin with the first {@code plain} bits of a name that has all its bits. */
  double crowd(long name, int plain) {
    Digest bits = new Digest(name << (Long.SIZE - CellCode.NAME_BITS), 0, 0, 0);
    Prefix place = new Prefix(bits, plain / NIBBLE);
    return (double) set.count(place) / (1 << (plain % NIBBLE));
  }

  private Iterator<Digest> near(long bits, int width) {
    return set.iterator(new Prefix(new Digest(bits, 0, 0, 0), width / NIBBLE));
  }
}
