package io.kdelta.cli;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Reads one document again and again while a person looks at a first prompt: what a {@code get}
 * runs through, here and in the node, is compiled by then, and the first one that is typed takes a
 * third of the time (node/BENCHMARK.md). It reads a key that there is, and writes nothing.
 *
 * <p>A thread of its own.
 */
final class WarmUp {
  private static final int READS = 400;
  private static final long NANOS_MAX = 1_800_000_000L;

  /** A larger document is not read again. */
  private static final long BYTES_MAX = 4 << 10;

  private final NodeNames names;
  private final ReadyCommands commands;
  private final BooleanSupplier over;

  /**
   * @param over whether a person has typed something, who comes first
   */
  WarmUp(NodeNames names, ReadyCommands commands, BooleanSupplier over) {
    this.names = names;
    this.commands = commands;
    this.over = over;
  }

  /** How many reads there were. */
  int run(Console console) {
    long end = System.nanoTime() + NANOS_MAX;
    String key = someKey();
    int reads = 0;
    if (key.isEmpty()) return reads;
    List<String> words = List.of("get", key);
    Counted said = new Counted();
    PrintStream out = new PrintStream(said, false, StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(OutputStream.nullOutputStream(), false);
    Console nowhere =
        new Console(out, err, InputStream.nullInputStream(), true, true, true, console.now());
    while (reads < READS && !over.getAsBoolean() && System.nanoTime() - end < 0) {
      if (commands.run(nowhere, "get", words) != ExitCode.DONE) break;
      reads++;
      if (said.bytes > BYTES_MAX * reads) break;
    }
    return reads;
  }

  /** The first one of the first namespace that has any; empty: there is none. */
  private String someKey() {
    for (String namespace : names.namespaces()) {
      if (over.getAsBoolean()) break;
      List<String> keys = names.keys(namespace, "").keys();
      String first = keys.isEmpty() ? "" : namespace + "/" + keys.getFirst();
      if (!first.isEmpty() && !first.startsWith("-")) return first;
    }
    return "";
  }

  /** Counts what it is given, and keeps none of it. */
  private static final class Counted extends OutputStream {
    private long bytes;

    @Override
    public void write(int b) {
      bytes++;
    }

    @Override
    public void write(byte[] buffer, int from, int count) {
      bytes += count;
    }
  }
}
