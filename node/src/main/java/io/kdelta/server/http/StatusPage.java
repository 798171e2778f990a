package io.kdelta.server.http;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The status page: files from the jar, which fetch from this port alone. Immutable. */
final class StatusPage {
  /** Where it is. */
  static final String PATH = "/";

  /** Scripts and styles are files of ours; nothing is fetched from elsewhere, nothing framed. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final Map<String, String> FILES =
      Map.of(
          PATH,
          "status.html",
          "/status.css",
          "status.css",
          "/status.js",
          "status.js",
          "/graph.js",
          "graph.js",
          "/icon.svg",
          "icon.svg");

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  private StatusPage() {}

  static List<Route> routes() {
    return FILES.entrySet().stream()
        .map(file -> {
          Answer answer = load(file.getValue());
          return Route.free(file.getKey(), call -> answer);
        })
        .toList();
  }

  private static Answer load(String name) {
    try (InputStream in = StatusPage.class.getResourceAsStream(name)) {
      if (in == null) throw new AssertionError("no file " + name + " in the jar");
      String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
      if (type == null) throw new AssertionError("no type for " + name);
      TreeMap<String, String> headers = new TreeMap<>();
      headers.put("Content-Security-Policy", POLICY);
      return new Answer(200, type, headers, ByteString.readFrom(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
