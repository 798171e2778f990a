package io.kdelta.document;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One line of an import: a JSON object whose members have known names. Pure.
 *
 * @param members what the line has
 */
record JsonLine(Map<String, Json> members) {
  /** Reads a line; Invalid when it is not a JSON object. */
  static JsonLine read(Bytes line) {
    if (CanonicalJson.WIDEST.read(line) instanceof Json.Members(var members)) {
      return new JsonLine(members);
    }
    throw new KdeltaException.Invalid("line", "is not a JSON object");
  }

  /** The value of a member that has to be there; it may be null. */
  Json value(String name) {
    Json value = members.get(name);
    if (value == null) throw new KdeltaException.Invalid(name, "is missing");
    return value;
  }

  /** The string that has to be there. */
  String text(String name) {
    return text(name, value(name));
  }

  /** The strings of an array that has to be there. */
  List<String> texts(String name) {
    if (!(value(name) instanceof Json.Items(var items))) {
      throw new KdeltaException.Invalid(name, "is not an array");
    }
    List<String> texts = new ArrayList<>();
    for (Json item : items) texts.add(text(name, item));
    return texts;
  }

  /** Invalid when the line has a member of any other name, which would be lost. */
  void refuseOthers(String... names) {
    List<String> known = List.of(names);
    for (String name : members.keySet()) {
      if (!known.contains(name)) throw new KdeltaException.Invalid(name, "is not a known field");
    }
  }

  private static String text(String name, Json value) {
    if (value instanceof Json.Text(String text)) return text;
    throw new KdeltaException.Invalid(name, "is not a string");
  }
}
