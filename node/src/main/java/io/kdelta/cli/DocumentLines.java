package io.kdelta.cli;

import org.jspecify.annotations.Nullable;

/** Where an import takes its documents from, {@code {"key","value"}} each. One thread. */
interface DocumentLines extends AutoCloseable {
  /** The next one, or null at the end. Usage, with its place, for what is none. */
  Lines.@Nullable Line next();

  /** Bytes read so far. */
  long readBytes();

  /** Bytes there are, or -1 when nobody knows. */
  long sizeBytes();

  @Override
  void close();
}
