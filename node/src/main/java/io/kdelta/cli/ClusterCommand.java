package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.CatchUp;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.ListSessionsRequest;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.ReconcileRequest;
import io.kdelta.proto.v1.Session;
import io.kdelta.wire.JsonShapes;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kdelta cluster status|members|reconcile|log}; who comes and goes: {@link Turnover}. */
@Command(name = "cluster", description = "The cluster as a node sees it.")
final class ClusterCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  private ClusterCommand() {}

  static CommandLine commandLine(Invocation invocation) {
    CommandLine line = new CommandLine(new ClusterCommand());
    line.addSubcommand(new Status(invocation));
    line.addSubcommand(new Members(invocation));
    line.addSubcommand(new Reconcile(invocation));
    line.addSubcommand(new Log(invocation));
    Turnover.add(line, invocation);
    return line;
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command of cluster?");
  }

  /** {@code cluster status}: every member with its numbers. */
  @Command(name = "status", description = "Show every member with its numbers.")
  static final class Status implements Callable<Integer> {
    private static final List<Column> COLUMNS =
        List.of(
            Column.text("NODE", "name"),
            Column.text("ADDRESS", "address"),
            Column.text("STATE", "state"),
            Column.text("ZONE", "zone"),
            Column.count("KEYS", "keys"),
            Column.count("VERSIONS", "versions"),
            Column.count("LAG", "lag"),
            new Column("DISK", "diskBytes", Column.Kind.BYTES),
            new Column("ROOT", "root", Column.Kind.ROOT));

    private final Invocation invocation;

    Status(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      try (Client client = invocation.client()) {
        ClusterStatus status =
            client.call(
                ClusterGrpc.getGetClusterStatusMethod(),
                GetClusterStatusRequest.getDefaultInstance());
        List<ObjectNode> items = status.getNodesList().stream().map(JsonShapes::member).toList();
        if (status.hasCatchUp()) tellCatchUp(status.getCatchUp(), items);
        Output output = invocation.output();
        output.list(new Listing("nodes", COLUMNS, i -> i.path("name").textValue(), items));
        if (output.format() == Format.TABLE) invocation.notice(summary(status.getNodesList()));
      }
      return ExitCode.DONE;
    }

    /** The answering node's own line tells of it; a table has a sentence. */
    private void tellCatchUp(CatchUp catchUp, List<ObjectNode> items) {
      for (ObjectNode item : items) {
        if (!item.path("self").booleanValue()) continue;
        item.set("catchUp", JsonShapes.catchUp(catchUp));
      }
      if (invocation.output().format() != Format.TABLE) return;
      invocation.notice(catchUp.getRung().equals("snapshot") ? ofFiles(catchUp) : moving(catchUp));
    }

    private static String ofFiles(CatchUp catchUp) {
      return "snapshot of %s: %s, %d of %d files, %d of %d bytes (%d %%), %d of %d versions, %d kB/s"
          .formatted(
              catchUp.getPeer(),
              catchUp.getPhase(),
              catchUp.getFiles(),
              catchUp.getFilesTotal(),
              catchUp.getBytes(),
              catchUp.getBytesTotal(),
              100 * catchUp.getBytes() / Math.max(1, catchUp.getBytesTotal()),
              catchUp.getVersions(),
              catchUp.getVersionsTotal(),
              catchUp.getBytes() / Math.max(1, catchUp.getMillis()));
    }

    /** Streams may come from several; a session is with one. */
    private static String moving(CatchUp catchUp) {
      long rate = 1_000 * catchUp.getVersions() / Math.max(1, catchUp.getMillis());
      return "%s: %d of %d versions that %s holds more (%d %%), %d bytes, %d versions/s"
          .formatted(
              catchUp.getRung().equals("session")
                  ? "session (" + catchUp.getPhase() + ")"
                  : catchUp.getRung(),
              catchUp.getVersions(),
              catchUp.getVersionsTotal(),
              catchUp.getPeer(),
              100 * catchUp.getVersions() / Math.max(1, catchUp.getVersionsTotal()),
              catchUp.getBytes(),
              rate);
    }

    private static String summary(List<Member> nodes) {
      List<Member> members =
          nodes.stream().filter(node -> node.getState() != Member.State.LEFT).toList();
      long roots = members.stream().map(Member::getRoot).distinct().count();
      if (roots <= 1) {
        return members.size() == 1
            ? "1 node"
            : "all " + members.size() + " nodes hold the same versions";
      }
      long behind = members.stream().filter(node -> node.getLag() > 0).count();
      return behind == 0
          ? "the nodes hold different versions"
          : behind + " of " + members.size() + " nodes behind";
    }
  }

  /** {@code cluster members}: who there is. */
  @Command(
      name = "members",
      description = "List the members: zone, load (of a hundred), program and its peer formats.")
  static final class Members implements Callable<Integer> {
    private static final List<Column> COLUMNS =
        List.of(
            Column.text("NODE", "name"),
            new Column("ID", "id", Column.Kind.ID),
            Column.text("ADDRESS", "address"),
            Column.text("STATE", "state"),
            Column.text("ZONE", "zone"),
            Column.count("LOAD", "load"),
            Column.text("PROGRAM", "software"),
            Column.text("FORMATS", "formats"));

    private final Invocation invocation;

    Members(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      try (Client client = invocation.client()) {
        ClusterStatus status =
            client.call(
                ClusterGrpc.getGetClusterStatusMethod(),
                GetClusterStatusRequest.getDefaultInstance());
        List<ObjectNode> items = status.getNodesList().stream().map(JsonShapes::person).toList();
        invocation
            .output()
            .list(new Listing("members", COLUMNS, i -> i.path("name").textValue(), items));
      }
      return ExitCode.DONE;
    }
  }

  private static final List<Column> SESSION_COLUMNS =
      List.of(
          Column.text("PEER", "peer"),
          Column.text("RUNGS", "rungs"),
          Column.count("ROUNDS", "rounds"),
          Column.count("DIFFERENCES", "differences"),
          Column.count("SENT", "versionsSent"),
          Column.count("RECEIVED", "versionsReceived"),
          new Column("OUT", "bytesSent", Column.Kind.BYTES),
          new Column("IN", "bytesReceived", Column.Kind.BYTES),
          new Column("METADATA", "metadataBytes", Column.Kind.BYTES),
          new Column("BOUND", "boundBytes", Column.Kind.BYTES),
          Column.count("MILLIS", "millis"),
          Column.text("OUTCOME", "outcome"));

  private static Listing sessions(List<Session> sessions) {
    return new Listing(
        "sessions",
        SESSION_COLUMNS,
        item -> item.path("peer").textValue(),
        sessions.stream().map(JsonShapes::session).toList());
  }

  /** {@code cluster reconcile}: compare and heal now. */
  @Command(
      name = "reconcile",
      description = {
        "Reconcile now and show what it took.",
        "METADATA is what was said beside the versions, BOUND the least that any protocol needs."
      })
  static final class Reconcile implements Callable<Integer> {
    private static final Duration AT_LEAST = Duration.ofSeconds(60);

    private final Invocation invocation;

    @Option(names = "--with", paramLabel = "NODE", description = "Only with this one.")
    private @Nullable String peer;

    Reconcile(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      ReconcileRequest request =
          ReconcileRequest.newBuilder().setPeer(peer == null ? "" : peer).build();
      Duration timeout = invocation.timeout();
      Duration atMost = timeout.compareTo(AT_LEAST) < 0 ? AT_LEAST : timeout;
      try (Client client = invocation.client()) {
        var response = client.call(atMost, c -> c.call(ClusterGrpc.getReconcileMethod(), request));
        invocation.output().list(sessions(response.getSessionsList()));
      }
      return ExitCode.DONE;
    }
  }

  /** {@code cluster log}: past reconciliations. */
  @Command(name = "log", description = "List past reconciliations, newest first.")
  static final class Log implements Callable<Integer> {
    private final Invocation invocation;

    @Option(names = "-n", paramLabel = "COUNT", description = "At most so many.")
    private int count;

    Log(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      if (count < 0) throw CliException.usage("-n " + count + ": a count is 1 or more", null);
      ListSessionsRequest request = ListSessionsRequest.newBuilder().setPageSize(count).build();
      try (Client client = invocation.client()) {
        var response = client.call(ClusterGrpc.getListSessionsMethod(), request);
        invocation.output().list(sessions(response.getSessionsList()));
      }
      return ExitCode.DONE;
    }
  }
}
