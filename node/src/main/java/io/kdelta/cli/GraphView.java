package io.kdelta.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Draws a causal graph beside its versions, as {@code git log --graph} does. Pure.
 *
 * <p>A lane is a column that waits for one version, the parent of what stands above it. Versions
 * come children before parents. A merge opens a lane right of its own for each further parent, or
 * leads into the lane beside it that waits for that parent already; lanes that wait for the same
 * version join just above it.
 */
final class GraphView {
  /**
   * One version to draw.
   *
   * @param text what stands beside its star
   */
  record Node(String id, List<String> parents, String text) {}

  /** A line of the drawing; {@code text} is empty for one of joints. */
  private record Line(String drawing, String text) {}

  private final List<String> lanes = new ArrayList<>();
  private final List<Line> lines = new ArrayList<>();

  private GraphView() {}

  /** The lines of the drawing, texts aligned. */
  static List<String> draw(List<Node> nodes) {
    GraphView view = new GraphView();
    for (Node node : nodes) view.add(node);
    int width =
        view.lines.stream()
            .filter(line -> !line.text().isEmpty())
            .mapToInt(line -> line.drawing().length())
            .max()
            .orElse(0);
    return view.lines.stream()
        .map(line ->
            line.text().isEmpty()
                ? line.drawing().stripTrailing()
                : line.drawing() + " ".repeat(width - line.drawing().length() + 2) + line.text())
        .toList();
  }

  private void add(Node node) {
    int lane = lanes.indexOf(node.id());
    if (lane < 0) {
      lane = lanes.size();
      lanes.add(node.id());
    }
    for (int other = lanes.lastIndexOf(node.id()); other > lane; ) {
      join(other, lane);
      other = lanes.lastIndexOf(node.id());
    }
    StringBuilder row = new StringBuilder();
    for (int i = 0; i < lanes.size(); i++) {
      if (i > 0) row.append(' ');
      row.append(i == lane ? '*' : '|');
    }
    lines.add(new Line(row.toString(), node.text()));
    if (node.parents().isEmpty()) {
      close(lane);
      return;
    }
    lanes.set(lane, node.parents().getFirst());
    for (int i = node.parents().size() - 1; i >= 1; i--) {
      String parent = node.parents().get(i);
      if (!led(lane, lane + 1, parent) && !led(lane, lane - 1, parent)) open(lane, parent);
    }
  }

  /** Leads into the lane beside it, if that waits for the parent. */
  private boolean led(int lane, int beside, String parent) {
    boolean waits = beside >= 0 && beside < lanes.size() && lanes.get(beside).equals(parent);
    if (!waits) return false;
    char[] row = bars(lanes.size());
    row[lane + beside] = beside > lane ? '\\' : '/';
    lines.add(new Line(new String(row), ""));
    return true;
  }

  /** Lane {@code from} ends in lane {@code to}, which is left of it. */
  private void join(int from, int to) {
    char[] row = bars(lanes.size());
    for (int i = 2 * to + 1; i < 2 * from - 1; i += 2) row[i] = '_';
    shiftLeft(row, from);
    lanes.remove(from);
    lines.add(new Line(new String(row), ""));
  }

  /** A lane right of {@code lane}; those further right make room. */
  private void open(int lane, String parent) {
    char[] row = bars(lanes.size() + 1);
    for (int i = lane + 1; i <= lanes.size(); i++) {
      row[2 * i] = ' ';
      row[2 * i - 1] = '\\';
    }
    lanes.add(lane + 1, parent);
    lines.add(new Line(new String(row), ""));
  }

  /** A lane whose version has no parents ends; those right of it move up. */
  private void close(int lane) {
    lanes.remove(lane);
    if (lane == lanes.size()) return;
    char[] row = bars(lanes.size() + 1);
    row[2 * lane] = ' ';
    shiftLeft(row, lane + 1);
    lines.add(new Line(new String(row), ""));
  }

  /** Draws lanes {@code from} and right of it as going one lane to the left. */
  private static void shiftLeft(char[] row, int from) {
    for (int i = from; 2 * i < row.length; i++) {
      row[2 * i] = ' ';
      row[2 * i - 1] = '/';
    }
  }

  private static char[] bars(int count) {
    char[] row = new char[2 * count - 1];
    for (int i = 0; i < row.length; i++) row[i] = i % 2 == 0 ? '|' : ' ';
    return row;
  }
}
