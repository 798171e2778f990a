package io.kdelta.bench;

import io.kdelta.bench.Goal.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The rows of the tables, and what each must reach. */
final class Goals {
  private static final String ROCKS = "rocksdb";
  private static final String LMDB = "lmdb";
  private static final String H2 = "h2";

  private Goals() {}

  /** The table of the storage engine. */
  static List<Goal> storage(Sizes sizes) {
    List<Goal> goals = new ArrayList<>(writes());
    goals.addAll(reads());
    goals.addAll(disk(sizes));
    goals.addAll(overwrites());
    return goals;
  }

  private static List<Goal> writes() {
    return List.of(
        new Goal(
            "bulk load, a CPU second",
            "load-cpu",
            Unit.RATE,
            true,
            Map.of(ROCKS, 3.5, LMDB, 4.0, H2, 3.0),
            "0.7 us a put",
            _ -> 1e9 / 700),
        new Goal(
            "load until settled, wall",
            "load-settled",
            Unit.RATE,
            true,
            Map.of(ROCKS, 2.0, LMDB, 2.0, H2, 2.0),
            "0.25 of sequential write bandwidth",
            machine -> 0.25e6 * machine.machine("write-mb") / Dataset.ROW_BYTES),
        new Goal(
            "durable put, 1 client",
            "durable-1",
            Unit.RATE,
            true,
            Map.of(ROCKS, 1.3, LMDB, 2.5, H2, 2.8),
            "0.95 of fdatasync/s on a zeroed segment, in turns with it",
            figures -> 0.95 * syncsBeside(figures, "durable-1")),
        new Goal(
            "the same, for each fdatasync of the same moment",
            "durable-1-of-sync",
            Unit.TIMES,
            true,
            Map.of(),
            "floor: 0.9",
            _ -> 0.9),
        new Goal(
            "durable put, 64 in flight",
            "durable-64",
            Unit.RATE,
            true,
            Map.of(ROCKS, 12.0, LMDB, 13.0, H2, 18.0),
            "0.95 x fdatasync/s before and behind x 64",
            figures -> 0.95 * 64 * syncsBeside(figures, "durable-64")),
        new Goal(
            "the same, peers behind a loop that commits 64 at a time",
            "durable-64-loop",
            Unit.RATE,
            true,
            Map.of(),
            "",
            _ -> Double.NaN));
  }

  /** Bare syncs a second in the time our durable puts took. */
  private static double syncsBeside(Figures figures, String figure) {
    return figures.median("kdelta", figure) / figures.median("kdelta", figure + "-of-sync");
  }

  private static List<Goal> reads() {
    return List.of(
        new Goal(
            "get hit, a CPU second",
            "get-hit",
            Unit.RATE,
            true,
            Map.of(ROCKS, 6.0, LMDB, 2.5, H2, 2.8),
            "3 cache misses",
            machine -> 1e9 / (3 * machine.machine("chase-ns"))),
        new Goal(
            "get miss, a CPU second",
            "get-miss",
            Unit.RATE,
            true,
            Map.of(ROCKS, 20.0, LMDB, 10.0, H2, 11.0),
            "20 ns a run",
            machine -> 1e9 / (20 * Math.max(1, machine.median("kdelta", "runs")))),
        new Goal(
            "ordered scan, rows a CPU second",
            "scan",
            Unit.RATE,
            true,
            Map.of(ROCKS, 10.0, LMDB, 4.0, H2, 5.0),
            "0.5 of memory bandwidth",
            machine -> 0.5e6 * machine.machine("memory-mb") / Dataset.ROW_BYTES));
  }

  private static List<Goal> disk(Sizes sizes) {
    return List.of(
        new Goal(
            "disk after settling, everything",
            "disk-bytes",
            Unit.MEGABYTES,
            false,
            Map.of(ROCKS, 1.0, LMDB, 0.7, H2, 1.0),
            "1.15 x logical",
            machine -> 1.15 * machine.median("kdelta", "disk-logical-bytes")),
        new Goal(
            "of it tables, without the zeroed log",
            "disk-table-bytes",
            Unit.MEGABYTES,
            false,
            Map.of(ROCKS, 1.0),
            "1.15 x logical",
            machine -> 1.15 * machine.median("kdelta", "disk-logical-bytes")),
        new Goal(
            "open after kill -9, full 64 MB log",
            "open-killed-ms",
            Unit.MILLIS,
            false,
            Map.of(ROCKS, 0.3, H2, 0.3),
            "3M records/s",
            _ -> sizes.logRows() / 3e3),
        new Goal("clean open", "open-clean-ms", Unit.MILLIS, false, Map.of(), "10 ms", _ -> 10),
        new Goal(
            "unsynced put, p99.9",
            "put-p999-us",
            Unit.MICROS,
            false,
            Map.of(ROCKS, 0.5, LMDB, 0.3),
            "30 us",
            _ -> 30),
        new Goal(
            "unsynced put, longest",
            "put-max-us",
            Unit.MICROS,
            false,
            Map.of(ROCKS, 0.5, LMDB, 0.3),
            "1 ms",
            _ -> 1_000),
        new Goal("heap per get", "garbage-get", Unit.BYTES, false, Map.of(), "0 B", _ -> 0),
        new Goal("heap per put", "garbage-put", Unit.BYTES, false, Map.of(), "0 B", _ -> 0));
  }

