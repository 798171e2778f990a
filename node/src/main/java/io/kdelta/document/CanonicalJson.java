package io.kdelta.document;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON text (RFC 8259, UTF-8) strictly and gives its canonical bytes: RFC 8785 member order,
 * string and number form, with integer literals of up to 64 digits kept exactly.
 *
 * <p>Immutable; any thread. What is refused is refused with {@link KdeltaException.Invalid} that
 * names the place by line and column (both from 1, columns in UTF-16 code units): anything outside
 * the grammar, a byte order mark, bytes that are not UTF-8 (overlong forms and encoded surrogates
 * included), duplicate member names, lone surrogates, numbers that overflow a double, and documents
 * over the limits of depth, tokens and bytes. No Unicode normalisation takes place.
 *
 * <p>Invariant: the canonical bytes of canonical bytes are the same bytes.
 */
public final class CanonicalJson {
  /** Bytes of a document, as text and in canonical form, unless configured otherwise. */
  public static final int BYTES_DEFAULT = 1 << 20;

  /** The highest limit of bytes that can be configured. */
  public static final int BYTES_MAX = 16 << 20;

  /** Arrays and objects within each other. */
  public static final int DEPTH_MAX = 64;

  /** Parser tokens of a document: each scalar, member name, opening and closing bracket is one. */
  public static final int TOKENS_MAX = 200_000;

  /** With the default limit of bytes. */
  public static final CanonicalJson STANDARD = new CanonicalJson(BYTES_DEFAULT);

  /** For what is stored already, here or at a peer whose configured limit may be higher. */
  public static final CanonicalJson WIDEST = new CanonicalJson(BYTES_MAX);

  /** Where Jackson starts to speak of its own features instead of the text. */
  private static final List<String> ADVICE = List.of(" (for ", " (not recognized", ": enable `");

  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private final int bytesMax;
  private final JsonFactory factory;

