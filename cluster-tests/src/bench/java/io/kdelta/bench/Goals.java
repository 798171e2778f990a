package io.kdelta.bench;

import io.kdelta.bench.Goal.Unit;
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
            "0.95 of fdatasync/s on a zeroed segment",
            machine -> 0.95 * machine.machine("sync-zeroed")),
        new Goal(
            "durable put, 64 in flight",
            "durable-64",
            Unit.RATE,
            true,
            Map.of(ROCKS, 12.0, LMDB, 13.0, H2, 18.0),
            "0.95 x fdatasync/s x 64",
            machine -> 0.95 * 64 * machine.machine("sync-zeroed")),
        new Goal(
            "the same, peers behind a loop that commits 64 at a time",
            "durable-64-loop",
            Unit.RATE,
            true,
            Map.of(),
            "",
            _ -> Double.NaN),
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
            machine -> 0.5e6 * machine.machine("memory-mb") / Dataset.ROW_BYTES),
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
        new Goal("heap per put", "garbage-put", Unit.BYTES, false, Map.of(), "0 B", _ -> 0),
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

  /** The table of documents on top of the storage engine: embedded, 128 B of JSON. */
  static List<Goal> documents() {
    return List.of(
        alone("get, p50", "document-get-p50-us", Unit.MICROS, false, "1 us", 1),
        alone("get, a CPU second", "document-get", Unit.RATE, true, "2.9M/s hot", 2.9e6),
        alone("put in memory, one client", "document-put", Unit.RATE, true, "27,000/s", 27_000),
        alone("durable put, batched", "document-durable", Unit.RATE, true, "5 x 3,500/s", 17_500),
        alone("history, versions", "document-history", Unit.RATE, true, "4.3M/s", 4.3e6),
        alone(
            "get-at, 100,000 versions of one key, p50",
            "document-get-at-us",
            Unit.MICROS,
            false,
            "3 us",
            3));
  }

  private static Goal alone(
      String title, String figure, Unit unit, boolean higherIsBetter, String text, double bound) {
    return new Goal(title, figure, unit, higherIsBetter, Map.of(), text, _ -> bound);
  }
}
