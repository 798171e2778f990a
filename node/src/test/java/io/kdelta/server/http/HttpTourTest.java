package io.kdelta.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: a stock client, curl, can use all of the port. Method: the tour in the resources, against a
 * real node; without curl it is skipped.
 */
final class HttpTourTest {
  @Test
  void theTourWithCurl(@TempDir Path directory) throws Exception {
    assumeTrue(there("curl"), "no curl on this machine");
    Path script = directory.resolve("http-tour.sh");
    try (var in = HttpTourTest.class.getResourceAsStream("/http-tour.sh")) {
      assertTrue(in != null, "the script");
      Files.write(script, in.readAllBytes());
    }
    try (HttpNode node = new HttpNode()) {
      Process process =
          new ProcessBuilder("sh", script.toString(), node.url(""))
              .redirectErrorStream(true)
              .start();
      String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), told);
      assertEquals(0, process.exitValue(), told);
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
