package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.Backup;
import io.kdelta.proto.v1.CompactRequest;
import io.kdelta.proto.v1.CreateBackupRequest;
import io.kdelta.proto.v1.CreateSnapshotRequest;
import io.kdelta.proto.v1.DeleteSnapshotRequest;
import io.kdelta.proto.v1.GetNodeStatusRequest;
import io.kdelta.proto.v1.ListSnapshotsRequest;
import io.kdelta.proto.v1.NodeStatus;
import io.kdelta.proto.v1.StoreStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kdelta admin status|backup|restore|verify|compact|snapshot}. */
@Command(name = "admin", description = "Look after one node and its data directory.")
final class AdminCommand implements Runnable {
  /** Copying a store takes as long as it takes. */
  private static final Duration AT_MOST = Duration.ofHours(24);

  private static final List<Column> COPY_COLUMNS =
      List.of(
          Column.text("DIRECTORY", "directory"),
          Column.count("POSITION", "position"),
          Column.count("FILES", "files"),
          Column.count("NEW", "newFiles"),
          new Column("BYTES", "bytes", Column.Kind.BYTES),
          new Column("COPIED", "copiedBytes", Column.Kind.BYTES));

  @Spec private CommandSpec spec = CommandSpec.create();

  private AdminCommand() {}

  static CommandLine commandLine(Invocation invocation) {
    CommandLine line = new CommandLine(new AdminCommand());
    line.addSubcommand(new Status(invocation));
    line.addSubcommand(new BackUp(invocation));
    line.addSubcommand(new RestoreCommand(invocation));
    line.addSubcommand(new VerifyCommand(invocation));
    line.addSubcommand(new Compact(invocation));
    line.addSubcommand(new Snapshot(invocation));
    return line;
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command of admin?");
  }

  private static ObjectNode json(Backup backup) {
    ObjectNode json = Json.object();
    json.put("directory", backup.getDirectory());
    json.put("position", backup.getPosition());
    json.put("files", backup.getFiles());
    json.put("newFiles", backup.getNewFiles());
    json.put("bytes", backup.getBytes());
    json.put("copiedBytes", backup.getCopiedBytes());
    return json;
  }

  /** {@code admin status}: what the node and its store say of themselves. */
  @Command(name = "status", description = "Show a node with its store, damage and scrub.")
  static final class Status implements Callable<Integer> {
    private static final List<Column> COLUMNS =
        List.of(
            Column.text("NAME", "name"),
            Column.text("NODE", "node"),
            Column.text("DATA", "data"),
            Column.text("READY", "ready"),
            Column.text("READ-ONLY", "readOnly"),
            Column.count("VERSIONS", "versions"),
            new Column("ROOT", "root", Column.Kind.ROOT),
            Column.count("RUNS", "runs"),
            Column.count("TABLES", "tables"),
            new Column("TABLE BYTES", "tableBytes", Column.Kind.BYTES),
            new Column("MEMTABLES", "memtableBytes", Column.Kind.BYTES),
            Column.count("PINS", "pins"),
            Column.text("WRITE AMPLIFICATION", "writeAmplification"),
            Column.text("PRESSURE", "pressure"),
            Column.count("DAMAGED", "damaged"),
            Column.count("SCRUB PASSES", "scrubPasses"),
            new Column("SCRUBBED", "scrubbedBytes", Column.Kind.BYTES),
            Column.count("SCRUB FOUND", "scrubFound"),
            Column.count("SCRUB NEXT TABLE", "scrubNext"));

    private final Invocation invocation;

    Status(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      try (Client client = invocation.client()) {
        NodeStatus status =
            client.call(
                AdminGrpc.getGetNodeStatusMethod(), GetNodeStatusRequest.getDefaultInstance());
        invocation.output().item(json(status), COLUMNS, status.getName(), null);
        for (String note : status.getRecoveryNotesList()) invocation.notice("note: " + note);
      }
      return ExitCode.DONE;
    }

    private static ObjectNode json(NodeStatus status) {
      StoreStatus store = status.getStore();
      ObjectNode json = Json.object();
      json.put("name", status.getName());
      json.put("node", status.getNodeId());
      json.put("cluster", status.getClusterId());
      json.put("version", status.getVersion());
      json.put("data", status.getDataDirectory());
      json.put("listen", status.getListenAddress());
      json.put("ready", status.getReady());
      json.put("readOnly", status.getReadOnlyReason());
      json.put("versions", status.getVersions());
      json.put("root", status.getRoot());
      json.put("runs", store.getRuns());
      json.put("tables", store.getTables());
      json.put("tableBytes", store.getTableBytes());
      json.put("memtableBytes", store.getMemtableBytes());
      json.put("pins", store.getPins());
      json.put("writtenBytes", store.getWrittenBytes());
      json.put("flushedBytes", store.getFlushedBytes());
      json.put("mergedBytes", store.getMergedBytes());
      json.put("writeAmplification", amplification(store));
      json.put("pressure", Math.round(store.getPressure() * 100) / 100.0);
      json.put("damaged", store.getDamaged());
      json.put("scrubPasses", store.getScrubPasses());
      json.put("scrubbedBytes", store.getScrubbedBytes());
      json.put("scrubFound", store.getScrubFound());
      json.put("scrubNext", store.getScrubNext());
      status.getRecoveryNotesList().forEach(json.putArray("notes")::add);
      return json;
    }

