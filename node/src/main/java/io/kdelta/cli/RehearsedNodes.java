package io.kdelta.cli;

import io.kdelta.server.CannotStart;
import io.kdelta.server.NodeServer;
import io.kdelta.server.NodeSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a rehearsal: in this process, on free ports of loopback, with data in a folder of
 * their own. Both are gone when it is closed, which a hook does when the process is interrupted.
 * Thread-safe.
 */
final class RehearsedNodes implements AutoCloseable {
  private static final String HOST = "127.0.0.1";
  private static final int PORT_MAX = 65_535;

  /** How often a port may be taken between the look and the start. */
  private static final int STARTS_MAX = 20;

  private final Path folder;
  private final TreeMap<String, NodeServer> running = new TreeMap<>();
  private final Thread hook = new Thread(this::end, "kdelta-rehearsal-end");
  private boolean closed;

  RehearsedNodes() throws IOException {
    this.folder = Files.createTempDirectory("kdelta-rehearsal-");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Where everything lies that they write. */
  Path folder() {
    return folder;
  }

  /**
   * Starts a node, or one again that was stopped, over what it has written.
   *
   * @param join HOST:PORT of another one; empty: none
   * @return its address for clients, HOST:PORT
   */
  synchronized String start(String name, String join) throws CannotStart, IOException {
    for (int starts = 1; ; starts++) {
      if (closed) throw new IOException("interrupted");
      int port = freePort();
      try {
        NodeServer node =
            NodeServer.start(
                NodeSettings.read(Optional.empty(), flags(name, join, port)), line -> {});
        running.put(name, node);
        return node.address().toString();
      } catch (CannotStart e) {
        if (starts == STARTS_MAX) throw e;
      }
    }
  }

  private Map<String, String> flags(String name, String join, int port) {
    return Map.of(
        "name",
        name,
        "data",
        folder.resolve(name).toString(),
        "listen",
        HOST + ":" + port,
        "cluster",
        "rehearsal",
        "join",
        join);
  }

  /** One with that of HTTP, two above, free as well. */
  private static int freePort() throws IOException {
    for (int tries = 0; tries < STARTS_MAX; tries++) {
      int port = boundOnce(0);
      int http = port + HttpLine.PORT_OFFSET;
      if (port > 0 && http <= PORT_MAX && boundOnce(http) == http) return port;
    }
    throw new IOException("no free port");
  }

  /** The port when it can be bound; 0: any. Else -1. */
  private static int boundOnce(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      return -1;
    }
  }

  /** Stops one in good order. */
  synchronized void stop(String name) {
    @Nullable NodeServer node = running.remove(name);
    if (node == null) return;
    node.drain();
    node.close();
  }

  private void end() {
    try {
      closeOnce();
    } catch (IOException e) {
      System.err.println("cannot remove " + folder + ": " + e.getMessage());
    }
  }

  private synchronized void closeOnce() throws IOException {
    if (closed) return;
    closed = true;
    running.values().forEach(NodeServer::close);
    running.clear();
    Files.walkFileTree(folder, new Removal());
  }

  /** Stops all of them and removes the folder. */
  @Override
  public void close() throws IOException {
    closeOnce();
    try {
      var _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook finds nothing left to do.
      return;
    }
  }

  /** What is below first. */
  private static final class Removal extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.delete(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
        throws IOException {
      if (failure != null) throw failure;
      Files.delete(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
