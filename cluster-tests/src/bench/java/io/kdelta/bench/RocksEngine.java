package io.kdelta.bench;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.DataBlockIndexType;
import org.rocksdb.FlushOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Statistics;
import org.rocksdb.TickerType;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * RocksDB through JNI, levelled, with the settings its users choose for point reads: 10-bit Bloom
 * filters, hash index in data blocks, all data cached, checksums verified, 64 MiB write buffers, no
 * compression.
 */
final class RocksEngine implements Engine {
  private static final long MIB = 1 << 20;

  private final ReadOptions read = new ReadOptions().setVerifyChecksums(true);
  private final Statistics statistics = new Statistics();
  private @Nullable Options options;
  private @Nullable RocksDB db;
  private WriteOptions write = new WriteOptions();

  static {
    RocksDB.loadLibrary();
  }

  @Override
  public void open(Path directory, Mode mode) throws Exception {
    BlockBasedTableConfig table =
        new BlockBasedTableConfig()
            .setFilterPolicy(new BloomFilter(10, false))
            .setBlockCache(new LRUCache(2048 * MIB))
            .setBlockSize(4096)
            .setFormatVersion(5)
            .setDataBlockIndexType(DataBlockIndexType.kDataBlockBinaryAndHash);
    long buffer = mode == Mode.LOG_ONLY ? 512 * MIB : 64 * MIB;
    options =
        new Options()
            .setCreateIfMissing(true)
            .setTableFormatConfig(table)
            .setWriteBufferSize(buffer)
            .setMaxWriteBufferNumber(4)
            .setIncreaseParallelism(2)
            .setCompressionType(CompressionType.NO_COMPRESSION)
            .setStatistics(statistics)
            .setMaxOpenFiles(-1);
    Files.createDirectories(directory);
    db = RocksDB.open(options, directory.toString());
    write = new WriteOptions().setSync(mode == Mode.DURABLE);
  }

  @Override
  public void put(byte[][] keys, byte[][] values, int count) throws RocksDBException {
    if (count == 1) {
      db().put(write, keys[0], values[0]);
      return;
    }
    try (WriteBatch batch = new WriteBatch()) {
      for (int i = 0; i < count; i++) batch.put(keys[i], values[i]);
      db().write(write, batch);
    }
  }

  @Override
  public int get(byte[] key, byte[] target) throws RocksDBException {
    return db().get(read, key, target);
  }

  @Override
  public long scan(byte[] scratch) {
    long rows = 0;
    ByteBuffer key = ByteBuffer.allocateDirect(64);
    ByteBuffer value = ByteBuffer.allocateDirect(4096);
    try (ReadOptions ahead = new ReadOptions().setReadaheadSize(2 * MIB);
        RocksIterator iterator = db().newIterator(ahead)) {
      for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
        iterator.key(key.clear());
        iterator.value(value.clear());
        value.rewind().get(scratch, 0, value.limit());
        rows++;
      }
    }
    return rows;
  }

  @Override
  public void sync() throws RocksDBException {
    db().flushWal(true);
  }

  @Override
  public void settle() throws RocksDBException {
    try (FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
      db().flush(flush);
    }
    db().compactRange();
  }

  @Override
  public boolean sharesSyncs() {
    return true;
  }

  @Override
  public long bytesWritten() {
    long total = 0;
    for (TickerType ticker :
        List.of(
            TickerType.WAL_FILE_BYTES,
            TickerType.FLUSH_WRITE_BYTES,
            TickerType.COMPACT_WRITE_BYTES)) {
      total += statistics.getTickerCount(ticker);
    }
    return total;
  }

  @Override
  public long tableBytes() throws RocksDBException {
    return db().getLongProperty("rocksdb.total-sst-files-size");
  }

  @Override
  public void close() {
    db().close();
    if (options != null) options.close();
  }

  private RocksDB db() {
    RocksDB opened = db;
    if (opened == null) throw new IllegalStateException("not open");
    return opened;
  }
}
