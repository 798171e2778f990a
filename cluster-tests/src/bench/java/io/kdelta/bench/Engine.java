package io.kdelta.bench;

import java.nio.file.Path;

/**
 * An embedded store as the phases see it: 16-byte keys, values as bytes. One thread calls, except
 * where {@link #sharesSyncs} says that many may put.
 */
interface Engine extends AutoCloseable {
  /** What a put promises when it returns. */
  enum Mode {
    /** That it is readable; the disk follows as it can. */
    UNSYNCED,
    /** That it survives a power loss. */
    DURABLE,
    /** As UNSYNCED, and nothing moves out of the log into tables: what a kill -9 hits at worst. */
    LOG_ONLY
  }

  /** Opens or recovers the store in the directory, which is created if missing. */
  void open(Path directory, Mode mode) throws Exception;

  /** Puts the first {@code count} pairs, together or not at all. */
  void put(byte[][] keys, byte[][] values, int count) throws Exception;

  /** Copies the value into the target and answers its length, or -1. */
  int get(byte[] key, byte[] target) throws Exception;

  /** Visits all rows in order, touches every value and answers how many there were. */
  long scan(byte[] scratch) throws Exception;

  /** Makes all that was put durable. */
  void sync() throws Exception;

  /** Makes all durable and waits until nothing is left to be merged. */
  void settle() throws Exception;

  /** Whether many threads may put at once and the engine shares one sync between them. */
  default boolean sharesSyncs() {
    return false;
  }

  /** Bytes it wrote to log and tables since it was opened, by its own count; -1 if it has none. */
  default long bytesWritten() throws Exception {
    return -1;
  }

  /** Bytes of its tables as they are now; -1 if it has none. */
  default long tableBytes() throws Exception {
    return -1;
  }

  /** Sorted runs a miss has to ask; -1 if it has none. */
  default int runs() {
    return -1;
  }

  @Override
  void close();

  /** The engine of that name. */
  static Engine named(String name) {
    return switch (name) {
      case "kdelta" -> new KdeltaEngine();
      case "rocksdb" -> new RocksEngine();
      case "lmdb" -> new LmdbEngine();
      case "h2" -> new MvStoreEngine();
      default -> throw new IllegalArgumentException("no engine " + name);
    };
  }
}
