package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.GetStatsRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.Stats;
import io.kdelta.wire.JsonShapes;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code kdelta stats [NS]}. */
@Command(name = "stats", description = "Count keys, versions, merges and conflicts.")
final class StatsCommand implements Callable<Integer> {
  static final List<Column> COLUMNS =
      List.of(
          Column.text("NAMESPACE", "namespace"),
          Column.count("KEYS", "keys"),
          Column.count("EVER", "keysEver"),
          Column.count("VERSIONS", "versions"),
          Column.count("MERGES", "merges"),
          Column.count("CONFLICTS", "conflicts"),
          Column.count("DELETED", "deleted"),
          new Column("BYTES", "bytes", Column.Kind.BYTES));

  private final Invocation invocation;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NS",
      description = "One namespace; nothing: the whole node.")
  private @Nullable String namespace;

  StatsCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    GetStatsRequest request =
        GetStatsRequest.newBuilder().setNamespace(namespace == null ? "" : namespace).build();
    try (Client client = invocation.client()) {
      Stats stats = client.call(KvGrpc.getGetStatsMethod(), request);
      invocation.output().item(json(stats), COLUMNS, stats.getNamespace(), null);
    }
    return ExitCode.DONE;
  }

  static ObjectNode json(Stats stats) {
    return JsonShapes.stats(stats);
  }
}
