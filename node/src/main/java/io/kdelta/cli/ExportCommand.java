package io.kdelta.cli;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.ExportVersionsRequest;
import io.kdelta.proto.v1.ExportVersionsResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta export NS [FILE]}: what {@code import} reads, or the whole history. */
@Command(
    name = "export",
    description = "Write the documents of a namespace, or all versions, as JSON lines.")
final class ExportCommand implements Callable<Integer> {
  private static final int PAGE_VERSIONS = 1_000;

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS", description = "Which namespace.")
  private String namespace = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "FILE",
      description = "Where to; nothing or -: standard output.")
  private @Nullable String file;

  @Option(
      fallbackValue = "true",
      names = "--with-history",
      description = "Every version, each key's oldest first, instead of current documents.")
  private boolean history;

  ExportCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    Progress progress = new Progress(invocation, history ? "versions" : "documents");
    try (Client client = invocation.client()) {
      long count;
      if (file == null || file.equals("-")) {
        count = write(client, invocation.console().out(), progress);
        // The command ends with that it could not be written.
        if (invocation.console().out().checkError()) return ExitCode.DONE;
      } else {
        count = write(client, Path.of(file), progress);
      }
      progress.end();
      invocation.notice(Column.grouped(count) + (history ? " versions" : " documents"));
    }
    return ExitCode.DONE;
  }

  private long write(Client client, Path named, Progress progress) {
    try {
      if (Files.isDirectory(named)) throw new IOException("it is a directory");
      // A pipe has no other name than this one.
      return Files.exists(named) && !Files.isRegularFile(named)
          ? write(client, Files.newOutputStream(named), progress)
          : replace(client, meant(named), progress);
    } catch (IOException e) {
      throw new CliException(
          ExitCode.UNEXPECTED, "UNEXPECTED", "cannot write " + named + ": " + e, null, e);
    }
  }

  /** What a link leads to is written, and the link stays. */
  private static Path meant(Path named) throws IOException {
    if (Files.exists(named)) return named.toRealPath();
    return Files.isSymbolicLink(named)
        ? named.resolveSibling(Files.readSymbolicLink(named))
        : named;
  }

  /** Nothing stands under the name of the file before it is whole. */
  private long replace(Client client, Path target, Progress progress) throws IOException {
    String own = target.getFileName() + "." + ProcessHandle.current().pid() + ".part";
    Path part = target.resolveSibling(own);
    OutputStream out = Files.newOutputStream(part, CREATE_NEW, WRITE);
    try {
      long count = write(client, out, progress);
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
      return count;
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private long write(Client client, OutputStream to, Progress progress) throws IOException {
    try (PrintStream out = new PrintStream(to, false, StandardCharsets.UTF_8)) {
      long count = write(client, out, progress);
      if (out.checkError()) throw new IOException("not everything could be written");
      return count;
    }
  }

  private long write(Client client, PrintStream out, Progress progress) {
    Pages<Version> versions =
        new Pages<>(token -> {
          ExportVersionsRequest request =
              ExportVersionsRequest.newBuilder()
                  .setNamespace(namespace)
                  .setHistory(history)
                  .setPageSize(PAGE_VERSIONS)
                  .setPageToken(token)
                  .build();
          ExportVersionsResponse page =
              client.call(VersionsGrpc.getExportVersionsMethod(), request);
          return new Pages.Page<>(page.getVersionsList(), page.getNextPageToken());
        });
    long count = 0;
    for (Version version : versions) {
      out.println(Json.text(history ? VersionJson.of(version) : document(version)));
      progress.update(++count, -1);
    }
    return count;
  }

  private static ObjectNode document(Version version) {
    ObjectNode json = Json.object();
    json.put("key", version.getKey());
    json.set("value", Json.raw(version.getValue()));
    return json;
  }
}
