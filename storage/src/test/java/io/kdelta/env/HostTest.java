package io.kdelta.env;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Goal: the adapters to the machine do what their ports say. Method: the real things. */
final class HostTest {
  @Test
  void workRunsInOrderOnOneOtherThreadAndCloseWaitsForIt() {
    List<Integer> ran = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    try (HostWorker worker = new HostWorker("log", thrown -> ran.add(-1))) {
      for (int i = 0; i < 100; i++) {
        int number = i;
        worker.submit(() -> {
          ran.add(number);
          threads.add(Thread.currentThread());
        });
      }
    }
    assertEquals(IntStream.range(0, 100).boxed().toList(), ran);
    assertEquals(1, threads.stream().distinct().count());
    assertNotEquals(Thread.currentThread(), threads.getFirst());
    assertEquals("log", threads.getFirst().getName());
    assertTrue(threads.getFirst().isDaemon());
  }

  @Test
  void workThatThrowsStopsTheWorkerAndIsTold() {
    List<Throwable> told = new ArrayList<>();
    AssertionError bug = new AssertionError("bug");
    try (HostWorker worker = new HostWorker("log", told::add)) {
      worker.submit(() -> {
        throw bug;
      });
      worker.submit(() -> told.add(new AssertionError("ran after the bug")));
    }
    assertEquals(List.of(bug), told);
  }

  @Test
  void oneThreadRunsBehindTheOthersAndTheyStayAsTheyAre() {
    boolean linux = System.getProperty("os.name").equals("Linux");
    Path self = Path.of("/proc/thread-self/stat");
    List<Integer> niceness = new ArrayList<>();
    Optional<String> refusal;
    try (HostWorker worker = new HostWorker("tables", thrown -> niceness.add(-1))) {
      refusal = worker.runBehindOthers();
      if (linux) worker.submit(() -> niceness.add(niceness(self)));
    }
    // Elsewhere it says that it did nothing.
    assertEquals(!linux, refusal.isPresent(), refusal.toString());
    if (!linux) return;
    assertEquals(List.of(behind(HostPriority.NICENESS)), niceness);
    assertEquals(niceness(Path.of("/proc/self/stat")), niceness(self));
  }

  @Test
  void compilersRunBehindTheCore() throws IOException {
    boolean linux = System.getProperty("os.name").equals("Linux");
    for (int call = 0; call < 2; call++) {
      assertEquals(!linux, HostPriority.lowerCompilers().isPresent());
    }
    if (!linux) return;
    int compilers = 0;
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
      for (Path thread : threads) {
        boolean compiles = Files.readString(thread.resolve("comm")).matches("C[12] Compiler.*\n");
        if (!compiles) continue;
        compilers++;
        assertEquals(behind(HostPriority.COMPILER_NICENESS), niceness(thread.resolve("stat")));
      }
    }
    assertTrue(compilers > 0, "none was found");
    assertEquals(behind(0), niceness(Path.of("/proc/thread-self/stat")));
  }

  /** What a thread has that is so far behind the others, however the process itself was started. */
  private static int behind(int further) {
    return Math.min(HostPriority.NICENESS_MAX, niceness(Path.of("/proc/self/stat")) + further);
  }

  /** The 19th field; the second, in brackets, is the name. */
  private static int niceness(Path stat) {
    try {
      String text = Files.readString(stat);
      String behindName = text.substring(text.lastIndexOf(')') + 2);
      return Integer.parseInt(behindName.split(" ", -1)[16]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void clocksMove() {
    HostTime time = new HostTime();
    assertTrue(time.nanos() <= time.nanos());
    assertTrue(time.epochMicros() > SimTime.EPOCH_MICROS_START);
    SimTime wound = new SimTime();
    wound.advance(2_500);
    assertEquals(2_500, wound.nanos());
    assertEquals(SimTime.EPOCH_MICROS_START + 2, wound.epochMicros());
    wound.setWallOffsetMicros(-10);
    wound.advanceTo(4_000);
    assertEquals(SimTime.EPOCH_MICROS_START - 6, wound.epochMicros());
  }

  @Test
  void chanceOfTheMachineDoesNotRepeat() {
    HostEntropy entropy = new HostEntropy();
    assertNotEquals(entropy.nextLong(), entropy.split("same name").nextLong());
    assertNotEquals(entropy.split("same name").nextLong(), entropy.nextLong());
    assertTrue(entropy.nextInt(3) < 3);
  }
}
