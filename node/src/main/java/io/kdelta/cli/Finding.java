package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one check of {@code kdelta doctor} found.
 *
 * @param what in a sentence, with the values
 * @param hint what to do; null: nothing
 */
record Finding(String check, State state, String what, @Nullable String hint) {
  /** How it is. */
  enum State {
    OK,
    WARN,
    FAIL
  }

  static Finding ok(String check, String what) {
    return new Finding(check, State.OK, what, null);
  }

  static Finding warn(String check, String what, @Nullable String hint) {
    return new Finding(check, State.WARN, what, hint);
  }

  static Finding fail(String check, String what, @Nullable String hint) {
    return new Finding(check, State.FAIL, what, hint);
  }

  String word() {
    return state.name().toLowerCase(Locale.ROOT);
  }

  ObjectNode json() {
    ObjectNode json = Json.object();
    json.put("check", check);
    json.put("state", word());
    json.put("what", what);
    json.put("hint", hint);
    return json;
  }
}
