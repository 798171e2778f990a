package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Goal: the listener of a port is found in the tables of proc(5). Method: lines of a real one. */
final class PortOwnerTest {
  private static final List<String> TABLE =
      List.of(
          "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
              + "  timeout inode",
          "   0: 0100007F:1EC6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0"
              + "        0 4711 1 0000000000000000 100 0 0 10 0",
          "   1: 0100007F:1EC6 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0"
              + "        0 4712 1 0000000000000000 20 4 30 10 -1",
          "   2: 00000000:1EC8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0"
              + "        0 4713 1 0000000000000000 100 0 0 10 0");

  @Test
  void findsListenersAlone() {
    TreeSet<String> sockets = new TreeSet<>();
    PortOwner.collect(TABLE, 7878, sockets);
    assertEquals(Set.of("socket:[4711]"), sockets);
  }
}
