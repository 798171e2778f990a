package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.BatchWriteResponse;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.wire.BatchLine;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kdelta batch [-|FILE]}: many writes, all or none. */
@Command(
    name = "batch",
    description = "Write many documents, all or none: a line each, {op, key, value, if}.")
final class BatchCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "-|FILE",
      description = "Lines {\"op\":\"put|del\",\"key\":\"NS/KEY\",\"value\":...,\"if\":STATE}.")
  private @Nullable String source;

  @Mixin private final WriteOptions write = new WriteOptions();

  BatchCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    BatchWriteRequest.Builder request =
        BatchWriteRequest.newBuilder().setAck(write.ack()).setRequestId(write.requestId());
    try (Lines lines = Lines.open(invocation.console(), source == null ? "-" : source)) {
      for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
        request.addOperations(operation(line));
      }
    }
    if (request.getOperationsCount() == 0) {
      throw CliException.usage("the batch is empty", "a line is {\"op\":\"put\",\"key\":...}");
    }
    try (Client client = invocation.client()) {
      BatchWriteResponse response = client.call(KvGrpc.getBatchWriteMethod(), request.build());
      print(response.getResultsList());
    }
    return ExitCode.DONE;
  }

  private BatchWriteRequest.Operation operation(Lines.Line line) {
    try {
      return BatchLine.read(line.text().toArray(), write.note());
    } catch (KdeltaException.Invalid e) {
      throw CliException.usage(line.place() + ": " + e.reason(), null);
    }
  }

  private void print(List<WriteResult> results) {
    Output output = invocation.output();
    if (invocation.quiet()) {
      results.forEach(result -> invocation.console().out().println(result.getId()));
    } else if (output.format() == Format.TABLE) {
      results.forEach(r -> invocation.console().out().println(VersionJson.line(r)));
    } else {
      List<ObjectNode> items =
          results.stream().map(result -> VersionJson.of(result, write.note())).toList();
      output.list(
          new Listing(
              "versions", VersionJson.WRITE_COLUMNS, item -> item.path("id").textValue(), items));
    }
  }
}
