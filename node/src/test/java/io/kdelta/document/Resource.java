package io.kdelta.document;

import io.kdelta.memory.Bytes;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Test data by its path on the class path. */
final class Resource {
  private Resource() {}

  /** All bytes of the file. */
  static Bytes bytes(String path) throws IOException {
    try (InputStream in = Resource.class.getResourceAsStream(path)) {
      if (in == null) throw new FileNotFoundException(path);
      return Bytes.wrap(in.readAllBytes());
    }
  }

  /** The lines of the file that are neither empty nor start with '#'. */
  static List<String> lines(String path) throws IOException {
    return bytes(path)
        .utf8()
        .lines()
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }
}
