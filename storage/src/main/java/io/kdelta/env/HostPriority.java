package io.kdelta.env;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/**
 * How the system shares its cores between threads. Java's own thread priorities do nothing on Linux
 * unless the process is root.
 *
 * <p>Optional: without Linux, or where the process may not call native functions, threads keep the
 * priority they have. Any thread, of which it changes only the calling one.
 */
final class HostPriority {
  /**
   * What {@link #lower} sets: a tenth of the share of a thread that has none set, where both want
   * the same core, and always after it when both become ready.
   */
  static final int NICENESS = 10;

  /** On Linux that, with an id of 0, is the calling thread and not its process. */
  private static final int PROCESS = 0;

  private HostPriority() {}

  /** The function of the system, bound at its first use and only then. */
  @SuppressWarnings("restricted")
  private static final class Calls {
    private static final MethodHandle SETPRIORITY =
        Linker.nativeLinker()
            .downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("setpriority"),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT));
  }

  /** Lets the calling thread run behind others from now on; answers why not, if it can not. */
  static Optional<String> lower() {
    if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")) {
      return Optional.of("only known for Linux");
    }
    if (!HostPriority.class.getModule().isNativeAccessEnabled()) {
      return Optional.of("the process may not call native functions");
    }
    try {
      int failed = (int) Calls.SETPRIORITY.invokeExact(PROCESS, 0, NICENESS);
      return failed == 0 ? Optional.empty() : Optional.of("the system refused");
    } catch (Throwable e) {
      return Optional.of(e.toString());
    }
  }
}
