package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: an address that is none is a usage error, at once. Method: examples. */
final class ServersTest {
  @Test
  void addresses() {
    assertEquals(
        List.of("a:1", "b:7878", "[::1]:7", "[fe80::1%eth0]:7878", "[::2]:7878"),
        Servers.parse("a:1, b,[::1]:7,[fe80::1%eth0],::2", "").addresses());
  }

  @Test
  void whatIsNoAddress() {
    for (String text :
        List.of(
            "[:7878",
            "]:7878",
            "[::1:7878",
            "a]:1",
            "[]:1",
            ":7878",
            "a:",
            "a:x",
            "a:65536",
            "a b:1",
            "http://a:1",
            "a/b",
            "",
            ",")) {
      CliException told = assertThrows(CliException.class, () -> Servers.parse(text, ""), text);
      assertEquals(ExitCode.USAGE, told.exitCode(), text);
    }
  }
}
