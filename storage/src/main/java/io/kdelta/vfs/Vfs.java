package io.kdelta.vfs;

import io.kdelta.error.KdeltaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The file system below one directory, as the storage engine sees it.
 *
 * <p>Paths are relative to that directory, parts joined by '/', each part a plain name (no "." or
 * ".."); the directory itself is the empty string. Every failure is {@link
 * KdeltaException.DiskFault}.
 *
 * <p><b>Three states.</b> What was written is readable at once. The bytes and size of a file
 * survive a power loss only after {@link File#sync}; its name (create, rename, link, delete)
 * survives only after {@link #syncDirectory} of the directory that holds the name. Neither implies
 * the other, and pending items may reach the disk in any order. After a sync that failed nothing is
 * known about the bytes it should have kept, and a later sync that succeeds proves nothing about
 * them.
 *
 * <p>Any thread may call, but one file is written by one thread at a time.
 */
public interface Vfs {
  /** Creates a file that does not exist yet, readable and writable. */
  File create(String path);

  /** Opens a file that exists, readable and writable. */
  File open(String path);

  /** Opens a file that exists for reading alone: a medium that can not be written to will do. */
  File openForReading(String path);

  /** Gives the file another name in one step, replacing what had that name. */
  void rename(String source, String target);

  /** Gives an existing file a second name, which must not exist. */
  void link(String existing, String added);

  /**
   * Gives an existing file a second name in another directory, where it must not exist.
   *
   * @return false, and nothing was done, if the two directories do not lie on one file system that
   *     can do this
   */
  default boolean linkTo(String existing, Vfs target, String added) {
    if (target instanceof Subdirectory part) {
      return linkTo(existing, part.whole(), part.in(added));
    }
    if (!target.equals(this)) return false;
    link(existing, added);
    return true;
  }

  /** A directory below this one as a root of its own; locks are shared. Touches nothing. */
  default Vfs below(String directory) {
    return new Subdirectory(this, directory);
  }

  /** Takes the name away. The file must exist; open files and mappings of it stay usable. */
  void delete(String path);

  boolean exists(String path);

  /** The names directly in the directory, files and directories, sorted. */
  List<String> list(String directory);

  /** Creates the directory and those above it where missing. */
  void createDirectories(String directory);

  /** Makes all creates, renames, links and deletes in that directory durable. */
  void syncDirectory(String directory);

  /**
   * Locks the data directory against other processes, by a lock on the file, and writes into it who
   * holds it. A process that dies loses its locks.
   *
   * @param ownerText who locks, for the refusal of others: process id, address
   * @throws KdeltaException.DiskFault with operation "lock" and the owner's text as its cause's
   *     message if somebody else holds it
   */
  Lock lock(String path, String ownerText);

  /** Bytes that can still be written. */
  long freeSpace();

  /** An open file. Positions and sizes are bytes. */
  interface File extends AutoCloseable {
    String path();

    long size();

    /** Writes all that remains in the source after the current end, and consumes it. */
    void append(ByteBuffer source);

    /** Writes all that remains in the source at the position, and consumes it. */
    void writeAt(long position, ByteBuffer source);

    /**
     * Reads until the target is full or the file ends.
     *
     * @return the number of bytes read, less than asked for only at the end of the file
     */
    int readAt(long position, ByteBuffer target);

    /**
     * Maps a part of the file for reading; it must lie within the file, which must not shrink while
     * mapped. The mapping outlives this handle and ends with the arena.
     */
    MemorySegment map(long position, long size, Arena arena);

    /** Makes the file at least that long by writing zeros after its end. Never shrinks it. */
    void preallocate(long size);

    /** Cuts the file to that size, which must not be more than it has. */
    void truncate(long size);

    /** Makes bytes and size durable (not the name). Never repeat it after a failure. */
    void sync();

    /** Releases the handle. Closes silently, also twice: nothing durable depends on it. */
    @Override
    void close();
  }

  /** A held lock; closing releases it. */
  interface Lock extends AutoCloseable {
    @Override
    void close();
  }
}
