package io.kdelta.cli;

import com.google.protobuf.ByteString;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WriteResult;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta put NS/KEY [JSON|-|@file]}. */
@Command(name = "put", aliases = "set", description = "Write a document.")
final class PutCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "What to write.")
  private String key = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "JSON|-|@FILE",
      description = "The document; - or nothing: standard input.")
  private @Nullable String document;

  @Option(
      names = "--if",
      paramLabel = "STATE",
      description = "Only if the key has this state (get --meta shows it).")
  private @Nullable String ifState;

  @Option(
      fallbackValue = "true",
      names = "--if-absent",
      description = "Only if the key does not exist.")
  private boolean ifAbsent;

  @Mixin private final WriteOptions write = new WriteOptions();

  PutCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    if (ifState != null && ifAbsent) {
      throw CliException.usage("--if and --if-absent exclude each other", null);
    }
    ByteString value = Documents.read(invocation.console(), document);
    PutRequest.Builder request =
        PutRequest.newBuilder()
            .setNamespace(name.namespace())
            .setKey(name.key())
            .setValue(value)
            .setAck(write.ack())
            .setNote(write.note())
            .setRequestId(write.requestId());
    if (ifAbsent) request.setIfAbsent(true);
    try (Client client = invocation.client()) {
      if (ifState != null) request.setIfState(States.whole(client, name, ifState));
      WriteResult result = client.call(KvGrpc.getPutMethod(), request.build());
      WriteReport.print(invocation, result, write.note());
    }
    return ExitCode.DONE;
  }
}
