package io.kdelta.cli;

import io.kdelta.proto.v1.Change;
import io.kdelta.proto.v1.DiffVersionsRequest;
import io.kdelta.proto.v1.DiffVersionsResponse;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.wire.JsonShapes;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta diff NS/KEY [A [B]]}. */
@Command(
    name = "diff",
    description = "Show what changed: from A to B, from A to now, or in the last write.")
final class DiffCommand implements Callable<Integer> {
  private static final List<Column> COLUMNS =
      List.of(
          Column.text("PATH", "path"),
          Column.text("OP", "op"),
          Column.text("OLD", "old"),
          Column.text("NEW", "new"));

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "Of which key.")
  private String key = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "A",
      description = "From: a time, a version or -N; nothing: the version before.")
  private @Nullable String from;

  @Parameters(
      index = "2",
      arity = "0..1",
      paramLabel = "B",
      description = "To: likewise; nothing: now.")
  private @Nullable String to;

  @Option(
      fallbackValue = "true",
      names = "--exit-code",
      description = "Exit with 7 when there is a difference.")
  private boolean exitCode;

  DiffCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    DiffVersionsRequest.Builder request =
        DiffVersionsRequest.newBuilder().setNamespace(name.namespace()).setKey(name.key());
    if (from != null) request.setFrom(Times.at(from));
    if (to != null) request.setTo(Times.at(to));
    try (Client client = invocation.client()) {
      DiffVersionsResponse response =
          client.call(VersionsGrpc.getDiffVersionsMethod(), request.build());
      print(response);
      boolean different = response.getChangesCount() > 0;
      return exitCode && different ? ExitCode.DIFFERENT : ExitCode.DONE;
    }
  }

  private void print(DiffVersionsResponse response) {
    Output output = invocation.output();
    if (output.format() == Format.TABLE) {
      invocation.notice(
          (response.getFrom().isEmpty() ? "nothing" : Column.head(response.getFrom(), 8))
              + " -> "
              + (response.getTo().isEmpty() ? "nothing" : Column.head(response.getTo(), 8)));
      for (Change change : response.getChangesList()) {
        invocation.console().out().println(line(change));
      }
      if (response.getChangesCount() == 0) invocation.notice("no difference");
      return;
    }
    output.list(
        new Listing(
            "changes",
            COLUMNS,
            item -> item.path("path").textValue(),
            response.getChangesList().stream().map(JsonShapes::change).toList()));
  }

  private static String line(Change change) {
    String path = change.getPath().isEmpty() ? "(document)" : change.getPath();
    String before = change.getOldValue().toStringUtf8();
    String after = change.getNewValue().toStringUtf8();
    return Output.safe(
        switch (change.getOp()) {
          case ADD -> "+ " + path + "  " + after;
          case REMOVE -> "- " + path + "  " + before;
          default -> "~ " + path + "  " + before + " -> " + after;
        });
  }
}
