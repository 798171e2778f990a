package io.kdelta.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request to the HTTP port of a node, over a socket of its own: that starts in a fraction of
 * the time that the classes of gRPC take, or those of an HTTP client. The port is two above that of
 * gRPC. It names in each request the port of gRPC that it took for this node's, so that no other
 * node answers, and takes for an answer only what is one of kdelta's.
 *
 * <p>What is asked goes out in the clear before anybody has said who he is, so it stays on this
 * machine: to loopback alone.
 *
 * <p>Written without lambdas and joined strings, whose making would be a tenth of the time of a
 * {@code get} (see {@code start-time/measure.py}). One thread.
 */
final class HttpLine {
  /** The HTTP port beside that of gRPC, unless a node was told otherwise. */
  static final int PORT_OFFSET = 2;

  /** The header that names the port of gRPC, both ways. */
  static final String DOOR = "Kdelta-Grpc-Port";

  private static final int CONNECT_MILLIS = 1_000;
  private static final int HEAD_BYTES_MAX = 64 << 10;
  private static final int BODY_BYTES_MAX = 40 << 20;
  private static final int PORT_MAX = 65_535;

  /** What the system takes of a request at once, whether or not anybody reads it. */
  private static final int BUFFERED_BYTES = 16 << 10;

  /** The longest and the shortest that the port takes. */
  private static final long MILLIS_MAX = 60_000;

  private static final long MILLIS_MIN = 10;

  private final String host;
  private final int door;
  private final long deadline;

  /**
   * An answer of a node, whatever it says.
   *
   * @param status of HTTP
   */
  @SuppressWarnings("ArrayRecordComponent") // Handed on to be read, never compared.
  record Answer(int status, String head, byte[] body) {
    /** A header by its name; empty when it is not there. */
    String header(String name) {
      int length = name.length();
      for (int at = head.indexOf('\n'); at >= 0; at = head.indexOf('\n', at + 1)) {
        int colon = at + 1 + length;
        boolean found =
            head.regionMatches(true, at + 1, name, 0, length)
                && colon < head.length()
                && head.charAt(colon) == ':';
        if (!found) continue;
        int end = head.indexOf('\r', colon);
        return head.substring(colon + 1, end < 0 ? head.length() : end).strip();
      }
      return "";
    }

    /** A header that counts; 0 when it does not. */
    int count(String name) {
      String text = header(name);
      if (text.isEmpty() || text.length() > 9) return 0;
      for (int i = 0; i < text.length(); i++) {
        if (text.charAt(i) < '0' || text.charAt(i) > '9') return 0;
      }
      return Integer.parseInt(text);
    }

    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  private HttpLine(String host, int door, long deadline) {
    this.host = host;
    this.door = door;
    this.deadline = deadline;
  }

  /**
   * To a server HOST:PORT; null where it can have no such port, is not on this machine by its name,
   * or has more time than the port gives.
   *
   * @param deadline when to give up, by {@link System#nanoTime}
   */
  static @Nullable HttpLine to(String server, long deadline) {
    int colon = server.lastIndexOf(':');
    int port = Integer.parseInt(server.substring(colon + 1));
    if (port > PORT_MAX - PORT_OFFSET) return null;
    String host = server.substring(0, colon);
    if (!local(host)) return null;
    HttpLine line = new HttpLine(host, port, deadline);
    return line.left() > MILLIS_MAX ? null : line;
  }

  /** Whether it is a name of loopback; no other is looked up, which no deadline would end. */
  private static boolean local(String host) {
    if (host.equalsIgnoreCase("localhost") || host.equals("[::1]")) return true;
    if (!host.startsWith("127.")) return false;
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      if (c != '.' && (c < '0' || c > '9')) return false;
    }
    return true;
  }

