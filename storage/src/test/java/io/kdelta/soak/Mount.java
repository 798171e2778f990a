package io.kdelta.soak;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file system of our own, mounted by root; where that does not work the test is skipped. */
final class Mount implements AutoCloseable {
  /** ioctl EXT4_IOC_SHUTDOWN: _IOR('X', 125, __u32), linux fs/ext4/ext4.h. */
  private static final int SHUTDOWN = 0x8004587D;

  /** EXT4_GOING_FLAGS_NOLOGFLUSH: not even the journal is written; the nearest to a power loss. */
  private static final int NO_LOG_FLUSH = 2;

  private final List<String> mount;
  private final Path point;
  private boolean mounted;

  private Mount(Path point, List<String> mount) {
    this.point = point;
    this.mount = mount;
  }

  /** A tmpfs of so many MiB. */
  static Mount tmpfs(Path point, int megabytes) throws IOException {
    return first(
        point,
        List.of("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "none", "" + point));
  }

  /** An ext4 file system of so many MiB in a file. */
  static Mount ext4(Path point, Path image, int megabytes) throws IOException {
    requireRoot();
    run(List.of("truncate", "-s", megabytes + "M", image.toString()));
    Result made = run(List.of("mkfs.ext4", "-q", "-F", image.toString()));
    assumeTrue(made.code == 0, "skipped: mkfs.ext4 does not work here: " + made.said);
    return first(point, List.of("mount", "-t", "ext4", "-o", "loop", "" + image, "" + point));
  }

  Path point() {
    return point;
  }

  /** The file system stops at once: nothing that was not synced reaches the image. */
  @SuppressWarnings("restricted")
  void shutDown() {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle open = function(linker, "open", ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
      int handle = (int) open.invokeExact(arena.allocateFrom(point.toString()), 0);
      if (handle < 0) throw new AssertionError("can not open " + point);
      MemorySegment flags = arena.allocateFrom(ValueLayout.JAVA_INT, NO_LOG_FLUSH);
      MethodHandle ioctl =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("ioctl"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.ADDRESS),
              Linker.Option.firstVariadicArg(2));
      int answer = (int) ioctl.invokeExact(handle, SHUTDOWN & 0xFFFFFFFFL, flags);
      MethodHandle close =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("close"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
      var _ = (int) close.invokeExact(handle);
      if (answer != 0) throw new AssertionError("the ioctl EXT4_IOC_SHUTDOWN fails");
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Takes it off and mounts it again: the journal is replayed. */
  void again() throws IOException {
    close();
    mount();
  }

  /** Takes it off. A process that was just killed may hold it for a moment. */
  @Override
  public void close() throws IOException {
    for (int i = 0; mounted; i++) {
      Result result = run(List.of("umount", point.toString()));
      if (result.code == 0) mounted = false;
      else if (i == 100) throw new AssertionError("can not unmount " + point + ": " + result.said);
      else pause();
    }
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(
      Linker linker, String name, ValueLayout first, ValueLayout second) {
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, first, second),
        Linker.Option.firstVariadicArg(2));
  }

  private static Mount first(Path point, List<String> mount) throws IOException {
    requireRoot();
    Files.createDirectories(point);
    Mount made = new Mount(point, mount);
    Result result = run(mount);
    assumeTrue(result.code == 0, "skipped: mounting does not work here: " + result.said);
    made.mounted = true;
    return made;
  }

  private void mount() throws IOException {
    Result result = run(mount);
    if (result.code != 0) throw new AssertionError("can not mount again: " + result.said);
    mounted = true;
  }

  private static void requireRoot() {
    assumeTrue(
        "root".equals(System.getProperty("user.name")),
        "skipped: only root may mount file systems");
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private record Result(int code, String said) {}

  private static Result run(List<String> command) throws IOException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (InputStream out = process.getInputStream()) {
        String said = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
        return new Result(process.waitFor(), said);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    } catch (IOException missing) {
      return new Result(-1, String.valueOf(missing.getMessage()));
    }
  }
}
