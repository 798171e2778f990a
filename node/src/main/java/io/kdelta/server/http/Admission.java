package io.kdelta.server.http;

import com.google.rpc.Code;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps pages of other sites out, since nobody is authenticated yet: no page that a browser of this
 * machine shows, but our own, may read or write here. Three locks, each enough for most:
 *
 * <ul>
 *   <li>the Host must be one of this node ({@link Hosts}), so a foreign name that was made to point
 *       here (DNS rebinding) opens nothing;
 *   <li>what a browser says of itself (Origin, Sec-Fetch-Site) must name this very port;
 *   <li>what writes must be JSON by its type, which a form cannot send and a script only after a
 *       preflight, which is never granted.
 * </ul>
 *
 * Immutable.
 */
final class Admission {
  private static final Set<String> WRITING = Set.of("PUT", "POST");
  private static final List<String> TYPES =
      List.of("application/json", "application/x-ndjson", CallRoutes.PROTOBUF);

  /** Names the port of gRPC of a node, both ways: a client that takes this node for another one. */
  static final String DOOR = "Kdelta-Grpc-Port";

  private final Hosts hosts;
  private final String door;

  /**
   * @param hosts what the port is called
   * @param door the port of gRPC beside it
   */
  Admission(Hosts hosts, int door) {
    this.hosts = hosts;
    this.door = Integer.toString(door);
  }

  /** Throws a {@link Refusal} for what may not come in. */
  void check(HttpExchange exchange) {
    Headers headers = exchange.getRequestHeaders();
    String host = host(exchange.getRequestURI(), headers);
    if (!hosts.admit(host)) {
      throw Refusal.of(
          421,
          Code.PERMISSION_DENIED,
          "HOST",
          "this port answers to " + hosts + ", not to '" + host + "'",
          hosts.hint());
    }
    if (foreign(exchange, headers, host)) {
      throw Refusal.of(
          403,
          Code.PERMISSION_DENIED,
          "CROSS_SITE",
          "a page of another site may not ask this node",
          "");
    }
    @Nullable String meant = headers.getFirst(DOOR);
    if (meant != null && !meant.strip().equals(door)) {
      throw Refusal.of(
          421,
          Code.FAILED_PRECONDITION,
          "DOOR",
          "this node has gRPC on port " + door + ", not on " + meant,
          "ask the HTTP port of the node that was meant");
    }
    if (WRITING.contains(exchange.getRequestMethod())) requireType(headers);
  }

  private static String host(URI target, Headers headers) {
    @Nullable List<String> hosts = headers.get("Host");
    String host = hosts == null || hosts.size() != 1 ? "" : hosts.getFirst().strip();
    @Nullable String absolute = target.getRawAuthority();
    if (host.isEmpty() || (absolute != null && !absolute.equalsIgnoreCase(host))) {
      throw Refusal.of(400, Code.INVALID_ARGUMENT, "INVALID", "a request has one Host header", "");
    }
    return host.toLowerCase(Locale.ROOT);
  }

  private static boolean foreign(HttpExchange exchange, Headers headers, String host) {
    @Nullable String origin = headers.getFirst("Origin");
    if (origin != null) {
      String from = origin.toLowerCase(Locale.ROOT);
      if (!from.equals("http://" + host) && !from.equals("https://" + host)) return true;
    }
    @Nullable String site = headers.getFirst("Sec-Fetch-Site");
    if (site == null || site.equals("same-origin") || site.equals("none")) return false;
    // A link to the status page may stand anywhere: who follows it sees our page, not another one.
    boolean page = exchange.getRequestURI().getRawPath().equals(StatusPage.PATH);
    return !(page && "navigate".equals(headers.getFirst("Sec-Fetch-Mode")));
  }

  private static void requireType(Headers headers) {
    @Nullable String type = headers.getFirst("Content-Type");
    String bare = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (TYPES.contains(bare)) return;
    throw Refusal.of(
        415,
        Code.INVALID_ARGUMENT,
        "CONTENT_TYPE",
        bare.isEmpty() ? "no content type" : "the content type is '" + type + "'",
        "send Content-Type: application/json");
  }
}
