package io.kdelta.vfs;

import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.vfs.SimNames.Change;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that behaves no better than {@link Vfs} promises: what was not synced may be
 * dropped, kept or torn by {@link #crash}, names apart from contents, and any call can be made to
 * fail. The same entropy and calls give the same disk, bit for bit. Owned by one thread.
 *
 * <p>One object is one disk over many lives of its machine: {@link #crash} and {@link #kill} end a
 * life. Files opened in an earlier life throw {@link PowerLoss}.
 */
public final class SimVfs implements Vfs {
  private final Entropy entropy;
  private SimNames names = new SimNames();
  private TreeMap<String, String> locks = new TreeMap<>();
  private long capacityBytes = Long.MAX_VALUE;
  private long contentsMade;
  private long life;
  private int openFiles;
  private boolean powerLost;
  private boolean onlyTheProcess;
  private long itemsLost;
  private boolean memoryKeeps;
  private final SimFaults faults = new SimFaults();
  private final SimMappings mappings = new SimMappings();

  public SimVfs(Entropy entropy) {
    this.entropy = entropy;
  }

  /** What can be made to happen at a call. A fault that can not happen there does not. */
  public enum Fault {
    /** Any call fails and has no effect; a sync leaves undecided what it was asked to keep. */
    IO_ERROR,
    /** A call that needs room finds none; it has no effect. */
    DISK_FULL,
    /** A read of bytes finds none; a mapping can not be made. */
    READ_ERROR,
    /** A read of bytes gives only a part and fails. */
    SHORT_READ,
    /** A write stores only a part and fails. */
    SHORT_WRITE,
    /** A sync fails and silently forgets some of the pages; the next one succeeds. */
    SYNC_LOSES_PAGES,
    /**
     * The machine stops before the call: this and all later calls throw {@link PowerLoss}, until
     * {@link #crash} (the power was cut) or {@link #kill} (only the process died) decides.
     */
    POWER_LOSS,
    /** The same, but only the process stops: {@link #onlyTheProcessStopped}. */
    KILL
  }

  /** Thrown to end a life of the machine; nothing but the simulation may catch it. */
  public static final class PowerLoss extends Error {
    PowerLoss(String message) {
      super(message);
    }
  }

  // What the simulation does to the disk.

  /**
   * Cuts the power and brings it back: every pending change is dropped, kept or torn; files and
   * locks of this life are gone.
   */
  public void crash() {
    crash(SimContent.Mode.drawMode(entropy), SimContent.Mode.drawMode(entropy));
  }

  /** The power loss that takes most: everything pending is dropped. */
  public void crashDropping() {
    crash(SimContent.Mode.ALL_DROPPED, SimContent.Mode.ALL_DROPPED);
  }

  private void crash(SimContent.Mode namesMode, SimContent.Mode bytesMode) {
    // Not only those that have a name now: a delete that is dropped brings its file back.
    itemsLost += names.crash(entropy, namesMode);
    for (SimContent content : names.contents().values()) {
      itemsLost += content.crash(entropy, bytesMode);
    }
    endLife();
  }

  /** Kills the process alone: what is pending stays readable and stays pending. */
  public void kill() {
    endLife();
  }

  /** Whether a planned fault has stopped the process and not the machine. */
  public boolean onlyTheProcessStopped() {
    return onlyTheProcess;
  }

  /** Loses everything: the machine comes back with an empty disk. */
  public void wipe() {
    names = new SimNames();
    endLife();
  }

  /**
   * Makes a coming call fail.
   *
   * @param nth 1 for the next call; replaces what was planned before
   */
  public void failCall(long nth, Fault fault) {
    failCall(nth, "", fault);
  }

  /**
   * Makes a coming call on a file of one kind fail: so that a fault can strike the short moments
   * that matter most.
   *
   * @param nth 1 for the next such call; replaces what was planned before
   * @param suffix how the paths end whose calls count
   */
  public void failCall(long nth, String suffix, Fault fault) {
    faults.plan(nth, suffix, fault, true);
  }

  /**
   * Makes a coming call fail, counting only those at which a fault of that kind can happen.
   *
   * @param nth 1 for the next such call; replaces what was planned before
   */
  public void failCallThatCan(long nth, Fault fault) {
    faults.plan(nth, "", fault, false);
  }

  /** Whether a fault is planned whose call has not come yet. */
  public boolean faultPlanned() {
    return faults.planned();
  }

  /** Takes back what was planned and has not happened. */
  public void failNothing() {
    faults.clear();
  }

  /** How many calls there were that may fail. */
  public long calls() {
    return faults.calls();
  }

  /** How many calls there were at which that fault could have happened. */
  public long callsThatCan(Fault fault) {
    return faults.callsThatCan(fault);
  }

  /** How many of the planned faults have happened: those of a kind that their call can show. */
  public long faultsHappened() {
    return faults.happened();
  }

  /** How many pending changes crashes and failed syncs have dropped or torn. */
  public long itemsLost() {
    return itemsLost;
  }

  /** How many files are open in this life. */
  public int openFiles() {
    return openFiles;
  }

  /** How many mappings of its files nobody has given back, of whatever life. */
  public int mappings() {
    return mappings.count();
  }

  /** Whether a crash now could take nothing away. */
  public boolean clean() {
    return names.clean() && names.contents().values().stream().allMatch(SimContent::clean);
  }

  /** How many bytes fit, counted in whole pages; by default they are endless. */
  public void setCapacity(long bytes) {
    capacityBytes = bytes;
  }

  /** Bytes taken by all files that have a name, in whole pages, holes counted. */
  public long used() {
    long used = 0;
    for (SimContent content : names.contents().values())
      used += SparsePages.whole(content.current.size());
    return used;
  }

  /**
   * What is mapped stays in memory as it was when it was mapped: what rots from now on shows to
   * reads and to later mappings alone, as on a machine with memory enough. Without it what rots
   * shows everywhere, as if every page was read from the disk again each time.
   */
  public void keepMapped() {
    memoryKeeps = true;
  }

  /** Bit rot: inverts the bits of the mask in one byte, for good. */
  public void flip(String path, long offset, int mask) {
    SimContent content = content(path, "flip");
    if (offset >= content.current.size()) return;
    ByteBuffer one = ByteBuffer.allocate(1);
    content.current.read(offset, one);
    content.rot(offset, new byte[] {(byte) (one.get(0) ^ mask)}, !memoryKeeps);
  }

  /** A lost sector: that range reads as zeros, for good. */
  public void zero(String path, long offset, int count) {
    content(path, "zero").rot(offset, new byte[count], !memoryKeeps);
  }

  /**
   * A write that was lost: the range has what another image of the disk has there, or zeros if that
   * image has no such file, for good.
   */
  public void revert(String path, long offset, int count, SimVfs older) {
    byte[] bytes = new byte[count];
    if (older.names.find(path) instanceof SimContent before) {
      before.current.read(offset, ByteBuffer.wrap(bytes));
    }
    content(path, "revert").rot(offset, bytes, !memoryKeeps);
  }

  /** A write that went astray: the range has bytes that belong elsewhere, for good. */
  public void misdirect(String path, long offset, String source, long sourceOffset, int count) {
    byte[] bytes = new byte[count];
    content(source, "misdirect").current.read(sourceOffset, ByteBuffer.wrap(bytes));
    content(path, "misdirect").rot(offset, bytes, !memoryKeeps);
  }

  /** Somebody cuts the file, for good. */
  public void cut(String path, long size) {
    SimContent content = content(path, "cut");
    content.current.resize(Math.min(size, content.current.size()));
    content.durable.resize(Math.min(size, content.durable.size()));
  }

  /** Somebody deletes the file, for good. */
  public void erase(String path) {
    content(path, "erase");
    names.changeForGood(new Change(parent(path, "erase"), PathRule.name(path), null));
  }

  /** Somebody puts the file as another disk has it in the place of this one, for good. */
  public void swapIn(String path, SimVfs other) {
    SimContent content = new SimContent(contentsMade++);
    content.current = other.content(path, "swapIn").current.copy();
    content.durable = content.current.copy();
    names.changeForGood(new Change(parent(path, "swapIn"), PathRule.name(path), content));
  }

  /** The same disk once more, with everything pending; nobody has files open on it. */
  public SimVfs copy(Entropy entropyOfCopy) {
    SimVfs copy = new SimVfs(entropyOfCopy);
    copy.names = names.copy();
    copy.contentsMade = contentsMade;
    copy.capacityBytes = capacityBytes;
    return copy;
  }

  /**
   * The machine comes back with all that another disk has, and nothing else: rolled back to an
   * earlier moment of its own, or cloned from another machine.
   */
  public void become(SimVfs other) {
    names = other.names.copy();
    contentsMade = Math.max(contentsMade, other.contentsMade);
    endLife();
  }

  /**
   * The machine stops now, between two calls: all later ones throw, until {@link #crash} or {@link
   * #kill} decides.
   */
  public PowerLoss stop(String why) {
    powerLost = true;
    return new PowerLoss(why);
  }

  /** The paths of all files, sorted. */
  public List<String> files() {
    return names.files();
  }

  /** The size of a file as reads see it. */
  public long sizeOf(String path) {
    return content(path, "sizeOf").current.size();
  }

  /** SHA-256 over all names and contents as reads see them now. */
  public Bytes digest() {
    return SimDigest.of(names);
  }

  // The port.

  @Override
  public File create(String path) {
    call(path, "create", true);
    SimDirectory parent = parent(path, "create");
    if (names.find(path) != null) throw fault(path, "create", "the file exists");
    SimContent content = new SimContent(contentsMade++);
    names.change(List.of(new Change(parent, PathRule.name(path), content)));
    return new SimFile(path, content);
  }

  @Override
  public File open(String path) {
    call(path, "open", false);
    return new SimFile(path, content(path, "open"));
  }

  @Override
  public File openForReading(String path) {
    return open(path);
  }

  @Override
  public void rename(String source, String target) {
    call(source, "rename", true);
    SimNode node = names.find(source);
    if (node == null) throw fault(source, "rename", "no such file");
    if (names.find(target) instanceof SimDirectory) {
      throw fault(source, "rename", "the target is a directory");
    }
    if (source.equals(target)) return;
    names.change(
        List.of(
            new Change(parent(source, "rename"), PathRule.name(source), null),
            new Change(parent(target, "rename"), PathRule.name(target), node)));
  }

  @Override
  public void link(String existing, String added) {
    call(added, "link", true);
    SimContent content = content(existing, "link");
    if (names.find(added) != null) throw fault(added, "link", "the file exists");
    names.change(List.of(new Change(parent(added, "link"), PathRule.name(added), content)));
  }

  @Override
  public void delete(String path) {
    call(path, "delete", false);
    SimNode node = names.find(path);
    if (node == null) throw fault(path, "delete", "no such file");
    if (node instanceof SimDirectory directory && !directory.current.isEmpty()) {
      throw fault(path, "delete", "the directory is not empty");
    }
    names.change(List.of(new Change(parent(path, "delete"), PathRule.name(path), null)));
  }

  @Override
  public boolean exists(String path) {
    PathRule.check(path);
    alive(path);
    return names.find(path) != null;
  }

  @Override
  public List<String> list(String directory) {
    call(directory, "list", false);
    return List.copyOf(directory(directory, "list").current.keySet());
  }

  @Override
  public void createDirectories(String directory) {
    call(directory, "createDirectories", true);
    SimDirectory at = names.root;
    if (directory.isEmpty()) return;
    for (String part : directory.split("/", -1)) {
      SimNode next = at.current.get(part);
      if (next instanceof SimContent) {
        throw fault(directory, "createDirectories", part + " is a file");
      }
      SimDirectory below = next instanceof SimDirectory found ? found : new SimDirectory();
      if (next == null) names.change(List.of(new Change(at, part, below)));
      at = below;
    }
  }

  @Override
  public void syncDirectory(String directory) {
    call(directory, "syncDirectory", false);
    names.sync(directory(directory, "syncDirectory"));
  }

  @Override
  public Lock lock(String path, String ownerText) {
    call(path, "lock", true);
    String holder = locks.get(path);
    if (holder != null) throw fault(path, "lock", "held by " + holder);
    SimNode node = names.find(path);
    if (node == null) {
      node = new SimContent(contentsMade++);
      names.change(List.of(new Change(parent(path, "lock"), PathRule.name(path), node)));
    }
    if (!(node instanceof SimContent content)) throw fault(path, "lock", "a directory");
    content.resize(0);
    content.write(0, ownerText.getBytes(StandardCharsets.UTF_8));
    TreeMap<String, String> locksOfThisLife = locks;
    locksOfThisLife.put(path, ownerText);
    return () -> locksOfThisLife.remove(path);
  }

  @Override
  public long freeSpace() {
    alive("");
    return capacityBytes - Math.min(capacityBytes, used());
  }

  /** One open file of one life. */
  private final class SimFile implements File {
    private final String path;
    private final SimContent content;
    private final long lifeOpened = life;
    private boolean closed;

    SimFile(String path, SimContent content) {
      this.path = path;
      this.content = content;
      openFiles++;
    }

    @Override
    public String path() {
      return path;
    }

    @Override
    public long size() {
      usable();
      return content.current.size();
    }

    @Override
    public void append(ByteBuffer source) {
      write("append", content.current.size(), source);
    }

    @Override
    public void writeAt(long position, ByteBuffer source) {
      write("writeAt", position, source);
    }

    @Override
    public int readAt(long position, ByteBuffer target) {
      usable();
      if (call(path, "readAt", false) == Fault.SHORT_READ) {
        ByteBuffer part = target.slice(target.position(), target.remaining() / 2);
        target.position(target.position() + content.current.read(position, part));
        throw fault(path, "readAt", "only a part was read");
      }
      return content.current.read(position, target);
    }

    @Override
    public MemorySegment map(long position, long size, Arena arena) {
      usable();
      call(path, "map", false);
      if (position < 0 || size < 0 || position > content.current.size() - size) {
        throw fault(path, "map", "range lies past the end");
      }
      return mappings.map(content, position, size, arena);
    }

    @Override
    public void preallocate(long size) {
      usable();
      @Nullable Fault fault = call(path, "preallocate", true);
      long before = content.current.size();
      if (size <= before) return;
      room(path, "preallocate", SparsePages.whole(size) - SparsePages.whole(before));
      if (fault == Fault.SHORT_WRITE) {
        content.resize(before + (size - before) / 2);
        throw fault(path, "preallocate", "only a part was written");
      }
      content.resize(size);
    }

    @Override
    public void truncate(long size) {
      usable();
      call(path, "truncate", false);
      if (size > content.current.size()) throw fault(path, "truncate", "would grow the file");
      content.resize(size);
    }

    @Override
    public void sync() {
      usable();
      if (call(path, "sync", false) == Fault.SYNC_LOSES_PAGES) {
        itemsLost += content.syncLosingPages(entropy);
        throw fault(path, "sync", "input/output error");
      }
      content.sync();
    }

    @Override
    public void close() {
      if (!closed && lifeOpened == life) openFiles--;
      closed = true;
    }

    private void write(String operation, long position, ByteBuffer source) {
      usable();
      if (position < 0) throw new AssertionError("write at " + position);
      @Nullable Fault fault = call(path, operation, true);
      byte[] bytes = new byte[source.remaining()];
      long end = position + bytes.length;
      room(path, operation, SparsePages.whole(end) - SparsePages.whole(content.current.size()));
      if (fault == Fault.SHORT_WRITE) {
        byte[] part = new byte[bytes.length / 2];
        source.get(part);
        if (part.length > 0) content.write(position, part);
        throw fault(path, operation, "only a part was written");
      }
      source.get(bytes);
      if (bytes.length > 0) content.write(position, bytes);
    }

    private void usable() {
      if (lifeOpened != life) throw new PowerLoss(path + " was opened before the machine stopped");
      if (closed) throw new AssertionError(path + " is closed");
    }
  }

  /**
   * Counts a call and makes it fail if that was planned.
   *
   * @param writes whether it needs room
   * @return the fault that the call itself has to act out
   */
  private @Nullable Fault call(String path, String operation, boolean writes) {
    PathRule.check(path);
    alive(path);
    Fault fault = faults.next(path, operation, writes);
    if (fault == null) return null;
    switch (fault) {
      case IO_ERROR, READ_ERROR -> throw fault(path, operation, "input/output error");
      case DISK_FULL -> throw new KdeltaException.DiskFault(path, operation, true, null);
      case POWER_LOSS, KILL -> {
        powerLost = true;
        onlyTheProcess = fault == Fault.KILL;
        throw new PowerLoss("the machine stopped before " + operation + " of '" + path + "'");
      }
      case SHORT_READ, SHORT_WRITE, SYNC_LOSES_PAGES -> {}
    }
    return fault;
  }

  private void alive(String path) {
    if (powerLost) throw new PowerLoss("the machine stopped before a call on '" + path + "'");
  }

  private void endLife() {
    life++;
    openFiles = 0;
    powerLost = false;
    onlyTheProcess = false;
    faults.clear();
    locks = new TreeMap<>();
  }

  private void room(String path, String operation, long bytesMore) {
    if (bytesMore <= 0 || capacityBytes == Long.MAX_VALUE || bytesMore <= freeSpace()) return;
    throw new KdeltaException.DiskFault(path, operation, true, null);
  }

  private SimContent content(String path, String operation) {
    SimNode node = names.find(path);
    if (node instanceof SimContent content) return content;
    throw fault(path, operation, node == null ? "no such file" : "a directory");
  }

  private SimDirectory directory(String path, String operation) {
    SimDirectory directory = names.findDirectory(path);
    if (directory == null) throw fault(path, operation, "no such directory");
    return directory;
  }

  private SimDirectory parent(String path, String operation) {
    return directory(PathRule.parent(path), operation);
  }

  private static KdeltaException.DiskFault fault(String path, String operation, String reason) {
    return new KdeltaException.DiskFault(path, operation, false, new IOException(reason));
  }
}
