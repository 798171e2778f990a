package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: whoever writes a program in Java needs the client jar and its libraries, and nothing of the
 * node. Method: the jar that the build made; which classes of ours its classes name; and a program
 * of one file, in a JVM with that jar alone on its class path, beside a node in another.
 */
final class ClientJarTest {
  private static final Path ROOT = Path.of(System.getProperty("kdelta.root", ".."));
  private static final Path JAR = ROOT.resolve("node/client/target/kdelta-client.jar");
  private static final Path PROGRAM = ROOT.resolve("cluster-tests/src/test/plain/Notes.java");

  /** What is in the jar: the two packages, and foundations by name. */
  private static final List<String> FLOORS =
      List.of("causal", "client", "env", "error", "memory", "tls", "wire");

  @TempDir private Path folder;

  @BeforeAll
  static void built() {
    assumeTrue(Files.exists(JAR), "skipped: no " + JAR + "; mvn package makes it");
  }

  @Test
  void theJarNamesNothingOfTheNode() throws Exception {
    TreeSet<String> held = new TreeSet<>(classesOf(JAR));
    TreeSet<String> there = new TreeSet<>(held);
    TreeSet<String> libraries = new TreeSet<>();
    try (Stream<Path> files = Files.list(JAR.resolveSibling("lib"))) {
      for (Path library : files.toList()) {
        libraries.add(library.getFileName().toString());
        there.addAll(classesOf(library));
      }
    }
    TreeSet<String> missing = new TreeSet<>();
    try (JarFile jar = new JarFile(JAR.toFile())) {
      for (JavaClass type : new ClassFileImporter().importJar(jar)) {
        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
          JavaClass named = dependency.getTargetClass().getBaseComponentType();
          String name = named.getFullName();
          if (!named.isPrimitive() && !name.startsWith("java") && !there.contains(name)) {
            missing.add(name);
          }
        }
      }
    }
    assertEquals(new TreeSet<String>(), missing, "to be named in node/client/pom.xml");
    assertEquals(
        new TreeSet<>(FLOORS),
        held.stream()
            .map(name -> name.split("\\.", -1)[2])
            .collect(Collectors.toCollection(TreeSet::new)));
    for (String ofTheNode :
        List.of(
            "kdelta-node",
            "kdelta-storage",
            "kdelta-reconciliation",
            "picocli",
            "jackson",
            "micrometer")) {
      assertTrue(libraries.stream().noneMatch(name -> name.startsWith(ofTheNode)), ofTheNode);
    }
  }

  private static List<String> classesOf(Path jar) throws IOException {
    try (JarFile open = new JarFile(jar.toFile())) {
      return open.stream()
          .map(ZipEntry::getName)
          .filter(name -> name.endsWith(".class"))
          .map(name -> name.substring(0, name.length() - ".class".length()).replace('/', '.'))
          .toList();
    }
  }

  @Test
  void aProgramOfOneFileHasAllItNeeds() throws Exception {
    try (NodeProcess node =
        new NodeProcess(
            "plain",
            folder.resolve("data"),
            folder.resolve("log"),
            NodeProcess.freePort(),
            List.of(),
            List.of())) {
      node.start();
      node.awaitReady();
      Path said = folder.resolve("said");
      Process program =
          Guard.start(
              new ProcessBuilder(
                      Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                      "-cp",
                      JAR.toString(),
                      PROGRAM.toString(),
                      node.address())
                  .redirectOutput(said.toFile())
                  .redirectError(folder.resolve("warned").toFile()));
      assertTrue(program.waitFor(60, TimeUnit.SECONDS), "the program ends");
      int code = Guard.awaitEnd(program);
      String output = Files.readString(said, StandardCharsets.UTF_8);
      assertEquals(0, code, output + Files.readString(folder.resolve("warned")));
      assertEquals(
          """
          get {"text":"call Bo"}
          seen [monday, tuesday]
          then DELETE monday
          away notes/monday
          refused document at line 1
          versions 2
          """,
          output.replaceAll(", column \\d+", ""));
    }
  }
}
