package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.causal.SetVerifier;
import io.kdelta.storage.verify.Finding;
import io.kdelta.storage.verify.Findings;
import io.kdelta.storage.verify.StoreVerifier;
import io.kdelta.vfs.Holding;
import io.kdelta.vfs.Vfs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta admin verify DIR [--deep]}. */
@Command(
    name = "verify",
    description = {
      "Read a data directory, a backup or a snapshot that no node has open, and say what is wrong.",
      "Every checksum, size, order and count of every file. Exit code 8 when data is damaged."
    })
final class VerifyCommand implements Callable<Integer> {
  private static final List<Column> FINDING_COLUMNS =
      List.of(
          Column.text("LEVEL", "level"),
          Column.text("FILE", "file"),
          Column.count("OFFSET", "offset"),
          Column.text("WHAT", "what"));

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "DIR", description = "The directory.")
  private Path directory = Path.of("");

  @Option(
      fallbackValue = "true",
      names = "--deep",
      description = "Also every version: its hash, its parents, heads, logs, and the Merkle root.")
  private boolean deep;

  VerifyCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    Vfs vfs = Directories.existing(directory);
    Findings findings = new Findings();
    Progress progress = new Progress(invocation, "bytes");
    SetVerifier set = deep ? new SetVerifier(findings) : null;
    StoreVerifier.Summary summary =
        Directories.told(
            directory,
            () -> {
              try (Holding _ = Holding.of(vfs, Directories.owner("verify"))) {
                return new StoreVerifier(
                        vfs,
                        findings,
                        (done, total) -> progress.update(done, (double) done / total))
                    .verify(set == null ? null : set::row);
              }
            });
    SetVerifier.@Nullable Summary versions =
        set == null || summary.liveRows() < 0 ? null : set.finish();
    progress.end();
    report(findings, summary, versions);
    if (findings.damage() == 0) return ExitCode.DONE;
    invocation.notice("kdelta: " + findings.damage() + " damaged places in " + directory);
    return ExitCode.CORRUPT;
  }

  private void report(
      Findings findings, StoreVerifier.Summary summary, SetVerifier.@Nullable Summary versions) {
    List<ObjectNode> items = new ArrayList<>();
    for (Finding finding : findings.kept()) {
      ObjectNode item = Json.object();
      item.put("level", finding.level().name().toLowerCase(Locale.ROOT));
      item.put("file", finding.file());
      item.put("offset", finding.offset());
      item.put("what", finding.what());
      items.add(item);
    }
    List<Column> columns = new ArrayList<>();
    columns.add(Column.text("DIRECTORY", "directory"));
    columns.add(Column.text("WHOLE", "whole"));
    columns.add(Column.count("DAMAGE", "damage"));
    columns.add(Column.text("MANIFEST", "manifest"));
    columns.add(Column.count("TABLES", "tables"));
    columns.add(Column.count("BLOB FILES", "blobFiles"));
    columns.add(Column.count("LOG SEGMENTS", "segments"));
    columns.add(Column.count("LOG RECORDS", "records"));
    columns.add(Column.count("FLUSHED", "flushedLsn"));
    columns.add(Column.count("LAST", "lastLsn"));
    columns.add(Column.count("TABLE ROWS", "tableRows"));
    columns.add(new Column("BYTES", "bytes", Column.Kind.BYTES));
    ObjectNode json = Json.object();
    json.put("directory", directory.toAbsolutePath().normalize().toString());
    json.put("whole", findings.damage() == 0);
    json.put("damage", findings.damage());
    json.put("notes", findings.notes());
    json.put("manifest", summary.manifest());
    json.put("tables", summary.tables());
    json.put("blobFiles", summary.blobs());
    json.put("segments", summary.segments());
    json.put("records", summary.records());
    json.put("flushedLsn", summary.flushedLsn());
    json.put("lastLsn", summary.lastLsn());
    json.put("tableRows", summary.tableRows());
    json.put("bytes", summary.bytes());
    if (deep) put(versions, summary, json, columns);
    Output output = invocation.output();
    if (output.format() == Format.TABLE && !items.isEmpty()) {
      output.list(
          new Listing("findings", FINDING_COLUMNS, item -> item.path("file").textValue(), items));
    }
    ArrayNode array = json.putArray("findings");
    items.forEach(array::add);
    output.item(json, columns, directory.toString(), null);
  }

  private void put(
      SetVerifier.@Nullable Summary versions,
      StoreVerifier.Summary summary,
      ObjectNode json,
      List<Column> columns) {
    if (versions == null) {
      invocation.notice("the versions were not read: the files below them are damaged");
      return;
    }
    json.put("rows", summary.liveRows());
    json.put("node", versions.node());
    json.put("versions", versions.versions());
    json.put("keys", versions.keys());
    json.put("keysLive", versions.keysLive());
    json.put("conflicts", versions.conflicts());
    json.put("parked", versions.parked());
    json.put("lost", versions.lost());
    json.put("logs", versions.logs());
    json.put("root", versions.root().hex());
    columns.add(Column.count("ROWS", "rows"));
    columns.add(Column.text("NODE", "node"));
    columns.add(Column.count("VERSIONS", "versions"));
    columns.add(Column.count("KEYS", "keys"));
    columns.add(Column.count("LIVE KEYS", "keysLive"));
    columns.add(Column.count("CONFLICTS", "conflicts"));
    columns.add(Column.count("PARKED", "parked"));
    columns.add(Column.count("LOST", "lost"));
    columns.add(Column.text("ROOT", "root"));
  }
}
