package io.kdelta.bench;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.BasicDataType;
import org.h2.mvstore.type.ByteArrayDataType;
import org.jspecify.annotations.Nullable;

/** H2's MVStore, the log-structured B-tree below the H2 database, with all data cached. */
final class MvStoreEngine implements Engine {
  private static final int CACHE_MEGABYTES = 1536;
  private static final int COMPACT_MILLIS = 20_000;

  private boolean durable;
  private @Nullable MVStore store;
  private @Nullable MVMap<byte[], byte[]> map;

  @Override
  public void open(Path directory, Mode mode) throws Exception {
    Files.createDirectories(directory);
    durable = mode == Mode.DURABLE;
    MVStore.Builder builder =
        new MVStore.Builder()
            .fileName(directory.resolve("rows.mv").toString())
            .cacheSize(CACHE_MEGABYTES)
            .autoCommitBufferSize(64 << 10);
    if (durable) builder.autoCommitDisabled();
    store = builder.open();
    map =
        store.openMap(
            "rows",
            new MVMap.Builder<byte[], byte[]>()
                .keyType(new UnsignedBytes())
                .valueType(ByteArrayDataType.INSTANCE));
  }

  @Override
  public void put(byte[][] keys, byte[][] values, int count) {
    MVMap<byte[], byte[]> rows = map();
    for (int i = 0; i < count; i++) rows.put(keys[i].clone(), values[i].clone());
    if (durable) sync();
  }

  @Override
  public int get(byte[] key, byte[] target) {
    byte[] value = map().get(key);
    if (value == null) return -1;
    System.arraycopy(value, 0, target, 0, value.length);
    return value.length;
  }

  @Override
  public long scan(byte[] scratch) {
    long rows = 0;
    Cursor<byte[], byte[]> cursor = map().cursor(null);
    while (cursor.hasNext()) {
      cursor.next();
      byte[] value = cursor.getValue();
      System.arraycopy(value, 0, scratch, 0, value.length);
      rows++;
    }
    return rows;
  }

  @Override
  public void sync() {
    store().commit();
    store().sync();
  }

  @Override
  public void settle() {
    sync();
    store().compactFile(COMPACT_MILLIS);
    store().sync();
  }

  @Override
  public void close() {
    store().close();
  }

  private MVStore store() {
    MVStore opened = store;
    if (opened == null) throw new IllegalStateException("not open");
    return opened;
  }

  private MVMap<byte[], byte[]> map() {
    MVMap<byte[], byte[]> opened = map;
    if (opened == null) throw new IllegalStateException("not open");
    return opened;
  }

  /** Keys as the other engines order them. */
  private static final class UnsignedBytes extends BasicDataType<byte[]> {
    @Override
    public int getMemory(byte[] key) {
      return 24 + key.length;
    }

    @Override
    public int compare(byte[] one, byte[] other) {
      return Arrays.compareUnsigned(one, other);
    }

    @Override
    public void write(WriteBuffer target, byte[] key) {
      target.putVarInt(key.length);
      target.put(key);
    }

    @Override
    public byte[] read(ByteBuffer source) {
      byte[] key = new byte[DataUtils.readVarInt(source)];
      source.get(key);
      return key;
    }

    @Override
    public byte[][] createStorage(int size) {
      return new byte[size][];
    }
  }
}
