package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.At;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListHeadsRequest;
import io.kdelta.proto.v1.ListHeadsResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.wire.JsonShapes;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta get NS/KEY}: the document, or what there is to know about it. */
@Command(name = "get", description = "Read a document, now or at a moment of its past.")
final class GetCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "What to read.")
  private String key = "";

  @Option(
      names = "--at",
      paramLabel = "TIME|VERSION|-N",
      description = "As of a time, a version, or N versions before the current one.")
  private @Nullable String at;

  @Option(
      fallbackValue = "true",
      names = "--stable",
      description = "Of what a majority of its replica set has synced: no newer version.")
  private boolean stable;

  @Option(
      fallbackValue = "true",
      names = "--heads",
      description = "All heads, with their common ancestors.")
  private boolean heads;

  @Option(
      fallbackValue = "true",
      names = "--meta",
      description = "The version that holds it, not the document alone.")
  private boolean meta;

  GetCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    if (stable && at != null) throw CliException.usage("give --at or --stable, not both", null);
    try (Client client = invocation.client()) {
      if (heads) {
        printHeads(client, name);
      } else {
        printWinner(client, name);
      }
    }
    return ExitCode.DONE;
  }

  private void printWinner(Client client, KeyName name) {
    GetRequest.Builder request =
        GetRequest.newBuilder().setNamespace(name.namespace()).setKey(name.key());
    if (at != null) request.setAt(Times.at(at));
    if (stable) request.setAt(At.newBuilder().setStable(true));
    GetResponse response = client.call(KvGrpc.getGetMethod(), request.build());
    Version version = response.getVersion();
    if (meta) {
      ObjectNode json = VersionJson.of(version);
      json.put("heads", response.getHeadCount());
      json.put("state", response.getState());
      invocation.output().item(json, VersionJson.META_COLUMNS, version.getId(), null);
    } else {
      invocation.output().document(version.getValue().toStringUtf8(), name.key());
    }
    States.tellHeads(invocation, name, response.getHeadCount());
  }

  private void printHeads(Client client, KeyName name) {
    ListHeadsRequest.Builder request =
        ListHeadsRequest.newBuilder().setNamespace(name.namespace()).setKey(name.key());
    if (at != null) request.setAt(Times.at(at));
    if (stable) request.setAt(At.newBuilder().setStable(true));
    ListHeadsResponse response = client.call(VersionsGrpc.getListHeadsMethod(), request.build());
    List<ObjectNode> items = response.getHeadsList().stream().map(VersionJson::of).toList();
    Output output = invocation.output();
    if (output.format() == Format.JSON || output.format() == Format.YAML) {
      ObjectNode json = JsonShapes.heads(response);
      output.item(json, VersionJson.VERSION_COLUMNS, response.getState(), null);
      return;
    }
    output.list(new Listing("heads", LogCommand.COLUMNS, i -> i.path("id").textValue(), items));
    if (output.format() == Format.TABLE) {
      for (Version ancestor : response.getCommonAncestorsList()) {
        invocation.notice(
            "common ancestor: "
                + Column.head(ancestor.getId(), 8)
                + "  "
                + Output.safe(ancestor.getValue().toStringUtf8()));
      }
    }
  }
}
