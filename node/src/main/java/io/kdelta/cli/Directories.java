package io.kdelta.cli;

import io.kdelta.error.KdeltaException;
import io.kdelta.vfs.HostVfs;
import io.kdelta.vfs.Vfs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Commands that work on directories without a node. */
final class Directories {
  private Directories() {}

  /** A directory that is there. */
  static Vfs existing(Path path) {
    if (!Files.exists(path)) {
      throw new CliException(
          ExitCode.NOT_FOUND, "NOT_FOUND", "there is no directory " + path, null);
    }
    if (!Files.isDirectory(path)) {
      throw CliException.usage(path + " is a file, not a directory", null);
    }
    return new HostVfs(path);
  }

  /** Who we are, for whoever wants the directory meanwhile. */
  static String owner(String command) {
    return "process " + ProcessHandle.current().pid() + " (kdelta admin " + command + ")";
  }

  /** Runs it, and says what went wrong as a command does. */
  static <T> T told(Path directory, Supplier<T> work) {
    try {
      return work.get();
    } catch (KdeltaException.NotFound | KdeltaException.Invalid e) {
      boolean absent = e instanceof KdeltaException.NotFound;
      throw new CliException(
          absent ? ExitCode.NOT_FOUND : ExitCode.USAGE,
          absent ? "NOT_FOUND" : "INVALID_ARGUMENT",
          directory + ": " + e.getMessage(),
          e.hint().orElse(null),
          e);
    } catch (KdeltaException.Corrupt e) {
      throw new CliException(
          ExitCode.CORRUPT, "CORRUPT", directory + ": " + e.getMessage(), null, e);
    } catch (KdeltaException.DiskFault e) {
      if (!e.operation().equals("lock") || e.getCause() == null) throw failed(directory, e);
      throw new CliException(
          ExitCode.CONFLICT,
          "LOCKED",
          directory + " is " + e.getCause().getMessage(),
          "stop that node first; of a running one, kdelta admin snapshot keeps a copy to look at",
          e);
    }
  }

  private static CliException failed(Path directory, KdeltaException.DiskFault e) {
    return new CliException(
        ExitCode.UNEXPECTED, "DISK_FAULT", directory + ": " + e.getMessage(), null, e);
  }
}
