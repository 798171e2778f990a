package io.kdelta.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import io.kdelta.wire.JsonShapes;

/**
 * JSON as the command line writes it. Documents are embedded as the text the node sent, never
 * parsed and printed again, so that no number changes on its way.
 */
final class Json {
  private Json() {}

  static ObjectNode object() {
    return JsonShapes.object();
  }

  /** JSON text as a node; empty text is null. */
  static JsonNode raw(ByteString text) {
    return JsonShapes.raw(text);
  }

  /** One line. */
  static String text(JsonNode node) {
    return JsonShapes.text(node);
  }
}
