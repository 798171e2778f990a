package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: no frames stop a node with 256 MiB of heap, grow in it or keep others waiting. Method: one
 * process; frames of HTTP/2 that no client sends, written by hand; behind each of them {@link
 * HostileNode} looks.
 */
final class HostileWireTest {
  private static final long SEED = Long.getLong("kdelta.seed", 7);
  private static final int MEBIBYTE = 1 << 20;

  @TempDir private static Path folder;
  private static HostileNode node;

  @BeforeAll
  static void start() throws Exception {
    node = HostileNode.start(folder);
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  @Test
  void rapidReset() {
    node.withstandsRaw(
        "rapid reset",
        raw -> {
          for (int stream = 1; stream < 4_000; stream += 2) {
            raw.call(stream, RawHttp2.PUT);
            raw.frame(RawHttp2.RESET, 0, stream, new byte[] {0, 0, 0, 8});
          }
          raw.flush();
          cutOff(raw, 11);
        });
    node.withstandsRaw(
        "streams that the node is made to reset",
        raw -> {
          for (int stream = 1; stream < 4_000; stream += 2) {
            raw.call(stream, RawHttp2.PUT);
            raw.frame(RawHttp2.WINDOW_UPDATE, 0, stream, new byte[4]);
          }
          raw.flush();
          cutOff(raw, 11);
        });
  }

  @Test
  void pingFlood() {
    node.withstandsRaw(
        "10,000 pings",
        raw -> {
          flood(raw, 10_000, RawHttp2.PING, 0, 0, new byte[8]);
          cutOff(raw, 11);
        });
  }

  @Test
  void settingsFlood() {
    node.withstands(
        "500,000 settings whose answers nobody reads",
        () -> {
          try (RawHttp2 raw = RawHttp2.deaf(node.port())) {
            flood(raw, 500_000, RawHttp2.SETTINGS, 0, 0, new byte[0]);
          }
        });
    node.withstandsRaw(
        "settings that nothing can have",
        raw -> {
          byte[] window = ByteBuffer.allocate(6).putShort((short) 4).putInt(-1).array();
          raw.frame(RawHttp2.SETTINGS, 0, 0, window);
          raw.flush();
          cutOff(raw, 3);
        });
  }

  /** The node has ended the connection; its last word may be lost on what it did not read. */
  private static void cutOff(RawHttp2 raw, int code) {
    String end = raw.end();
    assertTrue(end.startsWith("goaway " + code) || end.equals("closed"), end);
  }

  /** Sends until all is sent or the other side has closed. */
  private static void flood(
      RawHttp2 raw, int count, int type, int flags, int stream, byte[] payload) {
    try {
      for (int i = 0; i < count; i++) raw.frame(type, flags, stream, payload);
      raw.flush();
    } catch (IOException closed) {
      // That is one of the ways to defend oneself.
    }
  }

  @Test
  void headerFloods() {
    node.withstandsRaw(
        "headers of 64 KiB",
        raw -> {
          raw.frame(RawHttp2.HEADERS, 0, 1, RawHttp2.headers(RawHttp2.PUT));
          ByteArrayOutputStream filler = new ByteArrayOutputStream();
          filler.write(0);
          RawHttp2.text(filler, "filler");
          RawHttp2.text(filler, "x".repeat(8_000));
          for (int i = 0; i < 8; i++) raw.frame(RawHttp2.CONTINUATION, 0, 1, filler.toByteArray());
          raw.frame(RawHttp2.CONTINUATION, RawHttp2.END_HEADERS, 1, new byte[0]);
          raw.flush();
          assertTrue(!raw.endOf(1).equals("grpc-status 0"), raw.endOf(1));
        });
    node.withstandsRaw(
        "100,000 continuations of headers without an end",
        raw -> {
          raw.frame(RawHttp2.HEADERS, 0, 1, RawHttp2.headers(RawHttp2.PUT));
          flood(raw, 100_000, RawHttp2.CONTINUATION, 0, 1, new byte[0]);
          assertTrue(!raw.end().isEmpty());
        });
    node.withstandsRaw(
        "one header of 4 KiB, named 16,000 times",
        raw -> {
          ByteArrayOutputStream block = new ByteArrayOutputStream();
          // A literal that the table of the connection keeps; its number there is 62.
          block.write(0x40);
          RawHttp2.text(block, "bomb");
          RawHttp2.text(block, "x".repeat(4_000));
          block.writeBytes(RawHttp2.headers(RawHttp2.PUT));
          raw.frame(RawHttp2.HEADERS, 0, 1, block.toByteArray());
          byte[] again = new byte[16_000];
          Arrays.fill(again, (byte) (0x80 | 62));
          raw.frame(RawHttp2.CONTINUATION, RawHttp2.END_HEADERS, 1, again);
          raw.flush();
          assertTrue(!raw.endOf(1).equals("grpc-status 0"), raw.endOf(1));
        });
  }

  @Test
  void slowLoris() {
    node.withstands(
        "300 connections that never finish their first sentence, 64 calls that never send theirs",
        () -> {
          List<RawHttp2> slow = new ArrayList<>();
          for (int i = 0; i < 300; i++) {
            slow.add(RawHttp2.saying(node.port(), RawHttp2.halfOfAPreface()));
          }
          try (RawHttp2 calls = RawHttp2.open(node.port())) {
            for (int i = 0; i < 64; i++) {
              calls.call(2 * i + 1, RawHttp2.PUT);
              calls.data(2 * i + 1, false, new byte[] {0, 0});
            }
            node.serves();
          }
          for (RawHttp2 connection : slow) connection.close();
        });
  }

  @Test
  void otherProtocols() {
    List<byte[]> openings = new ArrayList<>();
    openings.add("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    openings.add(new byte[] {0x16, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3, 0, 0, 0, 0});
    byte[] noise = new byte[MEBIBYTE];
    new Random(SEED).nextBytes(noise);
    openings.add(noise);
    for (byte[] opening : openings) {
      node.withstands(
          "a connection that begins with " + opening.length + " bytes of something else",
          () -> {
            try (RawHttp2 raw = RawHttp2.saying(node.port(), opening)) {
              raw.awaitClosed();
            } catch (IOException closed) {
              // While it was still talking.
            }
          });
    }
    node.withstandsRaw(
        "a frame of 16 MiB",
        raw -> {
          byte[] large = new byte[(1 << 24) - 1];
          flood(raw, 1, RawHttp2.DATA, 0, 1, large);
          cutOff(raw, 6);
        });
    node.withstandsRaw(
        "windows that overflow",
        raw -> {
          raw.call(1, RawHttp2.PUT);
          for (int i = 0; i < 3; i++) {
            raw.frame(RawHttp2.WINDOW_UPDATE, 0, 0, new byte[] {127, -1, -1, -1});
          }
          raw.flush();
          cutOff(raw, 3);
        });
  }
}