  /**
   * Asks once. Null when no node of kdelta answers there.
   *
   * @param method and path and query, percent-encoded: {@code GET /v1/...}
   * @param headers more of them, each with its line end
   * @param body null for a request without one
   * @throws SocketTimeoutException when somebody is there and the time has ended
   */
  @Nullable Answer ask(String method, String headers, byte @Nullable [] body)
      throws SocketTimeoutException {
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    String bare = bracketed ? host.substring(1, host.length() - 1) : host;
    boolean connected = false;
    try (Socket socket = new Socket()) {
      long left = left();
      if (left <= 0) return null;
      socket.setTcpNoDelay(true);
      InetSocketAddress address = new InetSocketAddress(bare, door + PORT_OFFSET);
      InetAddress found = address.getAddress();
      if (found == null || !found.isLoopbackAddress()) return null;
      socket.connect(address, (int) Math.min(CONNECT_MILLIS, left));
      connected = true;
      byte[] head = head(method, headers, body).getBytes(StandardCharsets.ISO_8859_1);
      byte[] all = head;
      if (body != null) {
        all = Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, all, head.length, body.length);
      }
      write(socket, all);
      return answer(socket);
    } catch (SocketTimeoutException e) {
      if (connected) throw e;
      return null;
    } catch (IOException e) {
      if (connected && left() <= 0) throw new SocketTimeoutException();
      return null;
    }
  }

  private void write(Socket socket, byte[] all) throws IOException {
    if (all.length <= BUFFERED_BYTES) {
      socket.getOutputStream().write(all);
      return;
    }
    // A write has no time-out of its own, and somebody who is stopped reads nothing for ever.
    Bound bound = new Bound(socket, deadline);
    bound.start();
    try {
      socket.getOutputStream().write(all);
    } finally {
      bound.written.countDown();
    }
  }

  /** Closes the socket at the deadline, unless all was written before; that ends the write. */
  private static final class Bound extends Thread {
    private final Socket socket;
    private final long deadline;
    private final CountDownLatch written = new CountDownLatch(1);

    Bound(Socket socket, long deadline) {
      super("kdelta-write-bound");
      setDaemon(true);
      this.socket = socket;
      this.deadline = deadline;
    }

    @Override
    public void run() {
      try {
        boolean done = written.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (!done) socket.close();
      } catch (InterruptedException | IOException e) {
        // Nobody interrupts it, and a socket that fails to close has ended too.
      }
    }
  }

  private long left() {
    return (deadline - System.nanoTime()) / 1_000_000;
  }

  private String head(String method, String headers, byte @Nullable [] body) {
    long millis = Math.clamp(left(), MILLIS_MIN, MILLIS_MAX);
    StringBuilder out = new StringBuilder(256);
    out.append(method).append(" HTTP/1.1\r\nHost: ");
    out.append(host).append(':').append(door + PORT_OFFSET);
    out.append("\r\nConnection: close\r\n").append(DOOR).append(": ").append(door);
    out.append("\r\nKdelta-Timeout: ").append(millis / 1000).append('.');
    out.append((char) ('0' + millis / 100 % 10)).append((char) ('0' + millis / 10 % 10));
    if (body != null) out.append("\r\nContent-Length: ").append(body.length);
    return out.append("\r\n").append(headers).append("\r\n").toString();
  }

  private @Nullable Answer answer(Socket socket) throws IOException {
    byte[] read = new byte[8 << 10];
    int length = 0;
    int body = -1;
    while (body < 0) {
      int more = more(socket, read, length);
      if (more < 0) return null;
      body = endOfHead(read, Math.max(0, length - 3), length + more);
      length += more;
      // Whatever else may listen there is not read to its end.
      if (body < 0 && length >= HEAD_BYTES_MAX) return null;
      if (body < 0 && length == read.length) read = Arrays.copyOf(read, 2 * length);
    }
    Answer head = head(new String(read, 0, body, StandardCharsets.ISO_8859_1));
    if (head == null) return null;
    int size = head.header("Content-Length").equals("0") ? 0 : head.count("Content-Length");
    boolean sized = size > 0 || head.header("Content-Length").equals("0");
    if (!sized || size > BODY_BYTES_MAX || length - body > size) return null;
    byte[] bytes = Arrays.copyOfRange(read, body, body + size);
    for (int at = length - body; at < size; ) {
      int more = more(socket, bytes, at);
      if (more < 0) return null;
      at += more;
    }
    return new Answer(head.status(), head.head(), bytes);
  }

  private int more(Socket socket, byte[] into, int at) throws IOException {
    long left = left();
    if (left <= 0) throw new SocketTimeoutException();
    socket.setSoTimeout((int) Math.min(left, Integer.MAX_VALUE));
    InputStream in = socket.getInputStream();
    return in.read(into, at, into.length - at);
  }

  /** Behind the empty line; -1 as long as there is none. */
  private static int endOfHead(byte[] bytes, int from, int to) {
    for (int i = from; i + 3 < to; i++) {
      if (bytes[i] == '\r'
          && bytes[i + 1] == '\n'
          && bytes[i + 2] == '\r'
          && bytes[i + 3] == '\n') {
        return i + 4;
      }
    }
    return -1;
  }

  /** Null for what no node of kdelta says, or another one than the one that was meant. */
  private @Nullable Answer head(String text) {
    boolean http = text.startsWith("HTTP/1.1 ") && text.length() > 12;
    if (!http || text.charAt(9) < '1' || text.charAt(9) > '5') return null;
    int status = 0;
    for (int i = 9; i < 12; i++) status = 10 * status + Character.digit(text.charAt(i), 10);
    Answer head = new Answer(status, text, new byte[0]);
    return head.count(DOOR) == door ? head : null;
  }

  /** A part of a path or a query, in which nothing has a meaning of its own. */
  static String encoded(String text) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      boolean bare = b > 0 && (Character.isLetterOrDigit(b) || b == '-' || b == '_' || b == '.');
      if (bare) {
        out.append((char) b);
      } else {
        out.append('%');
        out.append(Character.toUpperCase(Character.forDigit(b >> 4 & 15, 16)));
        out.append(Character.toUpperCase(Character.forDigit(b & 15, 16)));
      }
    }
    return out.toString();
  }
}
