package io.kdelta.vfs;

import io.kdelta.env.Entropy;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The content of one simulated file: what reads see, what a power loss can not take away, and the
 * writes in between, in order. Owned by one thread.
 *
 * <p>Invariant: {@code durable} plus all of {@code pending} in order is {@code current}, unless a
 * sync failed and lost pages: then {@code current} holds bytes that no sync will ever keep.
 */
final class SimContent implements SimNode {
  private static final int SECTOR_BYTES = 512;

  final long id;
  SparsePages current = new SparsePages();
  SparsePages durable = new SparsePages();
  private List<Item> pending = new ArrayList<>();
  private final List<Mapping> mappings = new ArrayList<>();

  SimContent(long id) {
    this.id = id;
  }

  /** Something that a sync would make durable. */
  private sealed interface Item {
    /** Bytes written; the array belongs to the item. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared, never leaves this file.
    record Write(long position, byte[] bytes) implements Item {}

    record Resize(long before, long after) implements Item {}
  }

  /** A part of the file that somebody has mapped, as it can be written here. */
  private record Mapping(long position, MemorySegment bytes) {}

  /** A part of the file is mapped: what rots in it from now on rots there too. */
  void mapped(long position, MemorySegment writable) {
    mappings.removeIf(mapping -> !mapping.bytes().scope().isAlive());
    mappings.add(new Mapping(position, writable));
  }

  /**
   * Changes bytes behind everybody's back, for good.
   *
   * @param intoMemory whether what is mapped changes, too
   */
  void rot(long offset, byte[] bytes, boolean intoMemory) {
    for (SparsePages image : List.of(current, durable)) {
      int inside = (int) Math.clamp(image.size() - offset, 0L, bytes.length);
      image.write(offset, bytes, 0, inside);
    }
    if (!intoMemory) return;
    for (Mapping mapping : mappings) {
      if (!mapping.bytes().scope().isAlive()) continue;
      ByteBuffer target = mapping.bytes().asByteBuffer();
      for (int i = 0; i < bytes.length; i++) {
        long at = offset + i - mapping.position();
        if (at >= 0 && at < target.capacity()) target.put((int) at, bytes[i]);
      }
    }
  }

  void write(long position, byte[] owned) {
    current.write(position, owned, 0, owned.length);
    pending.add(new Item.Write(position, owned));
  }

  void resize(long size) {
    pending.add(new Item.Resize(current.size(), size));
    current.resize(size);
  }

  void sync() {
    for (Item item : pending) {
      switch (item) {
        case Item.Write(long position, byte[] bytes) ->
            durable.share(current, position, bytes.length);
        case Item.Resize(long before, long after) ->
            durable.share(current, Math.min(before, after), Long.MAX_VALUE / 2);
      }
    }
    durable.resize(current.size());
    pending.clear();
  }

  /** A sync that fails: each pending item is kept or silently forgotten; nothing stays pending. */
  int syncLosingPages(Entropy entropy) {
    return settle(entropy, Mode.KEEP_OR_DROP);
  }

  /**
   * A power loss: each pending item is dropped, kept or torn; what is left is all there is.
   *
   * @return how many items did not survive whole
   */
  int crash(Entropy entropy, Mode mode) {
    int lost = settle(entropy, mode);
    current = durable.copy();
    return lost;
  }

  boolean clean() {
    return pending.isEmpty();
  }

  SimContent copy() {
    SimContent copy = new SimContent(id);
    copy.current = current.copy();
    copy.durable = durable.copy();
    copy.pending = new ArrayList<>(pending);
    return copy;
  }

  private int settle(Entropy entropy, Mode mode) {
    int lost = 0;
    for (Item item : pending) {
      Fate fate = mode.draw(entropy);
      if (fate != Fate.KEEP) lost++;
      if (fate == Fate.DROP) continue;
      switch (item) {
        case Item.Write(long position, byte[] bytes) -> {
          if (fate == Fate.KEEP) durable.write(position, bytes, 0, bytes.length);
          else tear(position, bytes, entropy);
        }
        case Item.Resize(long before, long after) -> {
          int eighths = fate == Fate.KEEP ? 8 : entropy.nextInt(8);
          long reached = before + (after - before) * eighths / 8;
          // Growing never cuts and cutting never grows, whatever became of earlier items.
          boolean grows = after > before;
          durable.resize(
              grows ? Math.max(durable.size(), reached) : Math.min(durable.size(), reached));
        }
      }
    }
    pending.clear();
    return lost;
  }

  /** Keeps some of the sectors, or some of the pages, that the write touched. */
  private void tear(long position, byte[] bytes, Entropy entropy) {
    int unit = entropy.nextInt(2) == 0 ? SECTOR_BYTES : SparsePages.PAGE_BYTES;
    int done = 0;
    while (done < bytes.length) {
      int chunk = (int) Math.min(bytes.length - done, unit - (position + done) % unit);
      if (entropy.nextInt(2) == 0) durable.write(position + done, bytes, done, chunk);
      done += chunk;
    }
  }

  /** What becomes of one pending item. */
  enum Fate {
    DROP,
    KEEP,
    TEAR
  }

  /** How a whole crash goes; drawn once, so that the plain cases are not lost among mixed ones. */
  enum Mode {
    ALL_DROPPED,
    ALL_KEPT,
    KEEP_OR_DROP,
    MIXED;

    static Mode drawMode(Entropy entropy) {
      return switch (entropy.nextInt(6)) {
        case 0 -> ALL_DROPPED;
        case 1 -> ALL_KEPT;
        case 2 -> KEEP_OR_DROP;
        default -> MIXED;
      };
    }

    Fate draw(Entropy entropy) {
      return switch (this) {
        case ALL_DROPPED -> Fate.DROP;
        case ALL_KEPT -> Fate.KEEP;
        case KEEP_OR_DROP -> entropy.nextInt(2) == 0 ? Fate.DROP : Fate.KEEP;
        case MIXED ->
            switch (entropy.nextInt(3)) {
              case 0 -> Fate.DROP;
              case 1 -> Fate.KEEP;
              default -> Fate.TEAR;
            };
      };
    }
  }
}
