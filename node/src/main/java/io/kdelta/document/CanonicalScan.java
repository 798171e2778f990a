package io.kdelta.document;

import io.kdelta.memory.Bytes;

/**
 * Tells canonical JSON at a glance: one pass over the bytes, nothing allocated.
 *
 * <p>A scan says "surely canonical" or "look closer": it knows the forms that most documents have,
 * namely names and strings with short escapes and any well-formed UTF-8, ASCII names in order, and
 * integers of up to {@value #DIGITS_MAX} digits. Invariant: what it is sure of, {@link
 * CanonicalJson} leaves as it is. One use, one thread.
 */
final class CanonicalScan {
  /** Longer integers, fractions and exponents are left to {@link NumberForm}. */
  private static final int DIGITS_MAX = 15;

  /** Eight bytes of a kind. */
  private static final long ONES = 0x0101010101010101L;

  private static final long SIGNS = 0x8080808080808080L;
  private static final long QUOTES = ONES * '"';
  private static final long BACKSLASHES = ONES * '\\';
  private static final long SPACES = ONES * ' ';

  private final Bytes text;
  private final int end;
  private int at;
  private int tokens;

  private CanonicalScan(Bytes text) {
    this.text = text;
    this.end = text.size();
  }

  /** Whether these bytes are surely a JSON document in its canonical form. */
  static boolean isSure(Bytes text) {
    CanonicalScan scan = new CanonicalScan(text);
    return scan.value(0) && scan.at == scan.end && scan.tokens <= CanonicalJson.TOKENS_MAX;
  }

  private boolean value(int depth) {
    tokens++;
    if (at == end) return false;
    return switch (text.at(at)) {
      case '{' -> members(depth + 1);
      case '[' -> items(depth + 1);
      case '"' -> string(false);
      case 't' -> word("true");
      case 'f' -> word("false");
      case 'n' -> word("null");
      default -> integer();
    };
  }

  private boolean members(int depth) {
    if (depth > CanonicalJson.DEPTH_MAX) return false;
    at++;
    tokens++;
    if (take('}')) return true;
    int before = -1;
    int beforeEnd = -1;
    do {
      int name = at;
      tokens++;
      if (!string(true)) return false;
      int nameEnd = at;
      if (before >= 0 && !isAscending(before, beforeEnd, name, nameEnd)) return false;
      before = name;
      beforeEnd = nameEnd;
      if (!take(':') || !value(depth)) return false;
    } while (take(','));
    return take('}');
  }

  private boolean items(int depth) {
    if (depth > CanonicalJson.DEPTH_MAX) return false;
    at++;
    tokens++;
    if (take(']')) return true;
    do {
      if (!value(depth)) return false;
    } while (take(','));
    return take(']');
  }

  /**
   * A string from quote to quote.
   *
   * @param plain whether only ASCII without escapes is known: there, order by bytes is the order by
   *     UTF-16 code units that RFC 8785 asks for
   */
  private boolean string(boolean plain) {
    if (!take('"')) return false;
    while (at < end) {
      byte b = text.at(at++);
      if (b == '"') return true;
      if (b >= ' ' && b != '\\') passPlain();
      else if (plain || !(b == '\\' ? shortEscape() : wide(b & 0xFF))) return false;
    }
    return false;
  }

  /**
   * From behind a byte that stands for itself in a string moves behind more of them, eight at a
   * time: rarely are they alone, and those of other scripts do not pay for it.
   *
   * <p>Where no lower byte of a word borrowed, a subtraction leaves the sign of a byte set only if
   * the byte is what is looked for, or has it set itself; and a byte that makes the next one borrow
   * is one that is looked for. So the lowest sign is right, and those above it are not looked at.
   */
  private void passPlain() {
    while (end - at >= Long.BYTES) {
      long word = text.longAt(at);
      long found = (word ^ QUOTES) - ONES;
      found |= (word ^ BACKSLASHES) - ONES;
      found |= word - SPACES;
      found |= word;
      found &= SIGNS;
      if (found != 0) {
        at += Long.numberOfTrailingZeros(found) / Byte.SIZE;
        return;
      }
      at += Long.BYTES;
    }
  }

  /** One of the escapes that are canonical for their character. */
  private boolean shortEscape() {
    if (at == end) return false;
    return switch (text.at(at++)) {
      case '"', '\\', 'b', 't', 'n', 'f', 'r' -> true;
      default -> false;
    };
  }

  /** The rest of a code point of more than one byte: table 3-7 of the Unicode Standard. */
  private boolean wide(int lead) {
    if (lead < 0xC2 || lead > 0xF4) return false;
    int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (!isNext(low, high)) return false;
    if (lead >= 0xE0 && !isNext(0x80, 0xBF)) return false;
    return lead < 0xF0 || isNext(0x80, 0xBF);
  }

  private boolean isNext(int low, int high) {
    if (at == end) return false;
    int b = text.unsignedAt(at++);
    return b >= low && b <= high;
  }

  private boolean integer() {
    boolean negative = take('-');
    int first = at;
    while (at < end && text.at(at) >= '0' && text.at(at) <= '9') at++;
    int digits = at - first;
    if (digits == 0 || digits > DIGITS_MAX) return false;
    return text.at(first) != '0' || (digits == 1 && !negative);
  }

  private boolean word(String word) {
    for (int i = 0; i < word.length(); i++) {
      if (!take(word.charAt(i))) return false;
    }
    return true;
  }

  /** Whether the first string, quotes included, sorts before the second: neither has escapes. */
  private boolean isAscending(int first, int firstEnd, int second, int secondEnd) {
    int shared = Math.min(firstEnd - first, secondEnd - second) - 2;
    for (int i = 1; i <= shared; i++) {
      int difference = text.at(first + i) - text.at(second + i);
      if (difference != 0) return difference < 0;
    }
    return firstEnd - first < secondEnd - second;
  }

  private boolean take(char expected) {
    if (at == end || text.at(at) != expected) return false;
    at++;
    return true;
  }
}
