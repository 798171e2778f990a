package io.kdelta.process;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One connection of HTTP/2 whose frames are written by hand, so that they can be what no client
 * sends. It keeps to the windows of the other side, because nothing beyond them would get anywhere.
 * One thread writes; one of its own reads.
 */
final class RawHttp2 implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RESET = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;
  static final int CONTINUATION = 9;

  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;
  static final String PUT = "/kdelta.v1.Kv/Put";

  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int ACK = 1;
  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final long WINDOW_DEFAULT = 65_535;
  private static final int FRAME_BYTES = 16_384;
  private static final int PATIENCE_SECONDS = 30;
  private static final String STATUS_NAME = "grpc-status";

  private final Socket socket;
  private final DataOutputStream out;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final TreeMap<Integer, Long> windows = new TreeMap<>();
  private final TreeMap<Integer, String> ends = new TreeMap<>();
  private long window = WINDOW_DEFAULT;
  private long windowOfNewStreams = WINDOW_DEFAULT;
  private @Nullable String goodbye;
  private boolean closed;

  private RawHttp2(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
  }

  /** A connection that has said how it begins. */
  static RawHttp2 open(int port) throws IOException {
    RawHttp2 raw = deaf(port);
    Thread.ofVirtual().name("raw-http2").start(raw::read);
    return raw;
  }

  /** The same, but what the other side says stays unread. */
  static RawHttp2 deaf(int port) throws IOException {
    RawHttp2 raw = new RawHttp2(port);
    raw.out.write(PREFACE);
    raw.frame(SETTINGS, 0, 0, new byte[0]);
    raw.flush();
    return raw;
  }

  /** A connection that says these bytes, whatever they are. */
  static RawHttp2 saying(int port, byte[] bytes) throws IOException {
    RawHttp2 raw = new RawHttp2(port);
    raw.out.write(bytes);
    raw.flush();
    Thread.ofVirtual().name("raw-http2").start(raw::read);
    return raw;
  }

  /** The first bytes of how every connection begins. */
  static byte[] halfOfAPreface() {
    return java.util.Arrays.copyOf(PREFACE, PREFACE.length / 2);
  }

  void frame(int type, int flags, int stream, byte[] payload) throws IOException {
    lock.lock();
    try {
      out.writeByte(payload.length >> 16);
      out.writeShort(payload.length & 0xffff);
      out.writeByte(type);
      out.writeByte(flags);
      out.writeInt(stream);
      out.write(payload);
    } finally {
      lock.unlock();
    }
  }

  void flush() throws IOException {
    lock.lock();
    try {
      out.flush();
    } finally {
      lock.unlock();
    }
  }

  /** Opens a stream with a call; {@code more} are names and values of further headers in turns. */
  void call(int stream, String path, String... more) throws IOException {
    frame(HEADERS, END_HEADERS, stream, headers(path, more));
  }

  /** A block of headers, each a literal that no table keeps. */
  static byte[] headers(String path, String... more) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    literal(block, ":method", "POST");
    literal(block, ":scheme", "http");
    literal(block, ":path", path);
    literal(block, ":authority", "localhost");
    literal(block, "content-type", "application/grpc");
    literal(block, "te", "trailers");
    for (int i = 0; i < more.length; i += 2) literal(block, more[i], more[i + 1]);
    return block.toByteArray();
  }

  private static void literal(ByteArrayOutputStream block, String name, String value) {
    block.write(0);
    text(block, name);
    text(block, value);
  }

  /** A text behind its length, as HPACK has it. */
  static void text(ByteArrayOutputStream block, String text) {
    int left = text.length();
    if (left < 127) {
      block.write(left);
    } else {
      block.write(127);
      for (left -= 127; left >= 128; left >>= 7) block.write((left & 127) | 128);
      block.write(left);
    }
    block.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
  }

  /** A message as gRPC frames it, of the length that is claimed. */
  static byte[] message(boolean compressed, int claimedBytes, byte[] bytes) {
    return ByteBuffer.allocate(5 + bytes.length)
        .put((byte) (compressed ? 1 : 0))
        .putInt(claimedBytes)
        .put(bytes)
        .array();
  }

  static byte[] message(byte[] bytes) {
    return message(false, bytes.length, bytes);
  }

  /** Sends as the windows allow. Answers false when the other side will take no more of it. */
  boolean data(int stream, boolean last, byte[] bytes) throws IOException {
    for (int at = 0; at < bytes.length || at == 0; ) {
      int size = take(stream, Math.min(FRAME_BYTES, bytes.length - at));
      if (size < 0) return false;
      byte[] part = java.util.Arrays.copyOfRange(bytes, at, at + size);
      at += size;
      boolean end = at >= bytes.length;
      frame(DATA, last && end ? END_STREAM : 0, stream, part);
      if (end) break;
    }
    flush();
    return true;
  }

  private int take(int stream, int wanted) throws IOException {
    lock.lock();
    try {
      long nanos = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (!closed && goodbye == null && !ends.containsKey(stream)) {
        long left = Math.min(window, windows.getOrDefault(stream, windowOfNewStreams));
        if (left > 0 || wanted == 0) {
          int size = (int) Math.min(left, wanted);
          window -= size;
          windows.put(stream, windows.getOrDefault(stream, windowOfNewStreams) - size);
          return size;
        }
        out.flush();
        nanos = changed.awaitNanos(nanos);
        if (nanos <= 0) throw new AssertionError("the window stays closed");
      }
      return -1;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the end of a stream: "grpc-status N", "reset N", or how the connection ended. */
  String endOf(int stream) {
    return await(() -> ends.get(stream));
  }

  /** How streams have ended until now, one for each of these. */
  List<String> ended() {
    lock.lock();
    try {
      return List.copyOf(ends.values());
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the end of the connection: "goaway N text" or "closed". */
  String end() {
    return await(() -> null);
  }

  /** Waits until the other side has closed the connection, whatever it said before. */
  void awaitClosed() {
    lock.lock();
    try {
      long nanos = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (!closed) {
        nanos = changed.awaitNanos(nanos);
        if (nanos <= 0) throw new AssertionError("the connection stays open");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      lock.unlock();
    }
  }

  private String await(java.util.function.Supplier<@Nullable String> word) {
    lock.lock();
    try {
      long nanos = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (true) {
        String said = word.get();
        if (said != null) return said;
        if (goodbye != null) return goodbye;
        if (closed) return "closed";
        nanos = changed.awaitNanos(nanos);
        if (nanos <= 0) throw new AssertionError("no answer; so far " + ends);
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      lock.unlock();
    }
  }

  private void read() {
    try (DataInputStream in = new DataInputStream(socket.getInputStream())) {
      while (true) {
        int size = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = in.readNBytes(size);
        lock.lock();
        try {
          took(type, flags, stream, payload);
          changed.signalAll();
        } finally {
          lock.unlock();
        }
      }
    } catch (IOException e) {
      lock.lock();
      try {
        closed = true;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private void took(int type, int flags, int stream, byte[] payload) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(payload);
    switch (type) {
      case HEADERS -> {
        if ((flags & END_STREAM) != 0) ends.putIfAbsent(stream, status(payload));
      }
      case RESET -> ends.putIfAbsent(stream, "reset " + in.getInt());
      case GOAWAY -> {
        in.getInt();
        int code = in.getInt();
        byte[] rest = new byte[in.remaining()];
        in.get(rest);
        if (code != 0 || goodbye == null) {
          goodbye = "goaway " + code + " " + new String(rest, StandardCharsets.US_ASCII);
        }
      }
      case WINDOW_UPDATE -> {
        int more = in.getInt();
        if (stream == 0) window += more;
        else windows.merge(stream, windowOfNewStreams + more, (old, all) -> old + more);
      }
      case SETTINGS -> {
        if ((flags & ACK) != 0) return;
        while (in.remaining() >= 6) {
          int name = in.getShort();
          int value = in.getInt();
          if (name != INITIAL_WINDOW_SIZE) continue;
          long grown = value - windowOfNewStreams;
          windows.replaceAll((any, left) -> left + grown);
          windowOfNewStreams = value;
        }
        frame(SETTINGS, ACK, 0, new byte[0]);
        flush();
      }
      case PING -> {
        // Who does not answer is taken for dead.
        if ((flags & ACK) != 0) return;
        frame(PING, ACK, 0, payload);
        flush();
      }
      default -> {
        // Data of the other side changes nothing here.
      }
    }
  }

  /** The status in a block of headers that is the first of its connection: a literal. */
  private static String status(byte[] block) {
    String text = new String(block, StandardCharsets.ISO_8859_1);
    for (int at = text.indexOf(STATUS_NAME); at >= 0; at = text.indexOf(STATUS_NAME, at + 1)) {
      int value = at + STATUS_NAME.length();
      int size = text.charAt(value);
      // A longer name begins like this one.
      if (size <= 2) return STATUS_NAME + " " + text.substring(value + 1, value + 1 + size);
    }
    return "headers";
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
