package io.kdelta.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Goal: the bill of materials names every jar that a node runs with, and none besides. Method: what
 * the build wrote (mvn verify) beside what lies in lib/.
 */
final class SbomTest {
  private static final Path TARGET =
      Path.of(System.getProperty("kdelta.root", "..")).resolve("node/target");
  private static final Path BILL = TARGET.resolve("kdelta-sbom.json");

  @Test
  void everyJarIsNamed() throws Exception {
    assumeTrue(Files.exists(BILL), "skipped: no " + BILL + "; mvn verify makes it");
    JsonNode bill = new ObjectMapper().readTree(BILL.toFile());
    assertEquals("CycloneDX", bill.path("bomFormat").asText());
    TreeSet<String> named = new TreeSet<>();
    for (JsonNode component : bill.path("components")) {
      String name = component.path("name").asText() + "-" + component.path("version").asText();
      named.add(name + ".jar");
      assertTrue(component.path("purl").asText().startsWith("pkg:maven/"), name);
      boolean ours = component.path("group").asText().equals("io.kdelta");
      assertTrue(ours || !component.path("hashes").isEmpty(), "the hashes of " + name);
    }
    TreeSet<String> held = new TreeSet<>();
    try (Stream<Path> jars = Files.list(TARGET.resolve("lib"))) {
      jars.forEach(jar -> held.add(jar.getFileName().toString()));
    }
    assertEquals(held, named);
  }
}
