package io.kdelta.server.http;

import com.google.protobuf.ByteString;
import java.util.function.ObjIntConsumer;

/** The lines of a body, without the blank ones. Pure. */
final class BodyLines {
  private BodyLines() {}

  /** Gives each line with its number, which counts from 1. */
  static void each(ByteString body, ObjIntConsumer<byte[]> line) {
    int number = 0;
    for (int from = 0; from < body.size(); ) {
      int end = from;
      while (end < body.size() && body.byteAt(end) != '\n') end++;
      number++;
      byte[] text = body.substring(from, end).toByteArray();
      if (!blank(text)) line.accept(text, number);
      from = end + 1;
    }
  }

  private static boolean blank(byte[] line) {
    for (byte b : line) {
      if (b > ' ' || b < 0) return false;
    }
    return true;
  }
}
