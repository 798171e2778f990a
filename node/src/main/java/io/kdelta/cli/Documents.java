package io.kdelta.cli;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where a document on the command line comes from: the argument, a file or standard input. */
final class Documents {
  private Documents() {}

  /**
   * JSON text as typed, {@code @file} or {@code -}; absent means standard input, unless a person
   * sits there.
   */
  static ByteString read(Console console, @Nullable String argument) {
    try {
      if (argument == null || argument.equals("-")) {
        if (argument == null && console.outIsTerminal()) {
          console.notice("reading the document from standard input; Ctrl-D ends it");
        }
        return ByteString.readFrom(console.in());
      }
      if (argument.startsWith("@")) {
        Path file = Path.of(argument.substring(1));
        if (Files.isDirectory(file)) {
          throw CliException.usage("cannot read " + file + ": is a directory", null);
        }
        return ByteString.copyFrom(Files.readAllBytes(file));
      }
      return ByteString.copyFromUtf8(argument);
    } catch (NoSuchFileException e) {
      throw new CliException(ExitCode.USAGE, "INVALID_ARGUMENT", "no file " + e.getFile(), null, e);
    } catch (IOException e) {
      throw new CliException(
          ExitCode.USAGE, "INVALID_ARGUMENT", "cannot read the document: " + e, null, e);
    }
  }
}
