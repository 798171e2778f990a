package io.kdelta.sim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder of past failures, each as a scenario that is run for ever after, and of the scenarios
 * that people wrote. A tool's edge to the world, not part of any run.
 */
final class Corpus {
  /** How the files end. */
  static final String ENDING = ".scenario";

  private static final String RESOURCES = "cluster-tests/src/test/resources";

  private final Path resources;

  /**
   * @param root of the project
   */
  Corpus(Path root) {
    this.resources = root.resolve(RESOURCES);
  }

  /** Every scenario, as corpus/NAME or scenarios/NAME, in order. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    for (String folder : List.of("corpus", "scenarios")) {
      try (Stream<Path> files = Files.list(resources.resolve(folder))) {
        files
            .map(file -> file.getFileName().toString())
            .filter(name -> name.endsWith(ENDING))
            .sorted()
            .forEach(name -> names.add(folder + "/" + stem(name)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return names;
  }

  private static String stem(String file) {
    return file.substring(0, file.length() - ENDING.length());
  }

  Script read(String name) {
    return read(resources.resolve(name + ENDING));
  }

  static Script read(Path file) {
    try {
      return Script.parse(file.getFileName().toString(), Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Keeps what a failing seed was cut down to; the name of it. */
  String keep(Shrink.Failing failing, String oracle) {
    String name = "corpus/seed-" + failing.setup().seed();
    List<String> prose =
        List.of(
            "Seed " + failing.setup().seed() + ", cut down to what it takes to break " + oracle,
            failing.what().lines().findFirst().orElse(""));
    Path file = resources.resolve(name + ENDING);
    try {
      Files.createDirectories(resources.resolve("corpus"));
      Files.writeString(file, Script.of(prose, failing.setup(), failing.steps()).format());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return name;
  }

  /** The one command that runs a scenario again. */
  static String command(String name) {
    return "mvn -pl cluster-tests -am verify -Dtest=ScenarioTest"
        + " -Dsurefire.failIfNoSpecifiedTests=false -Dkdelta.scenario="
        + name;
  }
}
