package io.kdelta.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes figures as Markdown. */
final class Report {
  private final Figures figures;
  private final List<String> engines;
  private final StringBuilder text = new StringBuilder();

  Report(Figures figures, List<String> engines) {
    this.figures = figures;
    this.engines = engines;
  }

  String table(String sizes, List<Goal> goals, int repetitions, String loads) {
    if (!sizes.isEmpty()) text.append(sizes).append("; ");
    text.append("median of ").append(repetitions);
    text.append("; load average ").append(loads).append(".\n\n");
    machine();
    List<String> peers = new ArrayList<>(engines);
    peers.remove("kdelta");
    text.append("| | kdelta |");
    for (String peer : peers) text.append(' ').append(title(peer)).append(" |");
    text.append(" limit | of the limit |\n|---|---|").append("---|".repeat(peers.size() + 2));
    text.append('\n');
    for (Goal goal : goals) row(goal, peers);
    text.append(
        "\nEach peer: its value, ours divided by it, the goal for that, and whether it is met.\n");
    if (!figures.notes().isEmpty()) text.append('\n');
    for (String note : figures.notes()) text.append("- ").append(note).append('\n');
    return text.toString();
  }

  private void machine() {
    if (Double.isNaN(figures.machine("sync-zeroed"))) return;
    text.append("| limit of the machine | |\n|---|---|\n");
    machine("fdatasync on a zeroed segment", "sync-zeroed", "/s");
    machine("fdatasync on a growing file", "sync-append", "/s");
    machine("sequential write with one sync", "write-mb", " MB/s");
    machine("memory read", "memory-mb", " MB/s");
    machine("dependent load from memory", "chase-ns", " ns");
    machine("CRC32C over 64 KiB", "crc-mb", " MB/s");
    text.append('\n');
  }

  private void machine(String title, String figure, String unit) {
    double value = figures.machine(figure);
    text.append(String.format(Locale.ROOT, "| %s | %,.0f%s |%n", title, value, unit));
  }

  private void row(Goal goal, List<String> peers) {
    double ours = figures.median("kdelta", goal.figure());
    if (!Double.isFinite(ours) || ours < 0) return;
    text.append("| ").append(goal.title()).append(" | ").append(written(goal.unit(), ours));
    for (String peer : peers) text.append(" | ").append(compared(goal, ours, peer));
    double limit = goal.limit().applyAsDouble(figures);
    text.append(" | ").append(goal.limitText());
    if (Double.isFinite(limit)) {
      String share = limit == 0 ? "" : String.format(Locale.ROOT, "%.2f ", ours / limit);
      text.append(": ").append(written(goal.unit(), limit)).append(" | ").append(share);
      text.append(goal.met(ours, limit) ? "met" : "**not met**");
    } else {
      text.append(" | ");
    }
    text.append(" |\n");
  }

  private String compared(Goal goal, double ours, String peer) {
    double theirs = figures.median(peer, goal.figure());
    if (!Double.isFinite(theirs) || theirs < 0) return "-";
    double ratio = ours / theirs;
    String cell =
        written(goal.unit(), theirs)
            + (theirs == 0 ? "" : String.format(Locale.ROOT, ", %.2fx", ratio));
    Double wanted = goal.ratios().get(peer);
    if (wanted == null || theirs == 0) return cell;
    String relation = goal.higherIsBetter() ? ">=" : "<=";
    String met = goal.met(ratio, wanted) ? "met" : "**not met**";
    return String.format(Locale.ROOT, "%s (%s %.1fx: %s)", cell, relation, wanted, met);
  }

  private static String title(String engine) {
    return switch (engine) {
      case "rocksdb" -> "RocksDB";
      case "lmdb" -> "LMDB";
      case "h2" -> "H2 MVStore";
      default -> engine;
    };
  }

  private static String written(Goal.Unit unit, double value) {
    return switch (unit) {
      case RATE -> String.format(Locale.ROOT, "%,.0f/s", value);
      case MILLIS -> String.format(Locale.ROOT, "%,.1f ms", value);
      case MICROS -> String.format(Locale.ROOT, "%,.1f us", value);
      case MEGABYTES -> String.format(Locale.ROOT, "%,.0f MB", value / 1e6);
      case BYTES -> String.format(Locale.ROOT, "%,.0f B", value);
      case TIMES -> String.format(Locale.ROOT, "%.2f", value);
    };
  }
}