  /** Accepts documents of up to {@code bytesMax} bytes, 1 to {@link #BYTES_MAX}. */
  public CanonicalJson(int bytesMax) {
    if (bytesMax < 1 || bytesMax > BYTES_MAX) {
      throw new KdeltaException.Invalid(
          "document limit", bytesMax + " bytes; it must be from 1 to " + BYTES_MAX);
    }
    this.bytesMax = bytesMax;
    // Our own checks come first and speak plainly; Jackson's own limits stand just behind them.
    // Its name table is off because it seeds itself by chance.
    this.factory =
        JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX + 1)
                    .maxTokenCount(TOKENS_MAX + 1L)
                    .maxDocumentLength(bytesMax)
                    .maxStringLength(bytesMax)
                    .maxNameLength(bytesMax)
                    .maxNumberLength(bytesMax)
                    .build())
            .build();
  }

  /** The canonical bytes of the JSON document in {@code text}; Invalid when it is not one. */
  public Bytes canonical(Bytes text) {
    if (text.size() <= bytesMax && CanonicalScan.isSure(text)) return text;
    return bounded(read(text));
  }

  /** The canonical bytes of {@code document}; Invalid when they are more than the limit. */
  public Bytes bounded(Json document) {
    Bytes canonical = write(document);
    // 1e20 grows to 21 digits, so a text within the limit can leave it in canonical form.
    if (canonical.size() > bytesMax) {
      throw new KdeltaException.Invalid(
          "document",
          canonical.size() + " bytes in canonical form; the limit is " + bytesMax + " bytes");
    }
    return canonical;
  }

  /** The JSON value that {@code text} is; Invalid when it is not one. */
  public Json read(Bytes text) {
    if (text.size() > bytesMax) {
      throw new KdeltaException.Invalid(
          "document", text.size() + " bytes; the limit is " + bytesMax + " bytes");
    }
    CharBuffer characters = decode(text);
    if (characters.hasRemaining() && characters.get(0) == BYTE_ORDER_MARK) {
      throw refusal(1, 1, "a byte order mark; JSON text starts with its value");
    }
    try (JsonParser parser = factory.createParser(characters.array(), 0, characters.remaining())) {
      return new Reading(parser).document();
    } catch (JsonEOFException e) {
      JsonLocation end = e.getLocation();
      throw refusal(end.getLineNr(), end.getColumnNr(), "the text ends within a value");
    } catch (JsonProcessingException e) {
      JsonLocation place = e.getLocation();
      throw refusal(place.getLineNr(), place.getColumnNr(), plain(e.getOriginalMessage()));
    } catch (IOException e) {
      throw new AssertionError("an array of characters cannot fail to be read", e);
    }
  }

  /** Whether {@code text} is a JSON document in exactly its canonical form. */
  public boolean isCanonical(Bytes text) {
    try {
      return canonical(text).equals(text);
    } catch (KdeltaException.Invalid _) {
      return false;
    }
  }

  /** The canonical bytes of a value, whatever its size. */
  public static Bytes write(Json value) {
    StringBuilder text = new StringBuilder();
    JsonWriter.write(value, text);
    return Bytes.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** The characters of {@code text}, from the start of the array of the buffer. */
  private static CharBuffer decode(Bytes text) {
    ByteBuffer source = text.buffer();
    CharBuffer characters = CharBuffer.allocate(text.size());
    CoderResult result =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT)
            .decode(source, characters, true);
    characters.flip();
    if (result.isUnderflow()) return characters;
    int line = 1;
    int lineStart = 0;
    for (int i = 0; i < characters.length(); i++) {
      char c = characters.get(i);
      boolean pair = c == '\r' && i + 1 < characters.length() && characters.get(i + 1) == '\n';
      if (c == '\n' || (c == '\r' && !pair)) {
        line++;
        lineStart = i + 1;
      }
    }
    String octet = String.format(Locale.ROOT, "0x%02X", source.get(source.position()));
    throw refusal(line, characters.length() - lineStart + 1, "byte " + octet + " is not UTF-8");
  }

  /** Jackson's words without its advice about features of Jackson. */
  private static String plain(String message) {
    if (message.startsWith("Non-standard token")) {
      return message.substring(0, message.indexOf(':')) + ": it is not JSON";
    }
    int end = message.length();
    for (String advice : ADVICE) {
      int start = message.indexOf(advice);
      if (start >= 0) end = Math.min(end, start);
    }
    return message.substring(0, end);
  }

  private static KdeltaException.Invalid refusal(int line, int column, String reason) {
    return new KdeltaException.Invalid("document at line " + line + ", column " + column, reason);
  }

  /** One pass over one text. */
  private static final class Reading {
    private final JsonParser parser;
    private int tokens;

    Reading(JsonParser parser) {
      this.parser = parser;
    }

    Json document() throws IOException {
      JsonToken first = next();
      if (first == null) {
        JsonLocation end = parser.currentLocation();
        throw CanonicalJson.refusal(
            end.getLineNr(), Math.max(1, end.getColumnNr()), "there is no JSON value");
      }
      Json value = value(first, 0);
      if (next() != null) throw refusal("something follows the JSON value");
      return value;
    }

    private Json value(JsonToken token, int depth) throws IOException {
      return switch (token) {
        case START_OBJECT -> members(depth + 1);
        case START_ARRAY -> items(depth + 1);
        case VALUE_STRING -> new Json.Text(wellFormed(parser.getText()));
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> numeral();
        case VALUE_TRUE -> new Json.Truth(true);
        case VALUE_FALSE -> new Json.Truth(false);
        case VALUE_NULL -> new Json.Null();
        case END_OBJECT, END_ARRAY, FIELD_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
            throw new AssertionError("the parser let " + token + " stand for a value");
      };
    }

    private Json members(int depth) throws IOException {
      refuseTooDeep(depth);
      TreeMap<String, Json> members = new TreeMap<>();
      for (JsonToken token = within(); token != JsonToken.END_OBJECT; token = within()) {
        String name = wellFormed(parser.currentName());
        if (members.containsKey(name)) {
          throw refusal(
              "member name " + CanonicalJson.write(new Json.Text(name)).utf8() + " twice");
        }
        members.put(name, value(within(), depth));
      }
      return new Json.Members(members);
    }

    private Json items(int depth) throws IOException {
      refuseTooDeep(depth);
      List<Json> items = new ArrayList<>();
      for (JsonToken token = within(); token != JsonToken.END_ARRAY; token = within()) {
        items.add(value(token, depth));
      }
      return new Json.Items(items);
    }

    private Json numeral() throws IOException {
      String literal = parser.getText();
      return new Json.Numeral(
          NumberForm.ofLiteral(literal)
              .orElseThrow(() -> refusal("the number is too large for a double")));
    }

    private String wellFormed(String text) {
      int at = 0;
      while (at < text.length()) {
        int point = text.codePointAt(at);
        // A surrogate that is half of a pair never shows as a code point of its own.
        if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
          throw refusal(
              String.format(Locale.ROOT, "the string has a lone surrogate, \\u%04x", point));
        }
        at += Character.charCount(point);
      }
      return text;
    }

    private void refuseTooDeep(int depth) {
      if (depth > DEPTH_MAX) throw refusal("deeper than " + DEPTH_MAX + " arrays and objects");
    }

    /** The next token where the grammar has to have one; Jackson throws when it has none. */
    private JsonToken within() throws IOException {
      JsonToken token = next();
      if (token == null) throw new AssertionError("the parser ended within a value");
      return token;
    }

    private @Nullable JsonToken next() throws IOException {
      JsonToken token = parser.nextToken();
      if (token != null && ++tokens > TOKENS_MAX) {
        throw refusal("more than " + TOKENS_MAX + " tokens");
      }
      return token;
    }

    private KdeltaException.Invalid refusal(String reason) {
      JsonLocation place = parser.currentTokenLocation();
      String path = parser.getParsingContext().pathAsPointer().toString();
      String within = path.isEmpty() ? "" : " (at " + path + ")";
      return CanonicalJson.refusal(place.getLineNr(), place.getColumnNr(), reason + within);
    }
  }
}
