package io.kdelta.cli.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The road to one node: its peers are told the address of this proxy. Across a cut it holds every
 * byte back, both ways and without a reset, as a network does that swallows packets; what it held
 * arrives when the cut heals. Two virtual threads a connection.
 */
final class LinkProxy implements AutoCloseable {
  private static final int BUFFER_BYTES = 16 * 1024;
  private static final int BACKLOG = 64;
  private static final int CONNECT_MILLIS = 2_000;

  private final ServerSocket server;
  private final String node;
  private final Partition partition;
  private final Supplier<Map<Long, String>> nodes;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private volatile @Nullable InetSocketAddress target;

  /**
   * @param node whose road this is
   * @param nodes names of all running nodes, by process
   */
  LinkProxy(String node, Partition partition, Supplier<Map<Long, String>> nodes)
      throws IOException {
    this.server = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    this.node = node;
    this.partition = partition;
    this.nodes = nodes;
    Thread.ofVirtual().start(this::acceptAll);
  }

  /** HOST:PORT that peers dial. */
  String address() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  /** Where the node listens. Until this is known every caller is hung up on, and dials again. */
  void leadsTo(int port) {
    target = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  private void acceptAll() {
    while (true) {
      try {
        Socket source = server.accept();
        Thread.ofVirtual().start(() -> connect(source));
      } catch (IOException e) {
        // A caller that went away before it was heard.
        if (server.isClosed()) return;
      }
    }
  }

  private void connect(Socket source) {
    sockets.add(source);
    try {
      InetSocketAddress to = target;
      String caller = SocketOwners.of(source.getPort(), nodes.get());
      if (to == null || caller.isEmpty()) throw new IOException("nobody to connect");
      Socket onward = new Socket();
      sockets.add(onward);
      onward.connect(to, CONNECT_MILLIS);
      Thread.ofVirtual().start(() -> carry(source, onward, caller, node));
      Thread.ofVirtual().start(() -> carry(onward, source, node, caller));
    } catch (IOException e) {
      close(source);
    }
  }

  private void carry(Socket from, Socket to, String sender, String receiver) {
    try {
      byte[] buffer = new byte[BUFFER_BYTES];
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        partition.awaitOpen(sender, receiver);
        out.write(buffer, 0, read);
        partition.carried(sender, receiver, read);
      }
    } catch (IOException e) {
      // One end is gone; the other hears of it below.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    hangUp(from, to, sender, receiver);
  }

  /** Across a cut nobody hears that the other has hung up, either. */
  private void hangUp(Socket from, Socket to, String sender, String receiver) {
    try {
      partition.awaitOpen(sender, receiver);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close(from);
    close(to);
  }

  private void close(Socket socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is of no more use either way.
      return;
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      // The process ends next.
      return;
    } finally {
      sockets.forEach(this::close);
    }
  }
}
