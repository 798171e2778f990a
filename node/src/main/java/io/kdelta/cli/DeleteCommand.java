package io.kdelta.cli;

import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.WriteResult;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta del NS/KEY}: a delete is a version like any other; the history stays. */
@Command(
    name = "del",
    aliases = "delete",
    description = "Delete a document; its history stays readable.")
final class DeleteCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "What to delete.")
  private String key = "";

  @Option(
      names = "--if",
      paramLabel = "STATE",
      description = "Only if the key has this state (get --meta shows it).")
  private @Nullable String ifState;

  @Mixin private final WriteOptions write = new WriteOptions();

  DeleteCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    DeleteRequest.Builder request =
        DeleteRequest.newBuilder()
            .setNamespace(name.namespace())
            .setKey(name.key())
            .setAck(write.ack())
            .setNote(write.note())
            .setRequestId(write.requestId());
    try (Client client = invocation.client()) {
      if (ifState != null) request.setIfState(States.whole(client, name, ifState));
      WriteResult result = client.call(KvGrpc.getDeleteMethod(), request.build());
      WriteReport.print(invocation, result, write.note());
    }
    return ExitCode.DONE;
  }
}
