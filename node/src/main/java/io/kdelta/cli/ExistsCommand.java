package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.ExistsRequest;
import io.kdelta.proto.v1.KvGrpc;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta exists NS/KEY}: the answer is the exit code too, 0 or 3. */
@Command(name = "exists", description = "Tell whether a key exists (exit code 0) or not (3).")
final class ExistsCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "What to look for.")
  private String key = "";

  @Option(
      fallbackValue = "true",
      names = "--stable",
      description = "Of what a majority of its replica set has synced.")
  private boolean stable;

  ExistsCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    ExistsRequest request =
        ExistsRequest.newBuilder()
            .setNamespace(name.namespace())
            .setKey(name.key())
            .setStable(stable)
            .build();
    try (Client client = invocation.client()) {
      boolean exists = client.call(KvGrpc.getExistsMethod(), request).getExists();
      if (!invocation.quiet()) {
        ObjectNode json = Json.object();
        json.put("namespace", name.namespace());
        json.put("key", name.key());
        json.put("exists", exists);
        List<Column> columns = List.of(Column.text("EXISTS", "exists"));
        invocation.output().item(json, columns, name.key(), exists ? "yes" : "no");
      }
      return exists ? ExitCode.DONE : ExitCode.NOT_FOUND;
    }
  }
}
