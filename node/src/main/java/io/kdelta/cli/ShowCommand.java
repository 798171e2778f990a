package io.kdelta.cli;

import io.kdelta.proto.v1.GetVersionRequest;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code kdelta show VERSION}. */
@Command(name = "show", description = "Show one version by its id or the start of it.")
final class ShowCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "VERSION", description = "4 or more digits of its id.")
  private String version = "";

  ShowCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    GetVersionRequest request = GetVersionRequest.newBuilder().setId(version).build();
    try (Client client = invocation.client()) {
      Version found = client.call(VersionsGrpc.getGetVersionMethod(), request);
      invocation
          .output()
          .item(VersionJson.of(found), VersionJson.VERSION_COLUMNS, found.getId(), null);
    }
    return ExitCode.DONE;
  }
}
