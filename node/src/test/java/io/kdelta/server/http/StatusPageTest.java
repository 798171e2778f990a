package io.kdelta.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the status page shows nodes, conflicts, keys and the picture of a history, and nothing that
 * a document says becomes markup. Method: headless Chromium renders it from a real node and prints
 * the document; without Chromium it is skipped. {@code -Dkdelta.screenshot=FILE} keeps a picture.
 */
final class StatusPageTest {
  private static final List<String> NAMES =
      List.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome");

  @Test
  void thePageAsABrowserShowsIt(@TempDir Path directory) throws Exception {
    Optional<Path> browser = NAMES.stream().map(Path::of).filter(Files::isExecutable).findFirst();
    assumeTrue(browser.isPresent(), "no Chromium on this machine");
    try (HttpNode node = new HttpNode()) {
      node.put("/v1/kv/users/alice", "{\"name\":\"Alice\"}");
      String base = node.get("/v1/kv/users/alice").header("Kdelta-Version");
      node.put("/v1/kv/users/alice?parents=" + base, "{\"name\":\"Alice\",\"age\":31}");
      String other = "{\"name\":\"<img src=x onerror=alert(1)>\"}";
      String second =
          node.put("/v1/kv/users/alice?note=renamed&parents=" + base, other)
              .header("Kdelta-Version");
      node.put("/v1/kv/users/%3Cb%3Ebo", "{}");

      String page = dump(browser.get(), directory, node.url("/#/users/alice"));
      assertTrue(page.contains("data-shown=\"true\""), page);
      assertTrue(page.contains(">1 node<"), page);
      assertTrue(page.contains("class=\"state alive\""), page);
      assertTrue(page.contains("href=\"#/users/alice\">users/alice</a>"), page);
      assertTrue(page.contains("  2 heads</small>"), page);
      assertTrue(page.contains("3 versions, 2 heads: a conflict"), page);
      assertTrue(page.contains("data-id=\"" + base + "\""), page);
      assertEquals(2, count(page, "class=\"version put conflict\""), page);
      assertEquals(2, count(page, "<path class=\"edge\""), page);
      assertTrue(page.contains(second.substring(0, 8)), page);
      assertTrue(page.contains("&lt;b&gt;bo</a>"), page);
      assertFalse(page.contains("<img src=\"x\"") || page.contains("<img src=x"), page);
      String picture = System.getProperty("kdelta.screenshot");
      if (picture != null) {
        run(
            browser.get(),
            directory,
            "--screenshot=" + picture,
            "--window-size=1280,1100",
            node.url("/#/users/alice"));
      }
    }
  }

  private static int count(String text, String part) {
    return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
  }

  private static String dump(Path browser, Path directory, String url) throws Exception {
    return run(browser, directory, "--dump-dom", url);
  }

  private static String run(Path browser, Path directory, String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                browser.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--virtual-time-budget=4000",
                "--timeout=60000",
                "--user-data-dir=" + directory.resolve("profile")));
    command.addAll(List.of(more));
    return Program.run(directory, Duration.ofSeconds(90), command);
  }
}
