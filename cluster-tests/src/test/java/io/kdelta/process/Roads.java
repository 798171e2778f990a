package io.kdelta.process;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The state of every directed link between two nodes, by their names. Thread-safe. */
final class Roads {
  /**
   * How bytes travel on one directed link.
   *
   * @param cut held back without end, as a network does that swallows packets
   * @param delayMillis how long each byte is on its way
   * @param bytesPerSecond how many arrive in a second
   */
  record Road(boolean cut, long delayMillis, long bytesPerSecond) {
    static final Road CLEAR = new Road(false, 0, Long.MAX_VALUE);
    static final Road CUT = new Road(true, 0, Long.MAX_VALUE);

    static Road slow(long delayMillis, long bytesPerSecond) {
      return new Road(false, delayMillis, bytesPerSecond);
    }
  }

  private final Map<String, Road> roads = new ConcurrentHashMap<>();
  private final AtomicLong carried = new AtomicLong();

  Road of(String from, String to) {
    return roads.getOrDefault(link(from, to), Road.CLEAR);
  }

  void set(String from, String to, Road road) {
    if (road.equals(Road.CLEAR)) roads.remove(link(from, to));
    else roads.put(link(from, to), road);
  }

  /** So many bytes have reached the far end of a link. */
  void carried(int bytes) {
    carried.addAndGet(bytes);
  }

  /**
   * Every byte that any link has carried so far, both ways: frames, headers and keep-alives too.
   */
  long carriedBytes() {
    return carried.get();
  }

  void healAll() {
    roads.clear();
  }

  private static String link(String from, String to) {
    return from + ">" + to;
  }
}
