package io.kdelta.cli;

import io.kdelta.memory.Bytes;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The lines of a file or of standard input, as bytes, without the blank ones. One thread. */
final class Lines implements DocumentLines {
  /** More than the largest document with everything around it. */
  private static final int LINE_BYTES_MAX = 40 << 20;

  private static final int BUFFER_BYTES = 1 << 16;

  /**
   * One line.
   *
   * @param source the file, or standard input
   * @param number from 1
   */
  record Line(String source, long number, Bytes text) {
    /** Where it stands, for messages. */
    String place() {
      return source + ", line " + number;
    }
  }

  private final String source;
  private final InputStream in;
  private final long sizeBytes;
  private long number;
  private long readBytes;

  private Lines(String source, InputStream in, long sizeBytes) {
    this.source = source;
    this.in = in;
    this.sizeBytes = sizeBytes;
  }

  /** Opens a file; {@code -} is standard input. */
  static Lines open(Console console, String source) {
    if (source.equals("-")) {
      return new Lines("standard input", new BufferedInputStream(console.in(), BUFFER_BYTES), -1);
    }
    Path path = Path.of(source);
    if (Files.isDirectory(path)) {
      throw CliException.usage("cannot read " + source + ": is a directory", null);
    }
    try {
      long size = Files.isRegularFile(path) ? Files.size(path) : -1;
      InputStream in = new BufferedInputStream(Files.newInputStream(path), BUFFER_BYTES);
      return new Lines(source, in, size);
    } catch (NoSuchFileException e) {
      throw new CliException(ExitCode.USAGE, "INVALID_ARGUMENT", "no file " + source, null, e);
    } catch (IOException e) {
      throw new CliException(
          ExitCode.USAGE, "INVALID_ARGUMENT", "cannot read " + source + ": " + e, null, e);
    }
  }

  /** The next line that is not blank, or null at the end. */
  @Override
  public @Nullable Line next() {
    try {
      while (true) {
        Bytes text = readLine();
        if (text == null) return null;
        number++;
        if (!blank(text)) return new Line(source, number, text);
      }
    } catch (IOException e) {
      throw new CliException(
          ExitCode.UNEXPECTED, "UNEXPECTED", "cannot read " + source + ": " + e, null, e);
    }
  }

  /** Bytes read so far. */
  @Override
  public long readBytes() {
    return readBytes;
  }

  /** Bytes there are, or -1 when nobody knows. */
  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  private @Nullable Bytes readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(512);
    int b = in.read();
    if (b < 0) return null;
    while (b >= 0 && b != '\n') {
      if (line.size() == LINE_BYTES_MAX) {
        throw CliException.usage(
            source + ", line " + (number + 1) + " is longer than " + LINE_BYTES_MAX + " bytes",
            null);
      }
      line.write(b);
      b = in.read();
    }
    readBytes += line.size() + 1L;
    return Bytes.wrap(line.toByteArray());
  }

  private static boolean blank(Bytes text) {
    for (int i = 0; i < text.size(); i++) {
      if (text.at(i) > ' ' || text.at(i) < 0) return false;
    }
    return true;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
