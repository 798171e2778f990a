package io.kdelta.server.http;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One path with its variables: {@code {name}} is one segment, {@code {key}} is all that is left,
 * slashes included. Immutable.
 *
 * @param parameters that its query may have
 * @param asks whether it asks a service, which is not to be had at all times
 */
record Route(
    String method, List<String> pattern, List<String> parameters, boolean asks, Handler handler) {
  private static final String REST = "{key}";

  /** Carries out a request. */
  interface Handler {
    /** Throws a {@link Refusal}, a KdeltaException or an error of a service. */
    Answer handle(HttpCall call);
  }

  /**
   * Reads {@code "GET /v1/kv/{ns}/{key}"}.
   *
   * @param parameters of the query
   */
  static Route of(String text, List<String> parameters, Handler handler) {
    return of(text, parameters, true, handler);
  }

  /** One that asks nobody, and so is always answered. */
  static Route free(String path, Handler handler) {
    return of("GET " + path, List.of(), false, handler);
  }

  private static Route of(String text, List<String> parameters, boolean asks, Handler handler) {
    int space = text.indexOf(' ');
    return new Route(
        text.substring(0, space),
        List.of(text.substring(space + 2).split("/")),
        List.copyOf(parameters),
        asks,
        handler);
  }

  /** What the variables are, still encoded; null for another path. */
  @Nullable Map<String, String> match(String rawPath) {
    Map<String, String> variables = new TreeMap<>();
    int at = 1;
    for (String part : pattern) {
      if (at > rawPath.length()) return null;
      int slash = rawPath.indexOf('/', at);
      int end = slash < 0 || part.equals(REST) ? rawPath.length() : slash;
      String segment = rawPath.substring(at, end);
      if (part.startsWith("{")) variables.put(part.substring(1, part.length() - 1), segment);
      else if (!part.equals(segment)) return null;
      at = end + 1;
    }
    return at == rawPath.length() + 1 ? variables : null;
  }

  /** The path with the names of its variables. */
  String name() {
    return "/" + String.join("/", pattern);
  }

  /** HEAD is GET without a body. */
  boolean takes(String asked) {
    return method.equals(asked) || (method.equals("GET") && asked.equals("HEAD"));
  }
}
