package io.kdelta.cli.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Finds which process holds the other end of a loopback connection, so that a proxy knows who is
 * calling although nobody tells it: through /proc, or {@code lsof} where there is none.
 */
final class SocketOwners {
  private static final Path PROC = Path.of("/proc");

  /** Columns of /proc/net/tcp. */
  private static final int ADDRESS = 1;

  private static final int INODE = 9;

  private SocketOwners() {}

  /**
   * The name of the process that owns the local port; empty when none of them does.
   *
   * @param names of the processes that may, by their numbers
   */
  static String of(int port, Map<Long, String> names) throws IOException {
    return Files.isDirectory(PROC.resolve("net")) ? byProc(port, names) : byLsof(port, names);
  }

  private static String byProc(int port, Map<Long, String> names) throws IOException {
    String inode = inode(port);
    if (inode.isEmpty()) return "";
    String wanted = "socket:[" + inode + "]";
    for (Map.Entry<Long, String> process : names.entrySet()) {
      if (holds(process.getKey(), wanted)) return process.getValue();
    }
    return "";
  }

  private static boolean holds(long process, String wanted) {
    Path folder = PROC.resolve(Long.toString(process)).resolve("fd");
    try (DirectoryStream<Path> open = Files.newDirectoryStream(folder)) {
      for (Path descriptor : open) {
        if (link(descriptor).equals(wanted)) return true;
      }
    } catch (IOException e) {
      // The process is gone, and with it the connection.
      return false;
    }
    return false;
  }

  private static String link(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      // Closed while we looked.
      return "";
    }
  }

  private static String inode(int port) throws IOException {
    String suffix = String.format(Locale.ROOT, ":%04X", port);
    for (String table : List.of("tcp", "tcp6")) {
      Path path = PROC.resolve("net").resolve(table);
      if (!Files.exists(path)) continue;
      for (String line : Files.readAllLines(path)) {
        String[] columns = line.strip().split("\\s+", -1);
        boolean found = columns.length > INODE && columns[ADDRESS].endsWith(suffix);
        if (found && !columns[INODE].equals("0")) return columns[INODE];
      }
    }
    return "";
  }

  private static String byLsof(int port, Map<Long, String> names) throws IOException {
    Process lsof =
        new ProcessBuilder("lsof", "-nP", "-Fpn", "-iTCP:" + port, "-sTCP:ESTABLISHED")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String process = "";
    String owner = "";
    try (BufferedReader lines = lsof.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("p")) process = line.substring(1);
        // The end whose own port it is stands left of the arrow.
        boolean own = line.startsWith("n") && line.contains(":" + port + "->");
        if (own) owner = names.getOrDefault(Long.valueOf(process), owner);
      }
    }
    return owner;
  }
}