  private static List<Goal> overwrites() {
    return List.of(
        new Goal(
            "written per byte overwritten",
            "overwrite-amplification",
            Unit.TIMES,
            false,
            Map.of(ROCKS, 0.5),
            "6.0",
            _ -> 6.0),
        new Goal(
            "tables per live byte meanwhile, mean",
            "overwrite-space",
            Unit.TIMES,
            false,
            Map.of(),
            "1.3",
            _ -> 1.3),
        new Goal(
            "overwrites, wall", "overwrite-rate", Unit.RATE, true, Map.of(), "", _ -> Double.NaN),
        new Goal(
            "turn of 256 puts meanwhile, p99.99",
            "turn-p9999-ms",
            Unit.MILLIS,
            false,
            Map.of(),
            "5 ms",
            _ -> 5),
        new Goal(
            "the longest turn", "turn-max-ms", Unit.MILLIS, false, Map.of(), "", _ -> Double.NaN));
  }

  /**
   * The table of documents on top of the storage engine, embedded, 128 B of JSON: beside our goals
   * the figures that the older systems give of themselves.
   */
  static List<Goal> documents() {
    return List.of(
        micros(
            "get on the core, 64 a turn, p50", "document-get-p50-us", "1.5 us, older: 0.34", 1.5),
        micros("the same, p99", "document-get-p99-us", "", Double.NaN),
        rate("the same, a CPU second", "document-get-cpu-rate", "older: 2.9M/s hot", 2.9e6),
        rate(
            "read, the token of its answer encoded, a CPU second",
            "document-read-cpu-rate",
            "",
            Double.NaN),
        rate(
            "the same for a token of three logs, decoded and compared",
            "document-read-token-cpu-rate",
            "0.95 of the row above",
            Double.NaN),
        micros("get on the core, 1 a turn, p50", "document-get-1-p50-us", "", Double.NaN),
        micros("get of the store alone, p50", "document-get-store-p50-us", "1 us", 1),
        bytes("heap per get of the store alone", "document-get-store-heap"),
        micros("contains on the core, p50", "document-contains-p50-us", "1.5 us", 1.5),
        micros("get-at, 100,000 versions of one key, p50", "document-get-at-p50-us", "3 us", 3),
        rate("history, versions, fields", "document-history-rate", "4.3M/s, older: 4.3M/s", 4.3e6),
        rate("history, versions, documents too", "document-history-whole-rate", "4.3M/s", 4.3e6),
        micros("put on the core, 64 a turn, p50", "document-put-core-p50-us", "", Double.NaN),
        bytes("heap per put on the core", "document-put-core-heap"),
        rate(
            "put in memory, one client, 1 in flight",
            "document-put-memory-rate",
            "older: 27,000/s",
            27_000),
        rate("durable put, 1 in flight", "document-durable-1-rate", "", Double.NaN),
        rate(
            "durable put, 64 in flight",
            "document-durable-rate",
            "5 x 3,500/s, the best of the older",
            17_500),
        rate("get by a client, 64 in flight", "document-get-client-rate", "", Double.NaN));
  }

  private static Goal micros(String title, String figure, String text, double bound) {
    return alone(title, figure, Unit.MICROS, false, text, bound);
  }

  private static Goal rate(String title, String figure, String text, double bound) {
    return alone(title, figure, Unit.RATE, true, text, bound);
  }

  private static Goal bytes(String title, String figure) {
    return alone(title, figure, Unit.BYTES, false, "", Double.NaN);
  }

  private static Goal alone(
      String title, String figure, Unit unit, boolean higherIsBetter, String text, double bound) {
    return new Goal(title, figure, unit, higherIsBetter, Map.of(), text, _ -> bound);
  }
}
