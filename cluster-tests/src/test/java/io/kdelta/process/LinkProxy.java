package io.kdelta.process;

import io.kdelta.memory.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * A TCP proxy in front of one node on loopback. What it lets through, and how fast, is up to the
 * {@link Roads} of each direction: bytes can be held back, as a network that swallows packets does,
 * without a reset that would tell the ends, or come late and slowly.
 *
 * <p>The source of a connection is found as the process that owns the other end of the socket
 * (through /proc), so nodes need no knowledge of the proxy beyond the address they are told.
 */
final class LinkProxy implements AutoCloseable {
  private static final int BUFFER_BYTES = 16 * 1024;

  /** Chunks on their way: with the buffers of the kernel, what a slow link holds. */
  private static final int CHUNKS_MAX = 64;

  private static final long NANOS_A_SECOND = 1_000_000_000L;
  private static final long LOOK_MILLIS = 5;

  private final ServerSocket server;
  private final InetSocketAddress target;
  private final String name;
  private final Supplier<Map<Long, String>> nodes;
  private final Roads roads;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Bytes on their way, and when they set out; no bytes: the sender has closed. */
  private record Chunk(Bytes bytes, long sentNanos) {}

  /**
   * @param listenPort port the peers are told
   * @param targetPort port the node listens on
   * @param name of the node
   * @param nodes names of all running nodes, by process
   */
  LinkProxy(
      int listenPort, int targetPort, String name, Supplier<Map<Long, String>> nodes, Roads roads)
      throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    this.server = new ServerSocket(listenPort, 128, loopback);
    this.target = new InetSocketAddress(loopback, targetPort);
    this.name = name;
    this.nodes = nodes;
    this.roads = roads;
    Thread.ofVirtual().start(this::acceptAll);
  }

  private void acceptAll() {
    while (!closed.get()) {
      try {
        Socket source = server.accept();
        Thread.ofVirtual().start(() -> connect(source));
      } catch (IOException e) {
        if (!closed.get()) throw new UncheckedIOException(e);
      }
    }
  }

  private void connect(Socket source) {
    sockets.add(source);
    try {
      String from = ownerOf(source.getPort());
      // Gone before it was found; a node dials again.
      if (from.isEmpty()) throw new IOException("nobody holds the other end");
      Socket onward = new Socket();
      sockets.add(onward);
      onward.connect(target, 1000);
      Thread.ofVirtual().start(() -> carry(source, onward, from, name));
      Thread.ofVirtual().start(() -> carry(onward, source, name, from));
    } catch (IOException e) {
      close(source);
    }
  }

  private void carry(Socket from, Socket to, String sender, String receiver) {
    BlockingQueue<Chunk> road = new ArrayBlockingQueue<>(CHUNKS_MAX);
    Thread.ofVirtual().start(() -> deliver(road, from, to, sender, receiver));
    try {
      byte[] buffer = new byte[BUFFER_BYTES];
      InputStream in = from.getInputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        road.put(new Chunk(Bytes.copyOf(buffer, 0, read), System.nanoTime()));
      }
    } catch (IOException e) {
      // The end is gone: the other learns it when what was sent before has arrived.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      road.put(new Chunk(Bytes.EMPTY, System.nanoTime()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void deliver(
      BlockingQueue<Chunk> road, Socket from, Socket to, String sender, String receiver) {
    try {
      OutputStream out = to.getOutputStream();
      while (true) {
        Chunk chunk = road.take();
        travel(chunk, sender, receiver);
        if (chunk.bytes.isEmpty()) break;
        out.write(chunk.bytes.toArray());
        roads.carried(chunk.bytes.size());
      }
    } catch (IOException e) {
      // The receiver is gone: the sender hears of it as soon as the way back is open.
      awaitOpen(receiver, sender);
      close(from);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close(to);
    }
  }

  /** Held back, not dropped: TCP delivers in order or not at all. */
  private void travel(Chunk chunk, String sender, String receiver) throws InterruptedException {
    Roads.Road road = roads.of(sender, receiver);
    long due = chunk.sentNanos + road.delayMillis() * 1_000_000;
    pause(due - System.nanoTime());
    if (road.bytesPerSecond() < Long.MAX_VALUE) {
      pause(chunk.bytes.size() * NANOS_A_SECOND / road.bytesPerSecond());
    }
    awaitOpen(sender, receiver);
  }

  private void awaitOpen(String from, String to) {
    try {
      while (roads.of(from, to).cut() && !closed.get()) Thread.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void pause(long nanos) throws InterruptedException {
    if (nanos > 0) Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
  }

  /** The node that owns the loopback socket with this local port; empty when none does. */
  private String ownerOf(int port) throws IOException {
    String inode = inodeOf(port);
    if (inode.isEmpty()) return "";
    String wanted = "socket:[" + inode + "]";
    for (Map.Entry<Long, String> node : nodes.get().entrySet()) {
      Path folder = Path.of("/proc", Long.toString(node.getKey()), "fd");
      try (DirectoryStream<Path> open = Files.newDirectoryStream(folder)) {
        for (Path descriptor : open) {
          try {
            if (Files.readSymbolicLink(descriptor).toString().equals(wanted)) {
              return node.getValue();
            }
          } catch (IOException e) {
            // Closed while we looked.
          }
        }
      } catch (IOException e) {
        // The process is gone.
      }
    }
    return "";
  }

  /** Looks the socket up in the kernel's tables: column 1 local address, column 9 inode. */
  private static String inodeOf(int port) throws IOException {
    String suffix = String.format(":%04X", port);
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] columns = line.strip().split("\\s+", -1);
        if (columns.length > 9 && columns[1].endsWith(suffix) && !columns[9].equals("0")) {
          return columns[9];
        }
      }
    }
    return "";
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    closed.set(true);
    server.close();
    sockets.forEach(LinkProxy::close);
  }
}
