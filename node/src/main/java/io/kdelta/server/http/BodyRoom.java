package io.kdelta.server.http;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;

/**
 * Reads bodies, within bounds for each and for all at once. Room is taken as bytes come, not as
 * they are announced: an announcement costs its sender nothing. Thread-safe.
 */
final class BodyRoom {
  private final int bytesMax;
  private final ByteRoom room;

  /** {@code bytesMax}: of one body. */
  BodyRoom(int bytesMax) {
    this.bytesMax = bytesMax;
    this.room = new ByteRoom(Math.max(HttpLimits.BODY_ROOM_BYTES, 2 * bytesMax), "requests");
  }

  /** A body, and the room that it takes until it is closed. */
  final class Body implements AutoCloseable {
    private ByteString bytes = ByteString.EMPTY;
    private int held;

    private Body() {}

    ByteString bytes() {
      return bytes;
    }

    private void grow(int size) {
      int needed = Math.max(0, size - HttpLimits.SMALL_BYTES) - held;
      if (needed <= 0) return;
      room.take(needed);
      held += needed;
    }

    @Override
    public void close() {
      room.give(held);
      held = 0;
    }
  }

  /** Reads the body; a {@link Refusal} when it is too large or there is no room. */
  Body read(HttpExchange exchange) throws IOException {
    String announced = exchange.getRequestHeaders().getFirst("Content-Length");
    // The server has checked that it is a number.
    if (announced != null && Long.parseLong(announced) > bytesMax) throw tooLarge();
    Body body = new Body();
    try {
      InputStream in = exchange.getRequestBody();
      ByteString.Output out = ByteString.newOutput();
      byte[] buffer = new byte[HttpLimits.SMALL_BYTES];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        if (out.size() + count > bytesMax) throw tooLarge();
        body.grow(out.size() + count);
        out.write(buffer, 0, count);
      }
      body.bytes = out.toByteString();
      return body;
    } catch (IOException | RuntimeException e) {
      body.close();
      throw e;
    }
  }

  private Refusal tooLarge() {
    return Refusal.of(
        413,
        Code.INVALID_ARGUMENT,
        "INVALID",
        "body: more than " + bytesMax + " bytes",
        "kdelta start --document-bytes-max takes larger documents");
  }
}
