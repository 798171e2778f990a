package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListKeysRequest;
import io.kdelta.proto.v1.ListKeysResponse;
import io.kdelta.proto.v1.ListNamespacesRequest;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta ls [NS[/PREFIX]]}: keys, or the namespaces. */
@Command(
    name = "ls",
    aliases = "list",
    description = "List the live keys of a namespace, or the namespaces.")
final class ListCommand implements Callable<Integer> {
  private static final int PAGE_KEYS = 5_000;

  private final Invocation invocation;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NS[/PREFIX]",
      description = "Where to look; nothing: the namespaces.")
  private @Nullable String where;

  @Option(
      fallbackValue = "true",
      names = "--stable",
      description = "Of the keys of a namespace what a majority of its replica set has synced.")
  private boolean stable;

  ListCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    try (Client client = invocation.client()) {
      if (where == null) {
        if (stable) throw CliException.usage("--stable needs a namespace", "kdelta ls NS --stable");
        listNamespaces(client);
      } else {
        int slash = where.indexOf('/');
        String namespace = slash < 0 ? where : where.substring(0, slash);
        listKeys(client, namespace, slash < 0 ? "" : where.substring(slash + 1));
      }
    }
    return ExitCode.DONE;
  }

  private void listNamespaces(Client client) {
    var response =
        client.call(KvGrpc.getListNamespacesMethod(), ListNamespacesRequest.getDefaultInstance());
    invocation
        .output()
        .list(
            new Listing(
                "namespaces",
                StatsCommand.COLUMNS,
                item -> item.path("namespace").textValue(),
                response.getNamespacesList().stream().map(StatsCommand::json).toList()));
  }

  private void listKeys(Client client, String namespace, String prefix) {
    Pages<ObjectNode> pages =
        new Pages<>(token -> {
          ListKeysRequest request =
              ListKeysRequest.newBuilder()
                  .setNamespace(namespace)
                  .setPrefix(prefix)
                  .setPageSize(PAGE_KEYS)
                  .setPageToken(token)
                  .setStable(stable)
                  .build();
          ListKeysResponse response = client.call(KvGrpc.getListKeysMethod(), request);
          List<ObjectNode> items =
              response.getKeysList().stream().map(ListCommand::keyJson).toList();
          return new Pages.Page<>(items, response.getNextPageToken());
        });
    invocation
        .output()
        .list(
            new Listing(
                "keys",
                List.of(Column.text("KEY", "key")),
                item -> item.path("key").textValue(),
                item -> Json.text(item.path("key")),
                pages));
  }

  private static ObjectNode keyJson(String key) {
    ObjectNode json = Json.object();
    json.put("key", key);
    return json;
  }
}
