package io.kdelta.sim;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a batch of runs did, for people: printed, and kept beside what the build made. */
final class Reports {
  private static final Path FOLDER =
      Path.of(System.getProperty("kdelta.root"), "cluster-tests/target/simulation");

  private Reports() {}

  /** Prints it, and keeps it as target/simulation/NAME.txt in place of the last one. */
  static void keep(String name, String text) throws IOException {
    new PrintStream(System.out, true, StandardCharsets.UTF_8).print(text);
    Files.createDirectories(FOLDER);
    Files.writeString(FOLDER.resolve(name + ".txt"), text);
  }
}
