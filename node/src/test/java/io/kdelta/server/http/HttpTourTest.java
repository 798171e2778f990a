package io.kdelta.server.http;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a stock client, curl, can use all of the port. Method: the tour in the resources, against a
 * real node; without curl it is skipped.
 */
final class HttpTourTest {
  @Test
  void aProgramThatHangsFailsItsTest(@TempDir Path directory) {
    List<String> hangs = List.of("sh", "-c", "echo waiting; sleep 600");
    AssertionError error =
        assertThrows(
            AssertionError.class, () -> Program.run(directory, Duration.ofMillis(300), hangs));
    assertTrue(String.valueOf(error.getMessage()).contains("does not end\nwaiting"));
  }

  @Test
  void theTourWithCurl(@TempDir Path directory) throws Exception {
    assumeTrue(there("curl"), "no curl on this machine");
    Path script = directory.resolve("http-tour.sh");
    try (var in = HttpTourTest.class.getResourceAsStream("/http-tour.sh")) {
      assertTrue(in != null, "the script");
      Files.write(script, in.readAllBytes());
    }
    try (HttpNode node = new HttpNode()) {
      String told =
          Program.run(
              directory, Duration.ofMinutes(1), List.of("sh", script.toString(), node.url("")));
      assertTrue(told.endsWith("# done\n"), told);
    }
  }

  private static boolean there(String program) {
    try {
      return new ProcessBuilder(program, "--version").redirectErrorStream(true).start().waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
