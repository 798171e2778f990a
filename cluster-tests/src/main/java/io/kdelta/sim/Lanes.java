package io.kdelta.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws the end of a run for the reader of a failure: a line for an event, a column for each node,
 * the world itself in the first; faults are marked with {@code !}.
 *
 * <pre>
 *   12.402113 |                  | asked Put [c1-7]       |
 *   12.403001 | ! Cut[0 to 1]    |                        |
 * </pre>
 */
final class Lanes {
  private static final int LINES_MAX = 120;
  private static final int WIDTH = 150;
  private static final int LANE_MIN = 24;

  private Lanes() {}

  /** The last lines of it; messages that just arrive are left out. */
  static List<String> draw(List<Trace.Entry> entries, int nodes) {
    List<Trace.Entry> told = entries.stream().filter(entry -> !dull(entry.what())).toList();
    List<Trace.Entry> last = told.subList(Math.max(0, told.size() - LINES_MAX), told.size());
    int lane = Math.max(LANE_MIN, WIDTH / (nodes + 1));
    List<String> lines = new ArrayList<>();
    StringBuilder head = new StringBuilder("     seconds |" + cell("(world)", lane));
    for (int node = 0; node < nodes; node++) head.append(cell(World.name(node), lane));
    lines.add(head.toString());
    for (Trace.Entry entry : last) {
      StringBuilder line = new StringBuilder();
      line.append(String.format(Locale.ROOT, "%12.6f |", entry.nanos() / 1e9));
      String what = (entry.fault() ? "! " : "") + entry.what();
      for (int node = -1; node < nodes; node++) {
        if (node == entry.node()) {
          // The last lane may run on.
          line.append(node == nodes - 1 || entry.node() < 0 ? " " + what : cell(what, lane));
          break;
        }
        line.append(cell("", lane));
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }

  private static boolean dull(String what) {
    return what.startsWith("got ") || what.startsWith("link ");
  }

  private static String cell(String what, int width) {
    String cut = what.length() > width - 2 ? what.substring(0, width - 3) + "~" : what;
    return " " + cut + " ".repeat(width - 1 - cut.length()) + "|";
  }
}
