package io.kdelta.causal;

/**
 * A set of hashes: open addressing in one array, half full at most. Owner: one thread. Memory: 16
 * to 32 bytes a hash.
 */
final class HashSet64 {
  private long[] slots = new long[1 << 8];
  private int count;
  private boolean zero;

  /** Whether it was not in the set. */
  boolean add(long hash) {
    if (hash == 0) {
      boolean fresh = !zero;
      zero = true;
      return fresh;
    }
    if (2 * count >= slots.length) grow();
    int at = slot(hash);
    if (slots[at] == hash) return false;
    slots[at] = hash;
    count++;
    return true;
  }

  boolean contains(long hash) {
    return hash == 0 ? zero : slots[slot(hash)] == hash;
  }

  int size() {
    return count + (zero ? 1 : 0);
  }

  private int slot(long hash) {
    int mask = slots.length - 1;
    int at = (int) hash & mask;
    while (slots[at] != 0 && slots[at] != hash) at = (at + 1) & mask;
    return at;
  }

  private void grow() {
    long[] before = slots;
    slots = new long[2 * before.length];
    for (long hash : before) if (hash != 0) slots[slot(hash)] = hash;
  }
}
