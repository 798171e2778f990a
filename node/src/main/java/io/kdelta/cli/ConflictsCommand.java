package io.kdelta.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.ConflictedKey;
import io.kdelta.proto.v1.ListConflictsRequest;
import io.kdelta.proto.v1.ListConflictsResponse;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.wire.JsonShapes;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code kdelta conflicts [NS]}: the keys that two sides wrote without knowing of each other. */
@Command(name = "conflicts", description = "List keys that have more than one head.")
final class ConflictsCommand implements Callable<Integer> {
  private static final int PAGE_KEYS = 500;
  private static final List<Column> COLUMNS =
      List.of(
          Column.text("NAMESPACE", "namespace"),
          Column.text("KEY", "key"),
          Column.count("HEADS", "count"),
          new Column("WINNER", "winner", Column.Kind.ID),
          new Column("CHANGED", "changed", Column.Kind.TIME));

  private final Invocation invocation;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NS",
      description = "One namespace; nothing: all.")
  private @Nullable String namespace;

  ConflictsCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    try (Client client = invocation.client()) {
      Pages<ObjectNode> pages = new Pages<>(token -> page(client, token));
      invocation
          .output()
          .list(
              new Listing(
                  "conflicts",
                  COLUMNS,
                  item -> item.path("key").textValue(),
                  item -> Json.text(item.deepCopy().without(List.of("count", "winner", "changed"))),
                  pages));
    }
    return ExitCode.DONE;
  }

  private Pages.Page<ObjectNode> page(Client client, String token) {
    ListConflictsRequest request =
        ListConflictsRequest.newBuilder()
            .setNamespace(namespace == null ? "" : namespace)
            .setPageSize(PAGE_KEYS)
            .setPageToken(token)
            .build();
    ListConflictsResponse response = client.call(VersionsGrpc.getListConflictsMethod(), request);
    return new Pages.Page<>(
        response.getConflictsList().stream().map(ConflictsCommand::json).toList(),
        response.getNextPageToken());
  }

  /** The item of a list; the last three members are for the table alone. */
  private static ObjectNode json(ConflictedKey conflict) {
    ObjectNode json = JsonShapes.conflict(conflict);
    String changed = "";
    for (JsonNode head : json.path("heads")) {
      String time = head.path("time").textValue();
      if (time.compareTo(changed) > 0) changed = time;
    }
    json.put("count", conflict.getHeadsCount());
    json.put("winner", json.path("heads").path(0).path("id").asText());
    json.put("changed", changed);
    return json;
  }
}
