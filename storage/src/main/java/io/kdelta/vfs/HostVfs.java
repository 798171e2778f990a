package io.kdelta.vfs;

import io.kdelta.error.KdeltaException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The file system of the machine, below one directory. Directories are made with mode 0700, files
 * with 0600, where the file system knows modes.
 *
 * <p>Any thread may call. {@link File#sync} is {@code fdatasync}: on Linux {@code force(false)}
 * also keeps the size; a directory is synced by opening it for reading and forcing it. Checked
 * exceptions end here.
 */
public final class HostVfs implements Vfs {
  private static final int ZEROS_BYTES = 1 << 20;
  private static final Set<OpenOption> CREATE =
      Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
  private static final Set<OpenOption> CREATE_OR_OPEN =
      Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);

  /**
   * Who holds which lock file in this process. A file lock belongs to the process, not to the
   * channel: a second attempt here must not even open the file, since closing that channel would
   * release the lock of the first.
   */
  private static final ConcurrentHashMap<Path, String> HELD_HERE = new ConcurrentHashMap<>();

  private final Path root;

  /** Kept: to find it the system lists all of its mounts. */
  private final FileStore store;

  /**
   * @param root the directory; it is created, durably, if it is missing
   */
  public HostVfs(Path root) {
    try {
      Path missing = root.toAbsolutePath().normalize();
      List<Path> parents = new ArrayList<>();
      for (Path at = missing; at != null && !Files.exists(at); at = at.getParent()) {
        if (at.getParent() != null) parents.add(at.getParent());
      }
      Path made = Files.createDirectories(root.toAbsolutePath(), mode(root, "rwx------"));
      // Two names of one directory must find the same lock.
      this.root = made.toRealPath();
      this.store = Files.getFileStore(this.root);
      for (Path parent : parents) {
        try (FileChannel channel = FileChannel.open(parent, StandardOpenOption.READ)) {
          channel.force(true);
        }
      }
    } catch (IOException e) {
      throw fault(root.toString(), "createDirectories", e);
    }
  }

  @Override
  public File create(String path) {
    Path file = resolve(path);
    try {
      return new HostFile(path, FileChannel.open(file, CREATE, mode(file, "rw-------")));
    } catch (IOException e) {
      throw fault(path, "create", e);
    }
  }

  @Override
  public File open(String path) {
    try {
      return new HostFile(
          path, FileChannel.open(resolve(path), StandardOpenOption.READ, StandardOpenOption.WRITE));
    } catch (IOException e) {
      throw fault(path, "open", e);
    }
  }

  @Override
  public File openForReading(String path) {
    try {
      return new HostFile(path, FileChannel.open(resolve(path), StandardOpenOption.READ));
    } catch (IOException e) {
      throw fault(path, "open", e);
    }
  }

  @Override
  public void rename(String source, String target) {
    try {
      Files.move(resolve(source), resolve(target), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw fault(source, "rename", e);
    }
  }

  @Override
  public void link(String existing, String added) {
    try {
      Files.createLink(resolve(added), resolve(existing));
    } catch (IOException e) {
      throw fault(added, "link", e);
    }
  }

  @Override
  public boolean linkTo(String existing, Vfs target, String added) {
    if (!(target instanceof HostVfs other)) return Vfs.super.linkTo(existing, target, added);
    try {
      Files.createLink(other.resolve(added), resolve(existing));
      return true;
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      throw fault(added, "link", e);
    } catch (IOException | UnsupportedOperationException impossible) {
      // Another file system, or one without links: a copy will say it if the disk itself fails.
      return false;
    }
  }

  @Override
  public void delete(String path) {
    try {
      Files.delete(resolve(path));
    } catch (IOException e) {
      throw fault(path, "delete", e);
    }
  }

  @Override
  public boolean exists(String path) {
    return Files.exists(resolve(path));
  }

  @Override
  public List<String> list(String directory) {
    try (Stream<Path> names = Files.list(resolve(directory))) {
      return names.map(name -> name.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw fault(directory, "list", e);
    }
  }

  @Override
  public void createDirectories(String directory) {
    Path path = resolve(directory);
    try {
      Files.createDirectories(path, mode(path, "rwx------"));
    } catch (IOException e) {
      throw fault(directory, "createDirectories", e);
    }
  }

  @Override
  public void syncDirectory(String directory) {
    try (FileChannel channel = FileChannel.open(resolve(directory), StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw fault(directory, "syncDirectory", e);
    }
  }

  @Override
  public Lock lock(String path, String ownerText) {
    Path file = resolve(path);
    String holder = HELD_HERE.putIfAbsent(file, ownerText);
    if (holder != null) throw held(path, holder);
    @Nullable HostLock lock = null;
    try {
      lock = lockAgainstOthers(path, file, ownerText);
      return lock;
    } catch (IOException e) {
      throw fault(path, "lock", e);
    } finally {
      if (lock == null) HELD_HERE.remove(file);
    }
  }

  @Override
  public long freeSpace() {
    try {
      return store.getUsableSpace();
    } catch (IOException e) {
      throw fault("", "freeSpace", e);
    }
  }

  private HostLock lockAgainstOthers(String path, Path file, String ownerText) throws IOException {
    FileChannel channel = FileChannel.open(file, CREATE_OR_OPEN, mode(file, "rw-------"));
    @Nullable FileLock taken = null;
    try {
      taken = channel.tryLock();
      if (taken == null) {
        ByteBuffer text = ByteBuffer.allocate(1_024);
        channel.read(text, 0);
        text.flip();
        throw held(path, StandardCharsets.UTF_8.decode(text).toString());
      }
      channel.truncate(0);
      ByteBuffer text = StandardCharsets.UTF_8.encode(ownerText);
      while (text.hasRemaining()) channel.write(text, text.position());
      return new HostLock(channel, file);
    } finally {
      if (taken == null) channel.close();
    }
  }

  private Path resolve(String path) {
    PathRule.check(path);
    return path.isEmpty() ? root : root.resolve(path);
  }

  private static FileAttribute<?>[] mode(Path path, String permissions) {
    boolean posix = path.getFileSystem().supportedFileAttributeViews().contains("posix");
    return posix
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  private static KdeltaException.DiskFault held(String path, String holder) {
    return new KdeltaException.DiskFault(
        path, "lock", false, new IOException("held by " + holder.strip()));
  }

  private static KdeltaException.DiskFault fault(String path, String operation, IOException e) {
    String message = e.getMessage() == null ? "" : e.getMessage().toLowerCase(Locale.ROOT);
    boolean full = message.contains("no space left") || message.contains("quota exceeded");
    IOException cause = e instanceof NoSuchFileException ? new IOException("no such file", e) : e;
    return new KdeltaException.DiskFault(path, operation, full, cause);
  }

  /** One open channel; positions are explicit, so the channel's own position is never used. */
  private static final class HostFile implements File {
    private final String path;
    private final FileChannel channel;

    HostFile(String path, FileChannel channel) {
      this.path = path;
      this.channel = channel;
    }

    @Override
    public String path() {
      return path;
    }

    @Override
    public long size() {
      try {
        return channel.size();
      } catch (IOException e) {
        throw fault(path, "size", e);
      }
    }

    @Override
    public void append(ByteBuffer source) {
      write("append", size(), source);
    }

    @Override
    public void writeAt(long position, ByteBuffer source) {
      write("writeAt", position, source);
    }

    @Override
    public int readAt(long position, ByteBuffer target) {
      int total = 0;
      try {
        while (target.hasRemaining()) {
          int count = channel.read(target, position + total);
          if (count < 0) break;
          total += count;
        }
        return total;
      } catch (IOException e) {
        throw fault(path, "readAt", e);
      }
    }

    @Override
    public MemorySegment map(long position, long size, Arena arena) {
      // Mapping past the end would succeed and raise an error at the first touch.
      if (position < 0 || size < 0 || position > size() - size) {
        throw fault(path, "map", new IOException("range lies past the end"));
      }
      try {
        return channel.map(FileChannel.MapMode.READ_ONLY, position, size, arena);
      } catch (IOException e) {
        throw fault(path, "map", e);
      }
    }

    @Override
    public void preallocate(long size) {
      long position = size();
      ByteBuffer zeros = ByteBuffer.allocateDirect(Math.clamp(size - position, 0, ZEROS_BYTES));
      while (position < size) {
        zeros.clear().limit((int) Math.min(size - position, zeros.capacity()));
        int count = zeros.remaining();
        write("preallocate", position, zeros);
        position += count;
      }
    }

    @Override
    public void truncate(long size) {
      if (size > size()) throw fault(path, "truncate", new IOException("would grow the file"));
      try {
        channel.truncate(size);
      } catch (IOException e) {
        throw fault(path, "truncate", e);
      }
    }

    @Override
    public void sync() {
      try {
        channel.force(false);
      } catch (IOException e) {
        throw fault(path, "sync", e);
      }
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException ignored) {
        // What had to be durable was synced before; nothing can be done about the rest.
      }
    }

    private void write(String operation, long position, ByteBuffer source) {
      long at = position;
      try {
        while (source.hasRemaining()) at += channel.write(source, at);
      } catch (IOException e) {
        throw fault(path, operation, e);
      }
    }
  }

  /** Closing the channel releases the lock of the process on the file. */
  private record HostLock(FileChannel channel, Path file) implements Lock {
    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException ignored) {
        // The lock dies with the process at the latest.
      }
      HELD_HERE.remove(file);
    }
  }
}
