package io.kdelta.image;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * The files of one layer, by their names in the image, in the order of the names. Folders come of
 * themselves, owned by root. One thread.
 */
final class Layer {
  private static final int ROOT = 0;
  private static final int MODE_FOLDER = 0755;
  private static final int MODE_FILE = 0644;
  private static final int MODE_PROGRAM = 0755;

  private final TreeMap<String, Entry> entries = new TreeMap<>();

  private sealed interface Entry {
    record Folder(int mode, int owner) implements Entry {}

    record Link(String target) implements Entry {}

    record Source(Path file, int mode) implements Entry {}

    record Text(String content) implements Entry {}
  }

  /**
   * A layer as it lies in an image.
   *
   * @param digest SHA-256 of the packed bytes, in hexadecimal digits
   * @param size of the packed bytes
   * @param unpackedDigest SHA-256 of the tar within
   */
  record Written(String digest, long size, String unpackedDigest) {}

  Layer folder(String name, int mode, int owner) {
    return put(name, new Entry.Folder(mode, owner));
  }

  Layer link(String name, String target) {
    return put(name, new Entry.Link(target));
  }

  Layer text(String name, String content) {
    return put(name, new Entry.Text(content));
  }

  Layer file(String name, Path source) {
    return put(name, new Entry.Source(source, MODE_FILE));
  }

  Layer program(String name, Path source) {
    return put(name, new Entry.Source(source, MODE_PROGRAM));
  }

  /** Everything below a folder; links within it stay links. */
  Layer tree(String name, Path source) throws IOException {
    try (Stream<Path> walk = Files.walk(source)) {
      walk.filter(path -> !path.equals(source)).forEach(path -> add(name, source, path));
    }
    return this;
  }

  private void add(String name, Path source, Path path) {
    String inside = name + "/" + source.relativize(path);
    try {
      if (Files.isSymbolicLink(path)) link(inside, Files.readSymbolicLink(path).toString());
      else if (Files.isDirectory(path)) folder(inside, MODE_FOLDER, ROOT);
      else if (Files.isExecutable(path)) program(inside, path);
      else file(inside, path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Layer put(String name, Entry entry) {
    int slash = name.lastIndexOf('/');
    if (slash > 0) {
      String parent = name.substring(0, slash);
      if (!entries.containsKey(parent)) put(parent, new Entry.Folder(MODE_FOLDER, ROOT));
    }
    entries.put(name, entry);
    return this;
  }

  /** Writes the packed tar to a file. */
  Written write(Path target) throws IOException {
    DigestOutputStream packed =
        new DigestOutputStream(
            new BufferedOutputStream(Files.newOutputStream(target)), Sha256.fresh());
    DigestOutputStream unpacked =
        new DigestOutputStream(new GZIPOutputStream(packed), Sha256.fresh());
    try (OutputStream buffered = new BufferedOutputStream(unpacked, 1 << 16);
        TarWriter tar = new TarWriter(buffered)) {
      for (Map.Entry<String, Entry> entry : entries.entrySet()) write(tar, entry);
    }
    return new Written(
        Sha256.hex(packed.getMessageDigest()),
        Files.size(target),
        Sha256.hex(unpacked.getMessageDigest()));
  }

  private static void write(TarWriter tar, Map.Entry<String, Entry> named) throws IOException {
    String name = named.getKey();
    switch (named.getValue()) {
      case Entry.Folder(int mode, int owner) -> tar.directory(name, mode, owner);
      case Entry.Link(String target) -> tar.link(name, target);
      case Entry.Source(Path file, int mode) -> tar.file(name, mode, ROOT, file);
      case Entry.Text(String content) ->
          tar.file(name, MODE_FILE, ROOT, content.getBytes(StandardCharsets.UTF_8));
    }
  }
}
