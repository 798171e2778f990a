/**
 * The benchmark: this store and the machine it runs on beside RocksDB, LMDB and H2 MVStore, as one
 * Markdown table.
 *
 * <p>Compiled and run only under the profile {@code bench}, so no other build sees the peers:
 *
 * <pre>
 * mvn -Pbench verify -Dbench=storage [-Dreps=3] [-Drows=load,durable] [-Dquick] [-Dengines=kdelta]
 * mvn -Pbench verify -Dbench=documents
 * </pre>
 *
 * <p>{@link io.kdelta.bench.Bench} starts one process for each repetition, phase and engine, the
 * engines side by side, and takes medians. It fails on errors, never on a figure: timings are
 * measurements, not tests.
 */
@NullMarked
package io.kdelta.bench;

import org.jspecify.annotations.NullMarked;
