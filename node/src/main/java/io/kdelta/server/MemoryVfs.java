package io.kdelta.server;

import io.kdelta.env.Entropy;
import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A disk that is gone with the process, for {@code --in-memory}: the simulated one, whose calls are
 * let in one at a time, because a node writes its log and its tables on threads of their own.
 * Thread-safe.
 */
final class MemoryVfs implements Vfs {
  private final ReentrantLock lock = new ReentrantLock();
  private final Vfs disk;

  private MemoryVfs(Vfs disk) {
    this.disk = disk;
  }

  static MemoryVfs create(Entropy entropy) {
    return new MemoryVfs(new SimVfs(entropy));
  }

  @Override
  public File create(String path) {
    return locked(() -> new MemoryFile(disk.create(path)));
  }

  @Override
  public File open(String path) {
    return locked(() -> new MemoryFile(disk.open(path)));
  }

  @Override
  public File openForReading(String path) {
    return locked(() -> new MemoryFile(disk.openForReading(path)));
  }

  @Override
  public void rename(String source, String target) {
    run(() -> disk.rename(source, target));
  }

  @Override
  public void link(String existing, String added) {
    run(() -> disk.link(existing, added));
  }

  @Override
  public void delete(String path) {
    run(() -> disk.delete(path));
  }

  @Override
  public boolean exists(String path) {
    return locked(() -> disk.exists(path));
  }

  @Override
  public List<String> list(String directory) {
    return locked(() -> disk.list(directory));
  }

  @Override
  public void createDirectories(String directory) {
    run(() -> disk.createDirectories(directory));
  }

  @Override
  public void syncDirectory(String directory) {
    run(() -> disk.syncDirectory(directory));
  }

  @Override
  public Lock lock(String path, String ownerText) {
    Lock held = locked(() -> disk.lock(path, ownerText));
    return () -> run(held::close);
  }

  @Override
  public long freeSpace() {
    return locked(disk::freeSpace);
  }

  private <T> T locked(Supplier<T> call) {
    lock.lock();
    try {
      return call.get();
    } finally {
      lock.unlock();
    }
  }

  private void run(Runnable call) {
    lock.lock();
    try {
      call.run();
    } finally {
      lock.unlock();
    }
  }

  /** A file of it. */
  private final class MemoryFile implements File {
    private final File file;

    MemoryFile(File file) {
      this.file = file;
    }

    @Override
    public String path() {
      return locked(file::path);
    }

    @Override
    public long size() {
      return locked(file::size);
    }

    @Override
    public void append(ByteBuffer source) {
      run(() -> file.append(source));
    }

    @Override
    public void writeAt(long position, ByteBuffer source) {
      run(() -> file.writeAt(position, source));
    }

    @Override
    public int readAt(long position, ByteBuffer target) {
      return locked(() -> file.readAt(position, target));
    }

    @Override
    public MemorySegment map(long position, long size, Arena arena) {
      return locked(() -> file.map(position, size, arena));
    }

    @Override
    public void preallocate(long size) {
      run(() -> file.preallocate(size));
    }

    @Override
    public void truncate(long size) {
      run(() -> file.truncate(size));
    }

    @Override
    public void sync() {
      run(file::sync);
    }

    @Override
    public void close() {
      run(file::close);
    }
  }
}
