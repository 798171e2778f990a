package io.kdelta.server.http;

import java.util.Map;

/** Limits of the HTTP port (security.md): every one is set, none is the default of the JDK. */
final class HttpLimits {
  /** Connections that wait to be accepted. */
  static final int BACKLOG = 128;

  /** Requests that the services carry out at once; those beyond wait. */
  static final int REQUESTS_MAX = 64;

  /** Who has waited so long is told to come again. */
  static final int QUEUE_SECONDS_MAX = 5;

  /** Watches at once; each holds a connection. */
  static final int WATCHES_MAX = 256;

  /** Bodies and answers up to this size have room whatever else there is. */
  static final int SMALL_BYTES = 16 << 10;

  /** Bytes of all larger bodies at once, unless one body may be larger. */
  static final int BODY_ROOM_BYTES = 16 << 20;

  /** Bytes of all larger answers that wait for their readers. */
  static final int ANSWER_ROOM_BYTES = 64 << 20;

  /** Whoever does not take so much of an answer in the time below is cut off. */
  static final int WRITE_BYTES = 64 << 10;

  static final int WRITE_SECONDS_MAX = 30;

  /** How long a client may ask the node to take, and what it is without a word. */
  static final int CALL_SECONDS_MAX = 60;

  static final int CALL_SECONDS_DEFAULT = 10;

  /** Of an import, how many lines are on their way at once. */
  static final int IMPORTS_IN_FLIGHT_MAX = 64;

  /** How long the port waits for answers under way when it closes. */
  static final int LAST_ANSWERS_SECONDS_MAX = 2;

  /** How much later than the core a request gives up: the core answers at its deadline. */
  static final int GRACE_SECONDS = 5;

  /** A watch ends after so long; its client goes on with the id of the last event. */
  static final int WATCH_SECONDS_MAX = 15 * 60;

  /** Query parameters of a request. */
  static final int PARAMETERS_MAX = 32;

  /** Connections at once. */
  private static final int CONNECTIONS_MAX = 1_024;

  /** Whoever sends a request byte by byte is cut off, and who connects and says nothing. */
  private static final int REQUEST_SECONDS_MAX = 10;

  /** Bytes of a body that nobody wants, read so that its sender hears why. */
  private static final int DRAIN_BYTES_MAX = 8 << 20;

  private static final int HEADER_BYTES_MAX = 16 << 10;
  private static final int HEADERS_MAX = 64;
  private static final int IDLE_SECONDS_MAX = 30;
  private static final int IDLE_CONNECTIONS_MAX = 512;
  private static final int TICK_MILLIS = 1_000;

  private HttpLimits() {}

  /** The JDK's server reads its limits once in a process, from the system's properties. */
  static void install() {
    Map<String, Integer> limits =
        Map.of(
            "jdk.httpserver.maxConnections", CONNECTIONS_MAX,
            "sun.net.httpserver.maxIdleConnections", IDLE_CONNECTIONS_MAX,
            "sun.net.httpserver.idleInterval", IDLE_SECONDS_MAX,
            "sun.net.httpserver.clockTick", TICK_MILLIS,
            "sun.net.httpserver.timerMillis", TICK_MILLIS,
            "sun.net.httpserver.maxReqTime", REQUEST_SECONDS_MAX,
            // From the end of the request to the end of the answer, which a watch is, too.
            "sun.net.httpserver.maxRspTime", WATCH_SECONDS_MAX + CALL_SECONDS_MAX,
            "sun.net.httpserver.maxReqHeaders", HEADERS_MAX,
            "sun.net.httpserver.maxReqHeaderSize", HEADER_BYTES_MAX,
            "sun.net.httpserver.drainAmount", DRAIN_BYTES_MAX);
    limits.forEach((name, value) -> System.setProperty(name, Integer.toString(value)));
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }
}
