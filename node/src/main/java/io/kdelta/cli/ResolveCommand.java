package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.ResolveRequest;
import io.kdelta.proto.v1.ResolveResponse;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.wire.JsonShapes;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta resolve NS/KEY --take VERSION | --value JSON | --merge}. */
@Command(name = "resolve", description = "Make one head of several.")
final class ResolveCommand implements Callable<Integer> {
  private static final List<Column> COLUMNS =
      List.of(
          Column.text("KEY", "key"),
          Column.text("DRY RUN", "dryRun"),
          Column.text("VALUE", "value"),
          Column.text("UNMERGED", "unmerged"),
          Column.text("HEADS", "heads"));

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "Which key.")
  private String key = "";

  @ArgGroup(multiplicity = "1")
  private How how = new How();

  @Option(
      fallbackValue = "true",
      names = "--dry-run",
      description = "Only show what would be written.")
  private boolean dryRun;

  @Mixin private final WriteOptions write = new WriteOptions();

  /** Exactly one of these. */
  private static final class How {
    @Option(names = "--take", paramLabel = "VERSION", description = "Keep what this head says.")
    private @Nullable String take;

    @Option(names = "--value", paramLabel = "JSON|-|@FILE", description = "Write this document.")
    private @Nullable String value;

    @Option(
        fallbackValue = "true",
        names = "--merge",
        description = "Merge field by field against the common ancestor.")
    private boolean merge;
  }

  ResolveCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    ResolveRequest.Builder request =
        ResolveRequest.newBuilder()
            .setNamespace(name.namespace())
            .setKey(name.key())
            .setDryRun(dryRun)
            .setAck(write.ack())
            .setNote(write.note())
            .setRequestId(write.requestId());
    if (how.take != null) request.setTake(how.take);
    if (how.value != null) request.setValue(Documents.read(invocation.console(), how.value));
    if (how.merge) request.setMerge(true);
    try (Client client = invocation.client()) {
      ResolveResponse response = client.call(VersionsGrpc.getResolveMethod(), request.build());
      if (response.hasResult()) {
        WriteReport.print(invocation, response.getResult(), write.note());
        return ExitCode.DONE;
      }
      if (dryRun) preview(name, response);
      if (response.getUnmergedCount() > 0) throw unmerged(name, response, dryRun);
      return ExitCode.DONE;
    }
  }

  private void preview(KeyName name, ResolveResponse response) {
    ObjectNode json = JsonShapes.preview(name.namespace(), name.key(), response);
    invocation.output().item(json, COLUMNS, name.key(), null);
    invocation.notice("dry run: nothing was written");
  }

  private static CliException unmerged(KeyName name, ResolveResponse response, boolean dryRun) {
    return new CliException(
        ExitCode.CONFLICT,
        "UNMERGED",
        name
            + ": both sides changed "
            + String.join(", ", response.getUnmergedList())
            + (dryRun ? "; the merge would be refused" : "; nothing was written"),
        "kdelta get "
            + name
            + " --heads shows the sides; then kdelta resolve "
            + name
            + " --take VERSION or --value JSON");
  }
}
