package io.kdelta.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of zeros that is overwritten by record-sized writes, each synced: as fast as any log that
 * acknowledges one row at a time can be on this disk, now.
 */
final class ZeroedSegment implements AutoCloseable {
  private static final long BYTES = 64L << 20;
  private static final int MIB = 1 << 20;

  /** A record of one row, as the log writes it. */
  static final int RECORD_BYTES = 184;

  private final Path path;
  private final FileChannel channel;
  private final ByteBuffer record = ByteBuffer.allocateDirect(RECORD_BYTES);
  private long at;

  ZeroedSegment(Path path) throws IOException {
    this.path = path;
    this.channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    fill(channel, BYTES);
    channel.force(true);
  }

  /** Zeros from the beginning of a file on. */
  static void fill(FileChannel channel, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect(MIB);
    for (long at = 0; at < bytes; at += MIB) channel.write(zeros.clear(), at);
  }

  /** Writes and syncs so often; syncs a second. */
  double syncs(int count) throws IOException {
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) sync();
    return Meter.perSecond(count, System.nanoTime() - start);
  }

  /** Writes and syncs for so long; syncs a second. */
  double syncsFor(double seconds) throws IOException {
    long start = System.nanoTime();
    long end = start + (long) (seconds * 1e9);
    int count = 0;
    for (; System.nanoTime() < end; count++) sync();
    return Meter.perSecond(count, System.nanoTime() - start);
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(path);
  }

  private void sync() throws IOException {
    if (at + RECORD_BYTES > BYTES) at = 0;
    at += channel.write(record.clear(), at);
    channel.force(false);
  }
}
