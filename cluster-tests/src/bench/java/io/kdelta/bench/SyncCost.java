package io.kdelta.bench;

import java.util.Locale;

/**
 * What it cost to make two sets equal, without the versions themselves.
 *
 * @param bytes both ways
 * @param trips one-way trips until both sides know what they lack
 * @param findNanos CPU of both sides to find it
 * @param checkNanos CPU of both sides to take in what came and to compare the roots
 * @param how the rungs used; empty for the others
 */
record SyncCost(long bytes, int trips, long findNanos, long checkNanos, String how) {
  /** A cell of the table. */
  String cell(int d) {
    String each = d == 0 ? "" : String.format(Locale.ROOT, " (%.1f)", (double) bytes / d);
    String rungs = how.isEmpty() ? "" : " " + how;
    return String.format(
        Locale.ROOT,
        "%,d%s; %.1f; %.1f%s%s",
        bytes,
        each,
        trips / 2.0,
        findNanos / 1e6,
        checkNanos > 0 ? String.format(Locale.ROOT, " + %.1f", checkNanos / 1e6) : "",
        rungs);
  }
}
