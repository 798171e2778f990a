package io.kdelta.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One segment of off-heap memory and a bump offset: a place for many small things that all die at
 * once.
 *
 * <p>{@link #allocate} costs an addition; {@link #reset} frees everything in O(1), keeps the
 * memory, zeroes nothing. A full slab is an answer ({@link #FULL}), not an exception; ask {@link
 * #remaining} before a batch.
 *
 * <p>What is handed out is a <em>reference</em>: the generation in the upper 16 bits, the offset in
 * the lower 48. {@link #offset} turns it into an offset into {@link #segment}, and under {@code
 * -ea} throws if the slab was reset since. The memory itself is shared between threads, but at any
 * time one thread owns the slab: the first that uses it after its creation or {@link #transfer}.
 * Under {@code -ea} the use by any other throws {@link WrongThreadException}. Nothing outside
 * storage may hold the segment.
 */
public final class Slab implements AutoCloseable {
  /** What {@link #allocate} answers when the bytes do not fit. */
  public static final long FULL = -1;

  private static final int OFFSET_BITS = 48;
  private static final long OFFSET_MASK = (1L << OFFSET_BITS) - 1;
  private static final int GENERATION_MASK = 0x7FFF;
  private static final int ALIGNMENT_BYTES = 64;

  private final Arena arena;
  private final MemorySegment segment;
  private long used;
  private int generation;
  private boolean given;

  /** Only under -ea: one byte that the JVM lets no thread but the owner read. */
  private Arena ownerArena = Arena.global();

  private MemorySegment ownerProbe = MemorySegment.NULL;

  private Slab(Arena arena, MemorySegment segment, long used, int generation) {
    this.arena = arena;
    this.segment = segment;
    this.used = used;
    this.generation = generation;
  }

  /**
   * A slab of that many zeroed bytes, aligned to a cache line.
   *
   * @param capacityBytes less than 2^48
   */
  public static Slab create(long capacityBytes) {
    return create(capacityBytes, true);
  }

  /** As {@link #create}, for memory that is used in random order, not from front to back. */
  public static Slab createScattered(long capacityBytes) {
    return create(capacityBytes, false);
  }

  /**
   * Has the system make all its memory present now, where it is large enough to matter: a first use
   * of a large page can take milliseconds. Any thread, also while the owner works. Memory that the
   * owner has closed in the meantime is not touched: the system only refuses.
   */
  public void populate() {
    LargeMemory.populate(segment);
  }

  private static Slab create(long capacityBytes, boolean largePages) {
    if (capacityBytes <= 0 || capacityBytes > OFFSET_MASK) {
      throw new AssertionError("capacity " + capacityBytes);
    }
    Arena arena = Arena.ofShared();
    MemorySegment memory = LargeMemory.allocate(arena, capacityBytes, ALIGNMENT_BYTES, largePages);
    return new Slab(arena, memory, 0, 0);
  }

  public long capacity() {
    return segment.byteSize();
  }

  public long used() {
    return used;
  }

  public long remaining() {
    return segment.byteSize() - used;
  }

  /** Counts resets, modulo 32,768. */
  public int generation() {
    return generation;
  }

  /**
   * Takes the next bytes, whatever they hold.
   *
   * @return a reference, never negative, or {@link #FULL}
   */
  public long allocate(long bytes) {
    return allocate(bytes, 1);
  }

  /**
   * Takes the next bytes that start at a multiple of {@code alignment}.
   *
   * @param alignment a power of two, at most 64
   * @return a reference, never negative, or {@link #FULL}
   */
  public long allocate(long bytes, int alignment) {
    assert owned();
    assert bytes >= 0 && Integer.bitCount(alignment) == 1 && alignment <= ALIGNMENT_BYTES;
    long at = (used + alignment - 1) & -alignment;
    if (bytes > segment.byteSize() - at) return FULL;
    used = at + bytes;
    return ((long) generation << OFFSET_BITS) | at;
  }

  /** Where in {@link #segment} the reference points. */
  public long offset(long reference) {
    assert owned();
    assert reference >>> OFFSET_BITS == generation
        : "reference of generation "
            + (reference >>> OFFSET_BITS)
            + " used in generation "
            + generation;
    return reference & OFFSET_MASK;
  }

  /** The whole memory; valid until {@link #close}. */
  public MemorySegment segment() {
    assert owned();
    return segment;
  }

  /** Frees everything at once; all references die. */
  public void reset() {
    assert owned();
    used = 0;
    generation = (generation + 1) & GENERATION_MASK;
  }

  /**
   * Gives the slab, with all it holds, to whoever uses the answer first. References stay valid;
   * this object is of no more use and under {@code -ea} says so.
   */
  public Slab transfer() {
    assert owned();
    assert disown();
    given = true;
    return new Slab(arena, segment, used, generation);
  }

  /** Returns the memory to the system; any later use of the segment throws. */
  @Override
  public void close() {
    if (given) throw new IllegalStateException("the slab was transferred");
    assert owned();
    assert disown();
    given = true;
    arena.close();
  }

  /** Claims the slab for this thread if nobody has; otherwise the probe throws at a stranger. */
  private boolean owned() {
    if (given) throw new IllegalStateException("the slab was transferred or closed");
    if (ownerProbe.byteSize() == 0) {
      ownerArena = Arena.ofConfined();
      ownerProbe = ownerArena.allocate(1);
    }
    return ownerProbe.get(ValueLayout.JAVA_BYTE, 0) == 0;
  }

  private boolean disown() {
    ownerProbe = MemorySegment.NULL;
    ownerArena.close();
    return true;
  }
}
