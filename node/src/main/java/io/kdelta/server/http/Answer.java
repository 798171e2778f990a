package io.kdelta.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import io.kdelta.wire.JsonShapes;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a request is answered with. Not to be changed after it was handed on.
 *
 * @param status of HTTP
 * @param headers beside the content type
 */
record Answer(int status, String contentType, Map<String, String> headers, ByteString body) {
  static final String JSON = "application/json";
  private static final String TEXT = "text/plain; charset=utf-8";

  /** A value of JSON, done. */
  static Answer json(JsonNode value) {
    return json(200, value);
  }

  static Answer json(int status, JsonNode value) {
    return text(status, JSON, JsonShapes.text(value));
  }

  /** A document as the node keeps it. */
  static Answer document(ByteString json) {
    return new Answer(200, JSON, new TreeMap<>(), json);
  }

  /** A line of text. */
  static Answer text(int status, String line) {
    return text(status, TEXT, line + "\n");
  }

  static Answer text(int status, String contentType, String text) {
    return new Answer(status, contentType, new TreeMap<>(), ByteString.copyFromUtf8(text));
  }

  /** Bytes of whatever kind. */
  static Answer bytes(int status, String contentType, ByteString body) {
    return new Answer(status, contentType, new TreeMap<>(), body);
  }

  /** Nothing but headers. */
  static Answer empty(int status) {
    return new Answer(status, JSON, new TreeMap<>(), ByteString.EMPTY);
  }

  /** The same with one header more; an empty value is none. */
  Answer with(String name, String value) {
    if (!value.isEmpty()) headers.put(name, value);
    return this;
  }
}
