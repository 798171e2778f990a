package io.kdelta.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * What the machine allows in the moment the engines are measured: syncs, bandwidth of disk and
 * memory, latency of memory, checksums. No engine can be faster.
 */
final class MachinePhase {
  private static final int SYNCS = 1_500;
  private static final int SYNCS_WARM = 100;
  private static final long MIB = 1 << 20;

  private final Path directory;
  private final long memoryBytes;
  private final long fileBytes;
  private long touched;

  MachinePhase(Path directory, Sizes sizes) {
    this.directory = directory;
    boolean full = sizes.seconds() > 1;
    memoryBytes = (full ? 512 : 256) * MIB;
    fileBytes = (full ? 1024 : 256) * MIB;
  }

  void run() throws IOException {
    Files.createDirectories(directory);
    Meter.figure("sync-zeroed", syncsOfZeroed());
    Meter.figure("sync-append", syncsOfGrowing());
    Meter.figure("write-mb", writeBandwidth());
    memory();
    Meter.figure("crc-mb", checksumBandwidth());
    if (touched == Long.MIN_VALUE) Meter.note("touched " + touched);
  }

  private double syncsOfZeroed() throws IOException {
    try (ZeroedSegment segment = new ZeroedSegment(directory.resolve("syncs"))) {
      segment.syncs(SYNCS_WARM);
      return segment.syncs(SYNCS);
    }
  }

  /** Record-sized writes at the end of a growing file, each synced. */
  private double syncsOfGrowing() throws IOException {
    Path path = directory.resolve("syncs");
    ByteBuffer record = ByteBuffer.allocateDirect(ZeroedSegment.RECORD_BYTES);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long start = 0;
      long at = 0;
      for (int i = -SYNCS_WARM; i < SYNCS; i++) {
        if (i == 0) start = System.nanoTime();
        at += channel.write(record.clear(), at);
        channel.force(false);
      }
      return Meter.perSecond(SYNCS, System.nanoTime() - start);
    } finally {
      Files.deleteIfExists(path);
    }
  }

  private double writeBandwidth() throws IOException {
    Path path = directory.resolve("writes");
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long start = System.nanoTime();
      ZeroedSegment.fill(channel, fileBytes);
      channel.force(false);
      return fileBytes * 1e3 / (System.nanoTime() - start);
    } finally {
      Files.deleteIfExists(path);
    }
  }

  private void memory() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cells = arena.allocate(memoryBytes, 64);
      cells.fill((byte) 1);
      double[] rates = new double[5];
      for (int i = 0; i < rates.length; i++) {
        long start = System.nanoTime();
        touched += sum(cells);
        rates[i] = memoryBytes * 1e3 / (System.nanoTime() - start);
      }
      Meter.figure("memory-mb", Meter.median(rates));
      Meter.figure("chase-ns", chase(cells));
    }
  }

  private static long sum(MemorySegment cells) {
    long sum = 0;
    for (long at = 0; at < cells.byteSize(); at += 32) {
      sum += cells.get(ValueLayout.JAVA_LONG, at) + cells.get(ValueLayout.JAVA_LONG, at + 8);
      sum += cells.get(ValueLayout.JAVA_LONG, at + 16) + cells.get(ValueLayout.JAVA_LONG, at + 24);
    }
    return sum;
  }

  /** Loads that each wait for the one before: one cycle through all cache lines, shuffled. */
  private double chase(MemorySegment cells) {
    int lines = (int) (cells.byteSize() / 64);
    int[] order = new int[lines];
    for (int i = 0; i < lines; i++) order[i] = i;
    SplittableRandom random = new SplittableRandom(3);
    for (int i = lines - 1; i > 0; i--) {
      int other = random.nextInt(i);
      int line = order[i];
      order[i] = order[other];
      order[other] = line;
    }
    for (int i = 0; i < lines; i++) cells.set(ValueLayout.JAVA_LONG, i * 64L, order[i] * 64L);
    int steps = 3_000_000;
    double[] nanos = new double[3];
    long at = 0;
    for (int repeat = 0; repeat < nanos.length; repeat++) {
      long start = System.nanoTime();
      for (int i = 0; i < steps; i++) at = cells.get(ValueLayout.JAVA_LONG, at);
      nanos[repeat] = (double) (System.nanoTime() - start) / steps;
    }
    touched += at;
    return Meter.median(nanos);
  }

  private double checksumBandwidth() {
    byte[] bytes = new byte[64 << 10];
    CRC32C crc = new CRC32C();
    double[] rates = new double[5];
    for (int repeat = 0; repeat < rates.length; repeat++) {
      long start = System.nanoTime();
      for (int i = 0; i < 3_000; i++) {
        crc.reset();
        crc.update(bytes, 0, bytes.length);
        touched += crc.getValue();
      }
      rates[repeat] = 3_000L * bytes.length * 1e3 / (System.nanoTime() - start);
    }
    return Meter.median(rates);
  }
}
