package io.kdelta.bench;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/**
 * LMDB through lmdbjava. It has no log: durable means a synced commit, unsynced means a writable
 * map that the kernel writes when it likes (a crash of the machine may break the file, which is the
 * most favourable setting for speed).
 */
final class LmdbEngine implements Engine {
  private final ByteBuffer keyBuffer = ByteBuffer.allocateDirect(64);
  private final ByteBuffer valueBuffer = ByteBuffer.allocateDirect(8192);
  private @Nullable Env<ByteBuffer> env;
  private @Nullable Dbi<ByteBuffer> dbi;
  private @Nullable Txn<ByteBuffer> read;

  @Override
  public void open(Path directory, Mode mode) throws Exception {
    Files.createDirectories(directory);
    Env.Builder<ByteBuffer> builder =
        Env.create().setMapSize(16L << 30).setMaxDbs(1).setMaxReaders(128);
    env =
        mode == Mode.DURABLE
            ? builder.open(directory.toFile(), EnvFlags.MDB_NOTLS, EnvFlags.MDB_NORDAHEAD)
            : builder.open(
                directory.toFile(), EnvFlags.MDB_NOTLS, EnvFlags.MDB_NOSYNC, EnvFlags.MDB_WRITEMAP);
    dbi = env.openDbi("rows", DbiFlags.MDB_CREATE);
  }

  @Override
  public void put(byte[][] keys, byte[][] values, int count) {
    endRead();
    try (Txn<ByteBuffer> transaction = env().txnWrite()) {
      for (int i = 0; i < count; i++) {
        keyBuffer.clear().put(keys[i]).flip();
        valueBuffer.clear().put(values[i]).flip();
        dbi().put(transaction, keyBuffer, valueBuffer);
      }
      transaction.commit();
    }
  }

  @Override
  public int get(byte[] key, byte[] target) {
    Txn<ByteBuffer> transaction = read;
    if (transaction == null) read = transaction = env().txnRead();
    keyBuffer.clear().put(key).flip();
    ByteBuffer value = dbi().get(transaction, keyBuffer);
    if (value == null) return -1;
    int size = value.remaining();
    value.get(target, 0, size);
    return size;
  }

  @Override
  public long scan(byte[] scratch) {
    long rows = 0;
    try (Txn<ByteBuffer> transaction = env().txnRead();
        Cursor<ByteBuffer> cursor = dbi().openCursor(transaction)) {
      for (boolean more = cursor.first(); more; more = cursor.next()) {
        ByteBuffer value = cursor.val();
        value.get(scratch, 0, value.remaining());
        rows++;
      }
    }
    return rows;
  }

  @Override
  public void sync() {
    env().sync(true);
  }

  @Override
  public void settle() {
    sync();
  }

  @Override
  public void close() {
    endRead();
    env().close();
  }

  private void endRead() {
    Txn<ByteBuffer> transaction = read;
    if (transaction != null) transaction.close();
    read = null;
  }

  private Env<ByteBuffer> env() {
    Env<ByteBuffer> opened = env;
    if (opened == null) throw new IllegalStateException("not open");
    return opened;
  }

  private Dbi<ByteBuffer> dbi() {
    Dbi<ByteBuffer> opened = dbi;
    if (opened == null) throw new IllegalStateException("not open");
    return opened;
  }
}
