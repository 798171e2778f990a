package io.kdelta.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The HTTP port of a node, for one request: a plain socket starts in a fraction of the time that
 * the classes of gRPC take. It is two above the port of gRPC. Whatever is not a plain success is
 * nothing here: the caller then asks by gRPC, which does the same and tells the error in full.
 *
 * <p>One thread.
 */
final class HttpDoor {
  /** The HTTP port beside that of gRPC, unless a node was told otherwise. */
  static final int PORT_OFFSET = 2;

  private static final int CONNECT_MILLIS = 1_000;
  private static final int BYTES_MAX = 32 << 20;
  private static final int PORT_MAX = 65_535;

  /** The longest that the port takes. */
  private static final double SECONDS_MAX = 60;

  private static final String END_OF_HEAD = "\r\n\r\n";

  private final String host;
  private final int port;
  private final Duration timeout;

  /**
   * A success.
   *
   * @param headers by their names in small letters
   */
  record Answer(TreeMap<String, String> headers, String body) {
    /** A header that counts; 0 when it is not there. */
    int count(String header) {
      String text = headers.getOrDefault(header, "0");
      return text.isEmpty() || text.length() > 9 || !text.chars().allMatch(Character::isDigit)
          ? 0
          : Integer.parseInt(text);
    }
  }

  private HttpDoor(String host, int port, Duration timeout) {
    this.host = host;
    this.port = port;
    this.timeout = timeout;
  }

  /** That of a server HOST:PORT; empty where it can have none. */
  static Optional<HttpDoor> of(String server, Duration timeout) {
    int colon = server.lastIndexOf(':');
    int port = Integer.parseInt(server.substring(colon + 1)) + PORT_OFFSET;
    return port > PORT_MAX
        ? Optional.empty()
        : Optional.of(new HttpDoor(server.substring(0, colon), port, timeout));
  }

  /**
   * Asks once; empty unless it is a success.
   *
   * @param method one without a body
   * @param target path and query, percent-encoded
   */
  Optional<Answer> ask(String method, String target) {
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    String bare = bracketed ? host.substring(1, host.length() - 1) : host;
    try (Socket socket = new Socket()) {
      socket.setTcpNoDelay(true);
      socket.connect(new InetSocketAddress(bare, port), CONNECT_MILLIS);
      socket.setSoTimeout(Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE));
      OutputStream out = socket.getOutputStream();
      out.write(request(method, target).getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      return answer(socket.getInputStream());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private String request(String method, String target) {
    double seconds = Math.clamp(timeout.toMillis() / 1e3, 0.01, SECONDS_MAX);
    return method
        + " "
        + target
        + " HTTP/1.1\r\nHost: "
        + host
        + ":"
        + port
        + "\r\nConnection: close\r\nKdelta-Timeout: "
        + seconds
        + END_OF_HEAD;
  }

  private static Optional<Answer> answer(InputStream in) throws IOException {
    byte[] all = in.readNBytes(BYTES_MAX);
    // One byte a letter, so that places in the text are places in the bytes.
    String text = new String(all, StandardCharsets.ISO_8859_1);
    int end = text.indexOf(END_OF_HEAD);
    if (end < 0 || !text.startsWith("HTTP/1.1 200 ")) return Optional.empty();
    TreeMap<String, String> headers = new TreeMap<>();
    for (String line : text.substring(0, end).split("\r\n", -1)) {
      int colon = line.indexOf(':');
      if (colon < 0) continue;
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    int begin = end + END_OF_HEAD.length();
    // A chunked answer, or half of one, is left to gRPC.
    if (!headers.getOrDefault("content-length", "").equals(Integer.toString(all.length - begin))) {
      return Optional.empty();
    }
    // Whatever else may listen there: a document comes with its version, and as JSON.
    boolean document =
        headers.getOrDefault("content-type", "").startsWith("application/json")
            && !headers.getOrDefault("kdelta-version", "").isEmpty();
    if (!document) return Optional.empty();
    String body = new String(all, begin, all.length - begin, StandardCharsets.UTF_8);
    return Optional.of(new Answer(headers, body));
  }

  /** A part of a path or a query, in which nothing has a meaning of its own. */
  static String encoded(String text) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      boolean bare = b > 0 && (Character.isLetterOrDigit(b) || b == '-' || b == '_' || b == '.');
      if (bare) out.append((char) b);
      else out.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
    }
    return out.toString();
  }
}
