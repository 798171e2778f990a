package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.server.Software;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code kdelta version}. */
@Command(name = "version", description = "Show the version of kdelta and of its Java.")
final class VersionCommand implements Callable<Integer> {
  private final Invocation invocation;

  VersionCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    ObjectNode json = Json.object();
    json.put("version", Software.VERSION);
    json.put("java", Runtime.version().toString());
    invocation
        .output()
        .item(
            json,
            List.of(Column.text("VERSION", "version"), Column.text("JAVA", "java")),
            Software.VERSION,
            "kdelta " + Software.VERSION + " (java " + Runtime.version() + ")");
    return ExitCode.DONE;
  }
}
