package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code kdelta import FILE|- --namespace NS}: lines of a file as documents or as a whole history.
 * Pipelined. What was acknowledged stays when it is interrupted, and a second run adds only what is
 * missing.
 */
@Command(name = "import", description = "Import documents, or a history, a line each.")
final class ImportCommand implements Callable<Integer> {
  /** What a line is. */
  enum Source {
    JSONL,
    CSV,
    GIT_HISTORY;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "FILE|-", description = "What to read; -: standard input.")
  private String file = "";

  @Option(
      names = "--namespace",
      required = true,
      paramLabel = "NS",
      description = "Where the keys go.")
  private String namespace = "";

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      converter = SourceName.class,
      description =
          "jsonl: {\"key\",\"value\"} a line (default); csv: a document a row, columns named by the"
              + " first line; git-history: versions with parents.")
  private Source source = Source.JSONL;

  @Option(
      names = "--key",
      paramLabel = "COLUMN",
      description = "Of csv: whose cells are the keys (default: the column named key).")
  private @Nullable String keyColumn;

  @Option(
      fallbackValue = "true",
      names = "--strings",
      description =
          "Of csv: every cell is text. Else, outside quotes, numbers that can be kept exactly, true"
              + " and false are what they look like, and an empty cell is no member.")
  private boolean strings;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N lines.")
  private long limit = Long.MAX_VALUE;

  @Mixin private final AckOption ack = new AckOption();

  ImportCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  /** What became of the lines so far; written by one thread, read by a hook at an interruption. */
  static final class Tally {
    private volatile long lines;
    private volatile long stored;
    private volatile long held;

    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes.
    void add(long storedNow, long heldNow) {
      stored += storedNow;
      held += heldNow;
      lines = stored + held;
    }

    long lines() {
      return lines;
    }

    String text() {
      return Column.grouped(lines)
          + " lines: "
          + Column.grouped(stored)
          + " new, "
          + Column.grouped(held)
          + " there already";
    }
  }

  @Override
  public Integer call() {
    if (limit < 0) throw CliException.usage("--limit " + limit + ": a count is 0 or more", null);
    if (source != Source.CSV && (keyColumn != null || strings)) {
      throw CliException.usage("--key and --strings are of --format csv", null);
    }
    Tally tally = new Tally();
    Thread hook =
        new Thread(
            () ->
                invocation
                    .console()
                    .err()
                    .println(
                        "\nkdelta: interrupted after "
                            + tally.text()
                            + "; the same import again adds the rest"),
            "kdelta-interrupted");
    Runtime.getRuntime().addShutdownHook(hook);
    Progress progress = new Progress(invocation, "lines");
    try (Client client = invocation.client()) {
      switch (source) {
        case GIT_HISTORY -> importHistory(client, tally, progress);
        case JSONL, CSV -> importDocuments(client, tally, progress);
      }
    } catch (CliException e) {
      throw e.exitCode() == ExitCode.UNREACHABLE ? broken(e, tally) : e;
    } finally {
      progress.end();
      forget(hook);
    }
    report(tally, progress.seconds());
    return ExitCode.DONE;
  }

  /** What was acknowledged before the node was gone is there. */
  private static CliException broken(CliException error, Tally tally) {
    String again = "the same import again adds the rest";
    return new CliException(
        error.exitCode(),
        error.reason(),
        error.text() + "; acknowledged before: " + tally.text(),
        error.hint() == null ? again : again + "; " + error.hint(),
        error);
  }

  private void importHistory(Client client, Tally tally, Progress progress) {
    try (Lines lines = Lines.open(invocation.console(), file)) {
      new HistoryUpload(client, namespace, ack.level()).run(lines, limit, tally, progress);
    }
  }

  private void importDocuments(Client client, Tally tally, Progress progress) {
    if (!file.equals("-")) {
      upload(client, Path.of(file), tally, progress);
      return;
    }
    // The name of a write is a hash of the whole file, so standard input becomes one.
    Path copy = null;
    try {
      copy = Files.createTempFile("kdelta-import", ".jsonl");
      try (OutputStream out = Files.newOutputStream(copy)) {
        invocation.console().in().transferTo(out);
      }
      upload(client, copy, tally, progress);
    } catch (IOException e) {
      throw new CliException(
          ExitCode.UNEXPECTED, "UNEXPECTED", "cannot keep standard input: " + e, null, e);
    } finally {
      delete(copy);
    }
  }

  private void upload(Client client, Path from, Tally tally, Progress progress) {
    DocumentUpload upload = new DocumentUpload(client, namespace, ack.level());
    if (source == Source.CSV) {
      String form =
          "csv\0" + (strings ? "strings\0" : "") + (keyColumn == null ? "key" : keyColumn);
      String name = file.equals("-") ? "standard input" : file;
      upload.run(
          from, form + "\0", CsvLines.open(from, name, keyColumn, strings), limit, tally, progress);
    } else {
      DocumentLines lines = Lines.open(invocation.console(), from.toString());
      upload.run(from, "", lines, limit, tally, progress);
    }
  }

  private static void delete(@Nullable Path copy) {
    try {
      if (copy != null) Files.deleteIfExists(copy);
    } catch (IOException e) {
      // It lies in the folder for what may be deleted.
      return;
    }
  }

  private void report(Tally tally, double seconds) {
    ObjectNode json = Json.object();
    json.put("namespace", namespace);
    json.put("lines", tally.lines);
    json.put("stored", tally.stored);
    json.put("held", tally.held);
    json.put("seconds", Math.round(seconds * 1000) / 1000.0);
    String human = tally.text() + String.format(Locale.ROOT, ", in %.1f s", seconds);
    List<Column> columns =
        List.of(
            Column.text("NAMESPACE", "namespace"),
            Column.count("LINES", "lines"),
            Column.count("STORED", "stored"),
            Column.count("HELD", "held"),
            Column.text("SECONDS", "seconds"));
    if (!invocation.quiet()) invocation.output().item(json, columns, namespace, human);
  }

  private static void forget(Thread hook) {
    try {
      var _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already, and the hook has spoken.
      return;
    }
  }

  /** Formats by their names with a dash. */
  static final class SourceName implements ITypeConverter<Source> {
    @Override
    public Source convert(String value) {
      for (Source source : Source.values()) {
        if (source.toString().equals(value)) return source;
      }
      throw new TypeConversionException("'" + value + "' is none of jsonl, csv, git-history");
    }
  }
}
