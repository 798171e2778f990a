package io.kdelta.storage;

import java.util.Arrays;

/**
 * Keys to be read together, and what was found: a batch lets the store wait for the memory of many
 * rows at the same time. Make one, fill it, give it to {@link Rows#get(MultiGet)}, {@link #clear}
 * it and use it again: once it has been as large as it gets it makes no garbage.
 *
 * <p>Owner: its caller, on the core thread. The views are valid as long as that of a single read.
 */
public final class MultiGet {
  private byte[] keys = new byte[1024];
  private int keysSize;
  private int[] froms = new int[16];
  private int[] pointSizes = new int[16];
  private int[] suffixSizes = new int[16];
  private boolean[] found = new boolean[16];
  private long[] hashes = new long[16];
  private long[] places = new long[16];
  private RowView[] views = new RowView[0];
  private int size;

  /** Holds no keys. */
  public MultiGet() {}

  /** Forgets the keys and what was found. */
  public void clear() {
    size = 0;
    keysSize = 0;
  }

  /** Adds a key, copied: point part and suffix one after the other. */
  public void add(byte[] key, int from, int pointSize, int suffixSize) {
    int keySize = pointSize + suffixSize;
    if (size == froms.length) {
      froms = Arrays.copyOf(froms, size * 2);
      pointSizes = Arrays.copyOf(pointSizes, size * 2);
      suffixSizes = Arrays.copyOf(suffixSizes, size * 2);
      found = Arrays.copyOf(found, size * 2);
      hashes = Arrays.copyOf(hashes, size * 2);
      places = Arrays.copyOf(places, size * 2);
    }
    if (keys.length - keysSize < keySize) {
      keys = Arrays.copyOf(keys, Math.max(keysSize + keySize, keys.length * 2));
    }
    if (views.length < froms.length) {
      int before = views.length;
      views = Arrays.copyOf(views, froms.length);
      for (int i = before; i < views.length; i++) views[i] = new RowView();
    }
    System.arraycopy(key, from, keys, keysSize, keySize);
    froms[size] = keysSize;
    pointSizes[size] = pointSize;
    suffixSizes[size] = suffixSize;
    found[size] = false;
    views[size].clear();
    keysSize += keySize;
    size++;
  }

  /** Keys in it. */
  public int size() {
    return size;
  }

  /** Whether the key at this place, in the order they were added, has a row. */
  public boolean found(int index) {
    return found[check(index)];
  }

  /** The row of the key at this place; shows nothing when there is none. */
  public RowView view(int index) {
    return views[check(index)];
  }

  byte[] keys() {
    return keys;
  }

  int from(int index) {
    return froms[index];
  }

  int pointSize(int index) {
    return pointSizes[index];
  }

  int suffixSize(int index) {
    return suffixSizes[index];
  }

  long hash(int index) {
    return hashes[index];
  }

  void hash(int index, long hash) {
    hashes[index] = hash;
  }

  /** What was read ahead for the key. */
  long place(int index) {
    return places[index];
  }

  void place(int index, long place) {
    places[index] = place;
  }

  void found(int index, boolean there) {
    found[index] = there;
  }

  private int check(int index) {
    if (index < 0 || index >= size) throw new IndexOutOfBoundsException(index);
    return index;
  }
}