    /** Bytes that tables took for a byte written, since the node started; null before any. */
    private static @Nullable Double amplification(StoreStatus store) {
      if (store.getFlushedBytes() == 0 || store.getWrittenBytes() == 0) return null;
      double tables = (double) store.getFlushedBytes() + store.getMergedBytes();
      return Math.round(100 * tables / store.getWrittenBytes()) / 100.0;
    }
  }

  /** {@code admin backup DIR}: the node copies itself while it works. */
  @Command(
      name = "backup",
      description = {
        "Copy the store of a running node into DIR, on the machine of the node.",
        "Again into the same DIR: only what is new is copied. Files are hard links where that can"
            + " be. kdelta admin verify DIR checks it, kdelta admin restore makes a store of it."
      })
  static final class BackUp implements Callable<Integer> {
    private final Invocation invocation;

    @Parameters(index = "0", paramLabel = "DIR", description = "Empty, missing, or its backup.")
    private Path directory = Path.of("");

    BackUp(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      CreateBackupRequest request =
          CreateBackupRequest.newBuilder()
              .setDirectory(directory.toAbsolutePath().normalize().toString())
              .build();
      try (Client client = invocation.client()) {
        Backup backup = client.here(AT_MOST, AdminGrpc.getCreateBackupMethod(), request);
        invocation.output().item(json(backup), COPY_COLUMNS, backup.getDirectory(), null);
      }
      return ExitCode.DONE;
    }
  }

  /** {@code admin compact}: everything becomes one run. */
  @Command(name = "compact", description = "Merge all tables, so that old rows give room back.")
  static final class Compact implements Callable<Integer> {
    private final Invocation invocation;

    Compact(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      try (Client client = invocation.client()) {
        var response =
            client.here(AT_MOST, AdminGrpc.getCompactMethod(), CompactRequest.getDefaultInstance());
        ObjectNode json = Json.object();
        json.put("address", client.address());
        json.put("tableBytes", response.getTableBytes());
        invocation
            .output()
            .item(
                json,
                List.of(
                    Column.text("ADDRESS", "address"),
                    new Column("BYTES", "tableBytes", Column.Kind.BYTES)),
                client.address(),
                null);
      }
      return ExitCode.DONE;
    }
  }

  /** {@code admin snapshot [NAME]}: links next to the data. */
  @Command(
      name = "snapshot",
      description = {
        "Keep the store as it is under a name, as hard links next to its data.",
        "It costs nothing until merges replace the files; verify and restore take it like a backup."
      })
  static final class Snapshot implements Callable<Integer> {
    private static final DateTimeFormatter NAME =
        DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    private final Invocation invocation;

    @Parameters(
        index = "0",
        arity = "0..1",
        paramLabel = "NAME",
        description = "Its name (default: the time).")
    private @Nullable String name;

    @Option(fallbackValue = "true", names = "--list", description = "List the snapshots.")
    private boolean list;

    @Option(names = "--delete", paramLabel = "NAME", description = "Remove one.")
    private @Nullable String delete;

    Snapshot(Invocation invocation) {
      this.invocation = invocation;
    }

    @Override
    public Integer call() {
      int asked = (name == null ? 0 : 1) + (list ? 1 : 0) + (delete == null ? 0 : 1);
      if (asked > 1) {
        throw CliException.usage("NAME, --list and --delete exclude each other", null);
      }
      try (Client client = invocation.client()) {
        if (list) {
          list(client);
        } else if (delete != null) {
          DeleteSnapshotRequest request =
              DeleteSnapshotRequest.newBuilder().setName(delete).build();
          var _ = client.here(AT_MOST, AdminGrpc.getDeleteSnapshotMethod(), request);
          invocation.notice("removed " + delete);
        } else {
          String chosen = name == null ? NAME.format(invocation.console().now().get()) : name;
          CreateSnapshotRequest request =
              CreateSnapshotRequest.newBuilder().setName(chosen).build();
          Backup backup = client.here(AT_MOST, AdminGrpc.getCreateSnapshotMethod(), request);
          invocation.output().item(json(backup), COPY_COLUMNS, chosen, null);
        }
      }
      return ExitCode.DONE;
    }

    private void list(Client client) {
      var response =
          client.here(
              AT_MOST,
              AdminGrpc.getListSnapshotsMethod(),
              ListSnapshotsRequest.getDefaultInstance());
      List<ObjectNode> items = new ArrayList<>();
      for (String kept : response.getNamesList()) {
        ObjectNode item = Json.object();
        item.put("name", kept);
        items.add(item);
      }
      invocation
          .output()
          .list(
              new Listing(
                  "snapshots",
                  List.of(Column.text("NAME", "name")),
                  item -> item.path("name").textValue(),
                  items));
    }
  }
}
