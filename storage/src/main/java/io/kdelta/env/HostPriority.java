package io.kdelta.env;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * How the system shares its cores between threads. Java's own thread priorities do nothing on Linux
 * unless the process is root.
 *
 * <p>Optional: without Linux, or where the process may not call native functions, threads keep the
 * priority they have. Any thread.
 */
public final class HostPriority {
  /**
   * What {@link #lower} adds to the niceness of the process: a tenth of the share of its other
   * threads, where both want the same core, and always after them when both become ready.
   */
  static final int NICENESS = 10;

  static final int COMPILER_NICENESS = 5;

  /** There is none beyond it. */
  static final int NICENESS_MAX = 19;

  private static final Path THREADS = Path.of("/proc/self/task");

  /** On Linux ids are those of threads; 0 is the calling one, and the first has the process's. */
  private static final int PROCESS = 0;

  private HostPriority() {}

  /** The functions of the system, bound at their first use and only then. */
  @SuppressWarnings("restricted")
  private static final class Calls {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final MethodHandle GETPRIORITY =
        bound("getpriority", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle SETPRIORITY =
        bound("setpriority", FunctionDescriptor.of(INT, INT, INT, INT));

    private static MethodHandle bound(String name, FunctionDescriptor shape) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), shape);
    }
  }

  /** Lets the calling thread run behind others from now on; answers why not, if it can not. */
  static Optional<String> lower() {
    Optional<String> obstacle = obstacle();
    return obstacle.isPresent() || set(0, NICENESS) ? obstacle : Optional.of("the system refused");
  }

  /**
   * Lets the threads that compile run behind the others, for a process whose turns must not wait:
   * without it the compiler and the core share one core of the machine in time slices of some
   * milliseconds while the other is busy with tables. They go before {@link #lower lowered} threads
   * and keep a third of a core against any other. Those that the JVM starts later are started by
   * these, and are as they are.
   *
   * @return why not, if it can not
   */
  public static Optional<String> lowerCompilers() {
    Optional<String> obstacle = obstacle();
    if (obstacle.isPresent()) return obstacle;
    int lowered = 0;
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
      for (Path thread : threads) {
        int id = Integer.parseInt(thread.getFileName().toString());
        if (isCompiler(thread) && set(id, COMPILER_NICENESS)) lowered++;
      }
    } catch (IOException e) {
      return Optional.of(e.toString());
    }
    return lowered > 0 ? Optional.empty() : Optional.of("found none, or the system refused");
  }

  /** By its name, as the JVM gives it. A thread may have ended meanwhile. */
  private static boolean isCompiler(Path thread) {
    try {
      String name = Files.readString(thread.resolve("comm"));
      return name.startsWith("C1 Compiler") || name.startsWith("C2 Compiler");
    } catch (IOException ended) {
      return false;
    }
  }

  private static Optional<String> obstacle() {
    if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")) {
      return Optional.of("only known for Linux");
    }
    return HostPriority.class.getModule().isNativeAccessEnabled()
        ? Optional.empty()
        : Optional.of("the process may not call native functions");
  }

  /**
   * That far behind the process's first thread, which nobody lowers: a process that was itself
   * started behind others stays there, and who is lowered twice is lowered once.
   */
  private static boolean set(int thread, int further) {
    try {
      int first = (int) ProcessHandle.current().pid();
      int ordinary = (int) Calls.GETPRIORITY.invokeExact(PROCESS, first);
      int niceness = Math.min(NICENESS_MAX, ordinary + further);
      return (int) Calls.SETPRIORITY.invokeExact(PROCESS, thread, niceness) == 0;
    } catch (Throwable e) {
      throw new AssertionError("getpriority, setpriority", e);
    }
  }
}
