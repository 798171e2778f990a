package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kdelta bench}: what a node does under load, measured from outside. */
@Command(name = "bench", description = "Measure puts and gets of 128-byte documents over gRPC.")
final class BenchCommand implements Callable<Integer> {
  private static final List<Column> COLUMNS =
      List.of(
          Column.text("OP", "op"),
          Column.count("COUNT", "count"),
          Column.count("PER SECOND", "perSecond"),
          Column.text("P50 MS", "p50Millis"),
          Column.text("P99 MS", "p99Millis"),
          Column.text("P99.9 MS", "p999Millis"),
          Column.text("MAX MS", "maxMillis"),
          Column.count("ERRORS", "errors"));
  private static final int CLIENTS_MAX = 4_096;
  private static final int DOCUMENT_BYTES = 128;

  private final Invocation invocation;

  @Option(names = "--clients", paramLabel = "N", description = "Calls at a time (default 64).")
  private int clients = 64;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      converter = Invocation.Seconds.class,
      description = "How long (default 10).")
  private Duration seconds = Duration.ofSeconds(10);

  @Option(names = "--mix", paramLabel = "GETS:PUTS", description = "Default 80:20.")
  private String mix = "80:20";

  @Option(names = "--keys", paramLabel = "N", description = "Different keys (default 10000).")
  private int keys = 10_000;

  @Mixin private final AckOption ack = new AckOption();

  BenchCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (clients < 1 || clients > CLIENTS_MAX) {
      throw CliException.usage("--clients " + clients + ": from 1 to " + CLIENTS_MAX, null);
    }
    if (keys < 1) throw CliException.usage("--keys " + keys + ": 1 or more", null);
    double getShare = getShare();
    invocation.notice(
        clients + " clients, " + mix + " gets to puts, for " + seconds.toMillis() / 1e3 + " s ...");
    Servers servers = invocation.servers();
    Load.Work work = new Load.Work(clients, keys, getShare, DOCUMENT_BYTES, ack.level());
    Load load = new Load(servers, invocation.tls(), work);
    Load.Result result = load.run(seconds);
    List<ObjectNode> rows = new ArrayList<>();
    rows.add(row("get", result.gets(), result.seconds()));
    rows.add(row("put", result.puts(), result.seconds()));
    rows.add(row("all", Load.Latencies.merged(result.gets(), result.puts()), result.seconds()));
    invocation
        .output()
        .list(new Listing("results", COLUMNS, item -> item.path("op").textValue(), rows));
    String failure = result.firstFailure();
    if (!failure.isEmpty()) invocation.notice("first failure: " + failure);
    return result.failed() ? ExitCode.UNREACHABLE : ExitCode.DONE;
  }

  private double getShare() {
    String[] parts = mix.split(":", -1);
    try {
      double gets = Double.parseDouble(parts[0]);
      double puts = parts.length == 2 ? Double.parseDouble(parts[1]) : -1;
      if (gets >= 0 && puts >= 0 && gets + puts > 0) return gets / (gets + puts);
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw CliException.usage("--mix " + mix + ": write GETS:PUTS, for example 80:20", null);
  }

  private static ObjectNode row(String op, Load.Latencies latencies, double seconds) {
    ObjectNode row = Json.object();
    row.put("op", op);
    row.put("count", latencies.count());
    row.put("perSecond", Math.round(latencies.count() / seconds));
    row.put("p50Millis", latencies.millis(0.5));
    row.put("p99Millis", latencies.millis(0.99));
    row.put("p999Millis", latencies.millis(0.999));
    row.put("maxMillis", latencies.millis(1));
    row.put("errors", latencies.errors());
    return row;
  }
}
