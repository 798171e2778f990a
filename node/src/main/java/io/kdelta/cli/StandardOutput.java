package io.kdelta.cli;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A buffered stream of text that remembers why it could not be written. One thread. */
final class StandardOutput extends PrintStream {
  private static final int BUFFER_BYTES = 1 << 16;

  private final Sink sink;

  /** {@code target}: unbuffered, such as a descriptor. */
  StandardOutput(OutputStream target) {
    this(new Sink(target));
  }

  private StandardOutput(Sink sink) {
    super(new BufferedOutputStream(sink, BUFFER_BYTES), false, StandardCharsets.UTF_8);
    this.sink = sink;
  }

  /** What a person must be told, once; null when all went well or the reader has just left. */
  @Nullable String complaint() {
    IOException failure = sink.failure;
    sink.failure = null;
    if (failure == null) return null;
    String why = String.valueOf(failure.getMessage());
    return why.contains("Broken pipe") ? null : "cannot write to standard output: " + why;
  }

  /** Beneath the print stream, which tells of no exception. */
  private static final class Sink extends FilterOutputStream {
    private @Nullable IOException failure;

    Sink(OutputStream target) {
      super(target);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      try {
        out.write(bytes, from, count);
      } catch (IOException e) {
        if (failure == null) failure = e;
        throw e;
      }
    }
  }
}
