package io.kdelta.vfs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The mappings of a simulated disk's files, in all its lives: native memory, which whoever asked
 * for it has to give back by closing the arena. Owned by one thread.
 */
final class SimMappings {
  private final List<MemorySegment> mapped = new ArrayList<>();

  /** As many as were alive when they were last counted; the next count is due at twice that. */
  private int alive;

  /** What the file holds there now, in memory of the arena. */
  MemorySegment map(SimContent content, long position, long size, Arena arena) {
    MemorySegment memory = arena.allocate(Math.max(1, size), SparsePages.PAGE_BYTES);
    MemorySegment part = memory.asSlice(0, size);
    if (size > 0) content.current.read(position, part.asByteBuffer());
    content.mapped(position, part);
    if (mapped.size() >= 64 + 2 * alive) count();
    mapped.add(part);
    return part.asReadOnly();
  }

  /** How many nobody has given back. */
  int count() {
    mapped.removeIf(part -> !part.scope().isAlive());
    alive = mapped.size();
    return alive;
  }
}
