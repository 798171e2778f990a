package io.kdelta.process;

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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * A TCP proxy in front of one node on loopback, with a switch for every directed link: bytes from
 * or to a source process can be held back, as a network that swallows packets does, without a reset
 * that would tell the ends.
 *
 * <p>The source of a connection is found as the process that owns the other end of the socket
 * (through /proc), so nodes need no knowledge of the proxy beyond the address they are told.
 */
final class LinkProxy implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;

  private final ServerSocket server;
  private final InetSocketAddress target;
  private final LongSupplier targetPid;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  /** Directed links that are cut, as "pid of the sender>pid of the receiver". */
  private final Set<String> cut;

  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param listenPort port the peers are told
   * @param targetPort port the node listens on
   * @param targetPid the node's process at the moment
   * @param cut shared set of cut directed links, see {@link #link}
   */
  LinkProxy(int listenPort, int targetPort, LongSupplier targetPid, Set<String> cut)
      throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    this.server = new ServerSocket(listenPort, 128, loopback);
    this.target = new InetSocketAddress(loopback, targetPort);
    this.targetPid = targetPid;
    this.cut = cut;
    Thread.ofVirtual().start(this::acceptAll);
  }

  /** An empty set of cut links, to be shared by the proxies of one cluster. */
  static Set<String> noCuts() {
    return ConcurrentHashMap.newKeySet();
  }

  /** The name of a directed link in the set of cut ones. */
  static String link(long fromPid, long toPid) {
    return fromPid + ">" + toPid;
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
      long sourcePid = ownerOf(source.getPort());
      Socket onward = new Socket();
      sockets.add(onward);
      onward.connect(target, 1000);
      long pid = targetPid.getAsLong();
      Thread.ofVirtual().start(() -> pump(source, onward, link(sourcePid, pid)));
      Thread.ofVirtual().start(() -> pump(onward, source, link(pid, sourcePid)));
    } catch (IOException e) {
      close(source);
    }
  }

  private void pump(Socket from, Socket to, String link) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      while (true) {
        int read = in.read(buffer);
        if (read < 0) break;
        // Held back, not dropped: TCP delivers in order or not at all.
        while (cut.contains(link) && !closed.get()) Thread.sleep(5);
        out.write(buffer, 0, read);
      }
    } catch (IOException e) {
      // One end is gone: the other learns it by the close below.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close(from);
      close(to);
    }
  }

  /** The process that owns the loopback socket with this local port; 0 when none is found. */
  private static long ownerOf(int port) throws IOException {
    String inode = inodeOf(port);
    if (inode.isEmpty()) return 0;
    String wanted = "socket:[" + inode + "]";
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      Path folder = Path.of("/proc", Long.toString(process.pid()), "fd");
      try (DirectoryStream<Path> open = Files.newDirectoryStream(folder)) {
        for (Path descriptor : open) {
          try {
            if (Files.readSymbolicLink(descriptor).toString().equals(wanted)) return process.pid();
          } catch (IOException e) {
            // Closed while we looked.
          }
        }
      } catch (IOException e) {
        // Gone, or not ours to see.
      }
    }
    return 0;
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
