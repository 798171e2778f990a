package io.kdelta.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.google.protobuf.ByteString;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.Version;
import java.io.IOException;
import java.util.List;
import java.util.TreeMap;

/**
 * One line of a batch: {@code {"op": "put" or "del", "key": "NS/KEY", "value", "if", "note"}}.
 * Values stay the text they are: what a document may be is for the node to say. Pure.
 */
public final class BatchLine {
  private static final List<String> MEMBERS = List.of("op", "key", "value", "if", "note");
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

  private final TreeMap<String, ByteString> values = new TreeMap<>();
  private final TreeMap<String, String> texts = new TreeMap<>();

  private BatchLine() {}

  /**
   * Reads a line; Invalid, with what is wrong as its reason, for anything else. Members that are
   * not known are a mistake, probably a misspelling.
   *
   * @param note of a line without one
   */
  public static BatchWriteRequest.Operation read(byte[] text, String note) {
    BatchLine line = new BatchLine();
    line.parse(text);
    String key = line.text("key");
    int slash = key.indexOf('/');
    if (slash <= 0 || slash == key.length() - 1) {
      throw wrong("'" + key + "' is not a key: write NAMESPACE/KEY, for example users/alice");
    }
    BatchWriteRequest.Operation.Builder operation =
        BatchWriteRequest.Operation.newBuilder()
            .setNamespace(key.substring(0, slash))
            .setKey(key.substring(slash + 1))
            .setNote(line.values.containsKey("note") ? line.text("note") : note);
    if (line.values.containsKey("if")) operation.setIfState(line.text("if"));
    String op = line.text("op");
    switch (op) {
      case "put" -> operation.setKind(Version.Kind.PUT).setValue(line.raw("value"));
      case "del" -> operation.setKind(Version.Kind.DELETE);
      default -> throw wrong("op '" + op + "' is neither put nor del");
    }
    return operation.build();
  }

  private void parse(byte[] text) {
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) throw wrong("not a JSON object");
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (!MEMBERS.contains(name)) {
          throw wrong("member \"" + name + "\" is not one of " + String.join(", ", MEMBERS));
        }
        JsonToken value = parser.nextToken();
        int from = (int) parser.currentTokenLocation().getByteOffset();
        if (value == JsonToken.VALUE_STRING) texts.put(name, parser.getText());
        parser.skipChildren();
        parser.finishToken();
        int to = (int) parser.currentLocation().getByteOffset();
        values.put(name, ByteString.copyFrom(text, from, to - from));
      }
      if (parser.nextToken() != null) throw wrong("something follows the JSON object");
    } catch (JsonParseException e) {
      throw wrong("column " + e.getLocation().getColumnNr() + ": " + e.getOriginalMessage());
    } catch (IOException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  /** A member that is a string. */
  private String text(String name) {
    String text = texts.get(name);
    if (text == null) {
      boolean there = values.containsKey(name);
      throw wrong(there ? "\"" + name + "\" is not a string" : "\"" + name + "\" is missing");
    }
    return text;
  }

  /** A member as the JSON text it is. */
  private ByteString raw(String name) {
    ByteString value = values.get(name);
    if (value == null) throw wrong("\"" + name + "\" is missing");
    return value;
  }

  private static KdeltaException.Invalid wrong(String what) {
    return new KdeltaException.Invalid("line", what);
  }
}
