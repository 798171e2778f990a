package io.kdelta.server.http;

import io.kdelta.error.KdeltaException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Percent-encoding of RFC 3986 over strict UTF-8. Pure. */
final class PercentText {
  private static final String BARE = "-._~";

  private PercentText() {}

  /**
   * The text behind the escapes. Bytes that came without an escape are taken as they are. Invalid
   * for half an escape and for what is not UTF-8.
   *
   * @param field what the text is, for the error
   * @param raw one character for each byte
   * @param plusIsSpace as forms write it, in a query
   */
  static String decode(String field, String raw, boolean plusIsSpace) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '%') {
        bytes.write(escaped(field, raw, i));
        i += 2;
      } else if (c > 0xFF) {
        throw new KdeltaException.Invalid(field, "has a character that is no byte");
      } else {
        bytes.write(c == '+' && plusIsSpace ? ' ' : c);
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw new KdeltaException.Invalid(field, "is not UTF-8");
    }
  }

  private static int escaped(String field, String raw, int at) {
    if (at + 2 < raw.length()
        && HexFormat.isHexDigit(raw.charAt(at + 1))
        && HexFormat.isHexDigit(raw.charAt(at + 2))) {
      return HexFormat.fromHexDigits(raw, at + 1, at + 3);
    }
    throw new KdeltaException.Invalid(field, "has a % without two hexadecimal digits behind it");
  }

  /** As it may stand in any part of a URL, and in a header. */
  static String encode(String text) {
    StringBuilder out = new StringBuilder(text.length());
    HexFormat hex = HexFormat.of().withUpperCase();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xFF);
      boolean bare = c < 128 && (Character.isLetterOrDigit(c) || BARE.indexOf(c) >= 0);
      if (bare) out.append(c);
      else out.append('%').append(hex.toHexDigits(b));
    }
    return out.toString();
  }
}
