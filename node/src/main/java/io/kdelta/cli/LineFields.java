package io.kdelta.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.List;
import java.util.TreeMap;

/**
 * The members of a JSON object that stands on one line. Values stay the text they are: what a
 * document may be is for the node to say.
 */
final class LineFields {
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNestingDepth(100)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private final Lines.Line line;
  private final TreeMap<String, ByteString> values = new TreeMap<>();
  private final TreeMap<String, String> texts = new TreeMap<>();

  private LineFields(Lines.Line line) {
    this.line = line;
  }

  /** Reads the object; members other than {@code allowed} are a mistake, probably a misspelling. */
  static LineFields read(Lines.Line line, List<String> allowed) {
    LineFields fields = new LineFields(line);
    byte[] text = line.text().toArray();
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) throw fields.wrong("not a JSON object");
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (!allowed.contains(name)) {
          throw fields.wrong("member \"" + name + "\" is not one of " + String.join(", ", allowed));
        }
        JsonToken value = parser.nextToken();
        int from = (int) parser.currentTokenLocation().getByteOffset();
        if (value == JsonToken.VALUE_STRING) fields.texts.put(name, parser.getText());
        parser.skipChildren();
        parser.finishToken();
        int to = (int) parser.currentLocation().getByteOffset();
        fields.values.put(name, ByteString.copyFrom(text, from, to - from));
      }
      if (parser.nextToken() != null) throw fields.wrong("something follows the JSON object");
    } catch (JsonParseException e) {
      throw fields.wrong("column " + e.getLocation().getColumnNr() + ": " + e.getOriginalMessage());
    } catch (IOException e) {
      throw fields.wrong(String.valueOf(e.getMessage()));
    }
    return fields;
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  /** A member that is a string. */
  String text(String name) {
    String text = texts.get(name);
    if (text == null) {
      throw wrong(has(name) ? "\"" + name + "\" is not a string" : "\"" + name + "\" is missing");
    }
    return text;
  }

  /** A member as the JSON text it is. */
  ByteString raw(String name) {
    ByteString value = values.get(name);
    if (value == null) throw wrong("\"" + name + "\" is missing");
    return value;
  }

  CliException wrong(String what) {
    return CliException.usage(line.place() + ": " + what, null);
  }
}
