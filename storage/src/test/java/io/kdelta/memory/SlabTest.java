package io.kdelta.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: the rules of a slab hold, and breaking one is noticed under -ea. Method: each rule, kept
 * and then broken on purpose.
 */
final class SlabTest {
  @Test
  void allocatesUntilFullAndSaysSo() {
    try (Slab slab = Slab.create(100)) {
      assertEquals(0, slab.offset(slab.allocate(10)));
      assertEquals(10, slab.offset(slab.allocate(1)));
      assertEquals(16, slab.offset(slab.allocate(8, 8)));
      assertEquals(64, slab.offset(slab.allocate(30, 64)));
      assertEquals(6, slab.remaining());
      assertEquals(Slab.FULL, slab.allocate(7));
      assertEquals(Slab.FULL, slab.allocate(Long.MAX_VALUE, 64));
      assertEquals(94, slab.offset(slab.allocate(6)));
      assertEquals(100, slab.used());
      assertEquals(100, slab.capacity());
    }
  }

  @Test
  void aResetFreesEverythingAndKillsReferences() {
    try (Slab slab = Slab.create(64)) {
      long before = slab.allocate(64);
      slab.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, slab.offset(before), 7);
      slab.reset();
      assertEquals(64, slab.remaining());
      long after = slab.allocate(8);
      assertNotEquals(before, after);
      assertEquals(7, slab.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, slab.offset(after)));
      assertThrows(AssertionError.class, () -> slab.offset(before));
    }
  }

  @Test
  void generationsComeRoundWithoutEverLookingFull() {
    try (Slab slab = Slab.create(8)) {
      for (int i = 0; i < 70_000; i++) {
        long reference = slab.allocate(8);
        if (reference < 0) throw new AssertionError("generation " + slab.generation());
        slab.reset();
      }
      assertEquals(70_000 % 32_768, slab.generation());
    }
  }

  @Test
  void aLargeOneIsZeroedToItsLastByteAndCanBeMadeAgainAndAgain() {
    long bytes = (9 << 20) + 24;
    for (int use = 0; use < 20; use++) {
      Slab slab = Slab.create(bytes);
      assertEquals(bytes, slab.capacity());
      assertEquals(0, slab.segment().address() % 64);
      for (long at = 0; at < bytes; at += 8) {
        long word = slab.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, at);
        if (word != 0) throw new AssertionError("not zero at " + at);
      }
      slab.segment().fill((byte) 7);
      MemorySegment segment = slab.segment();
      slab.close();
      assertThrows(
          IllegalStateException.class, () -> segment.get(ValueLayout.JAVA_BYTE, bytes - 1));
    }
  }

  @Test
  void aTransferGivesEverythingAwayForGood() {
    Slab first = Slab.create(64);
    long reference = first.allocate(8);
    first.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, 0, 42);
    Slab second = first.transfer();
    assertThrows(IllegalStateException.class, () -> first.allocate(1));
    assertThrows(IllegalStateException.class, () -> first.offset(reference));
    assertThrows(IllegalStateException.class, first::segment);
    assertThrows(IllegalStateException.class, first::close);
    assertEquals(
        42, second.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, second.offset(reference)));
    second.close();
    assertThrows(IllegalStateException.class, second::segment);
  }

  @Test
  void onlyTheOwnerMayUseItAndTheFirstUserAfterATransferIsTheOwner() throws Exception {
    Slab mine = Slab.create(64);
    mine.allocate(8);
    assertInstanceOf(WrongThreadException.class, elsewhere(() -> mine.allocate(8)));
    assertInstanceOf(WrongThreadException.class, elsewhere(mine::reset));
    Slab theirs = mine.transfer();
    assertEquals(null, elsewhere(() -> theirs.allocate(8)));
    assertThrows(WrongThreadException.class, () -> theirs.allocate(8));
  }

  private static @Nullable Throwable elsewhere(Runnable use) throws Exception {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread thread =
        new Thread(() -> {
          try {
            use.run();
          } catch (Throwable t) {
            thrown.set(t);
          }
        });
    thread.start();
    thread.join();
    return thrown.get();
  }
}
