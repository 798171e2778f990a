package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.NodeStatus;
import io.kdelta.tls.TlsFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code kdelta doctor}: what may be wrong here, between here and a server, and with it. */
@Command(
    name = "doctor",
    description = {
      "Check this machine, the way to a server and the server itself.",
      "Reads and asks, and changes nothing. Ends with 7 when something fails."
    })
final class DoctorCommand implements Callable<Integer> {
  private static final Duration ANSWER_MAX = Duration.ofSeconds(5);

  private static final List<Column> COLUMNS =
      List.of(
          Column.text("STATE", "state"),
          Column.text("CHECK", "check"),
          Column.text("WHAT", "what"),
          Column.text("HINT", "hint"));

  private final Invocation invocation;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Data directory to look at (default: that of the server, if it is here; else"
              + " ~/.kdelta/data).")
  private @Nullable Path data;

  DoctorCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    List<Finding> findings = new ArrayList<>();
    HostChecks host = new HostChecks(findings);
    host.java();
    host.launcher();
    host.openFiles();
    TlsFiles tls = invocation.tls().orElse(TlsFiles.NONE);
    host.tls(tls, invocation.console().now().get());
    List<Finding> ofServer = new ArrayList<>();
    ServerChecks server =
        new ServerChecks(ofServer, invocation.console().now(), invocation.tls().isPresent());
    Duration atMost =
        invocation.timeout().compareTo(ANSWER_MAX) < 0 ? invocation.timeout() : ANSWER_MAX;
    NodeStatus status = null;
    if (settings(findings)) {
      try (Client client = invocation.client()) {
        status = server.server(client, atMost);
      }
    }
    boolean inMemory = status != null && status.getDataDirectory().isEmpty();
    if (data != null || !inMemory) host.data(directory(status));
    findings.addAll(ofServer);
    tell(findings);
    boolean failed = findings.stream().anyMatch(f -> f.state() == Finding.State.FAIL);
    return failed ? ExitCode.DIFFERENT : ExitCode.DONE;
  }

  /** Whether they say which server is meant. */
  private boolean settings(List<Finding> findings) {
    Settings settings = invocation.settings();
    CliException trouble = settings.trouble();
    if (trouble == null) {
      try {
        var _ = invocation.servers();
      } catch (CliException e) {
        trouble = e;
      }
    }
    if (trouble != null) {
      findings.add(Finding.fail("settings", trouble.text(), trouble.hint()));
      return false;
    }
    Servers servers = invocation.servers();
    String context = settings.context().isEmpty() ? "" : ", context " + settings.context();
    String all = String.join(", ", servers.addresses());
    findings.add(Finding.ok("settings", all + " (" + servers.origin() + ")" + context));
    return true;
  }

  private Path directory(@Nullable NodeStatus status) {
    if (data != null) return data;
    if (status != null && !status.getDataDirectory().isEmpty()) {
      Path told = Path.of(status.getDataDirectory());
      if (Files.isDirectory(told)) return told;
    }
    return Path.of(System.getProperty("user.home"), ".kdelta", "data");
  }

  private void tell(List<Finding> findings) {
    Output output = invocation.output();
    List<ObjectNode> items = findings.stream().map(Finding::json).toList();
    if (output.format() != Format.TABLE) {
      output.list(new Listing("checks", COLUMNS, i -> i.path("check").textValue(), items));
      return;
    }
    boolean colour = Colours.wanted(invocation.console(), invocation.environment());
    for (Finding finding : findings) {
      String line = "%-4s  %-11s  %s".formatted(finding.word(), finding.check(), finding.what());
      String safe = Output.safe(line);
      invocation
          .console()
          .out()
          .println(colour ? coloured(finding.state(), safe, finding.word().length()) : safe);
      if (finding.hint() != null) {
        invocation.console().out().println(" ".repeat(19) + Output.safe(finding.hint()));
      }
    }
  }

  private static String coloured(Finding.State state, String line, int length) {
    String code =
        switch (state) {
          case OK -> "32";
          case WARN -> "33";
          case FAIL -> "31";
        };
    return "\u001b["
        + code
        + "m"
        + line.substring(0, length)
        + "\u001b[0m"
        + line.substring(length);
  }
}
