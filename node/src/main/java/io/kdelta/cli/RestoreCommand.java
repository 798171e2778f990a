package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.causal.CausalStore;
import io.kdelta.env.Entropy;
import io.kdelta.env.HostEntropy;
import io.kdelta.storage.Errand;
import io.kdelta.storage.Restoration;
import io.kdelta.storage.WriteBatch;
import io.kdelta.vfs.HostVfs;
import io.kdelta.vfs.Vfs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta admin restore BACKUP DIR}. */
@Command(
    name = "restore",
    description = {
      "Make a data directory of a backup or a snapshot, without a node.",
      "Every file is copied and checked. A node that starts on DIR writes under a new incarnation"
          + " and takes from its peers what came after the backup."
    })
final class RestoreCommand implements Callable<Integer> {
  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "BACKUP", description = "What admin backup made.")
  private Path backup = Path.of("");

  @Parameters(index = "1", paramLabel = "DIR", description = "Empty or missing.")
  private Path directory = Path.of("");

  @Option(
      fallbackValue = "true",
      names = "--new-node",
      description = "Under another node id: for a copy beside the node that was backed up.")
  private boolean newNode;

  RestoreCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    Vfs source = Directories.existing(backup);
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      throw CliException.usage(directory + " is a file, not a directory", null);
    }
    String[] there = directory.toFile().list();
    if (there != null && there.length > 0) {
      throw CliException.usage(
          directory + " is not empty: it holds " + there[0],
          "a restore that was cut leaves files behind: remove " + directory + " and restore again");
    }
    Entropy entropy = new HostEntropy();
    Optional<WriteBatch> identity =
        newNode ? Optional.of(CausalStore.anotherNode(entropy)) : Optional.empty();
    Progress progress = new Progress(invocation, "bytes");
    Errand.Report report =
        Directories.told(
            backup,
            () ->
                Restoration.restore(
                    source,
                    new HostVfs(directory),
                    entropy,
                    identity,
                    Directories.owner("restore"),
                    (done, total) ->
                        progress.update(done, total == 0 ? 1 : (double) done / total)));
    progress.end();
    ObjectNode json = Json.object();
    json.put("directory", directory.toAbsolutePath().normalize().toString());
    json.put("position", report.lsn());
    json.put("files", report.files());
    json.put("bytes", report.bytes());
    json.put("newNode", newNode);
    invocation
        .output()
        .item(
            json,
            List.of(
                Column.text("DIRECTORY", "directory"),
                Column.count("POSITION", "position"),
                Column.count("FILES", "files"),
                new Column("BYTES", "bytes", Column.Kind.BYTES)),
            directory.toString(),
            null);
    invocation.notice("kdelta start --data " + directory + " runs a node on it");
    return ExitCode.DONE;
  }
}
