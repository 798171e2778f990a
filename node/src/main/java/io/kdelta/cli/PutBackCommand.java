package io.kdelta.cli;

import io.kdelta.proto.v1.At;
import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.DiffVersionsRequest;
import io.kdelta.proto.v1.GetVersionRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.proto.v1.WriteResult;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * {@code kdelta restore NS/KEY VERSION}: what was is written again, as a new version that
 * supersedes all heads. Nothing of the history goes.
 */
@Command(
    name = "restore",
    description = "Write an earlier version of a document again, as the newest.")
final class PutBackCommand implements Callable<Integer> {
  private static final int DIGITS_SHOWN = 8;

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "Which document.")
  private String key = "";

  @Parameters(
      index = "1",
      paramLabel = "VERSION|TIME|-N",
      description = "What to write again: a version of it, or what was current at a moment.")
  private String moment = "";

  @Mixin private final WriteOptions write = new WriteOptions();

  PutBackCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    At at = Times.at(moment);
    try (Client client = invocation.client()) {
      DiffVersionsRequest which =
          DiffVersionsRequest.newBuilder()
              .setNamespace(name.namespace())
              .setKey(name.key())
              .setTo(at)
              .build();
      String id = client.call(VersionsGrpc.getDiffVersionsMethod(), which).getTo();
      GetVersionRequest whole = GetVersionRequest.newBuilder().setId(id).build();
      Version version = client.call(VersionsGrpc.getGetVersionMethod(), whole);
      String note =
          write.note().isEmpty() ? "restores " + Column.head(id, DIGITS_SHOWN) : write.note();
      WriteReport.print(invocation, writeAgain(client, name, version, note), note);
    }
    return ExitCode.DONE;
  }

  private WriteResult writeAgain(Client client, KeyName name, Version version, String note) {
    if (version.getKind() == Version.Kind.DELETE) {
      DeleteRequest delete =
          DeleteRequest.newBuilder()
              .setNamespace(name.namespace())
              .setKey(name.key())
              .setAck(write.ack())
              .setNote(note)
              .setRequestId(write.requestId())
              .build();
      return client.call(KvGrpc.getDeleteMethod(), delete);
    }
    PutRequest put =
        PutRequest.newBuilder()
            .setNamespace(name.namespace())
            .setKey(name.key())
            .setValue(version.getValue())
            .setAck(write.ack())
            .setNote(note)
            .setRequestId(write.requestId())
            .build();
    return client.call(KvGrpc.getPutMethod(), put);
  }
}
