package io.kdelta.server;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who listens on a port of this machine, for the message that it is taken. Reads what Linux tells
 * under /proc; elsewhere, and about processes of other users, nobody knows.
 */
final class PortOwner {
  private static final String LISTENING = "0A";
  private static final int COMMAND_LENGTH_MAX = 160;

  private PortOwner() {}

  /** Such as {@code process 4711 (java -jar kdelta.jar start)}; or that nobody knows. */
  static String describe(int port) {
    try {
      TreeSet<String> sockets = new TreeSet<>();
      for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
        Path path = Path.of(table);
        if (Files.isReadable(path)) collect(Files.readAllLines(path), port, sockets);
      }
      Optional<Long> process = sockets.isEmpty() ? Optional.empty() : owner(sockets);
      return process.map(PortOwner::describe).orElse("another process");
    } catch (IOException e) {
      return "another process";
    }
  }

  /** The inodes of sockets that listen on {@code port}; the tables are of proc(5). */
  static void collect(List<String> lines, int port, Set<String> sockets) {
    for (String line : lines) {
      String[] fields = line.strip().split("\\s+", -1);
      if (fields.length < 10 || !fields[3].equals(LISTENING)) continue;
      String hex = fields[1].substring(fields[1].indexOf(':') + 1);
      if (Integer.parseInt(hex, 16) == port) sockets.add("socket:[" + fields[9] + "]");
    }
  }

  private static Optional<Long> owner(Set<String> sockets) throws IOException {
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (holds(process, sockets)) {
          return Optional.of(Long.parseLong(process.getFileName().toString()));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean holds(Path process, Set<String> sockets) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path file : files) {
        if (sockets.contains(Files.readSymbolicLink(file).toString())) return true;
      }
    } catch (IOException e) {
      // It ended meanwhile, or belongs to somebody else.
      return false;
    }
    return false;
  }

  private static String describe(long process) {
    String command =
        ProcessHandle.of(process).flatMap(handle -> handle.info().commandLine()).orElse("");
    if (command.isEmpty()) return "process " + process;
    String shown = command;
    // Of a kdelta the interesting part is the end.
    for (String program : List.of("kdelta.jar ", "io.kdelta.cli.Kdelta ")) {
      int end = command.indexOf(program);
      if (end >= 0) shown = "kdelta " + command.substring(end + program.length());
    }
    if (shown.length() > COMMAND_LENGTH_MAX) shown = shown.substring(0, COMMAND_LENGTH_MAX) + "...";
    return "process " + process + " (" + shown + ")";
  }
}
