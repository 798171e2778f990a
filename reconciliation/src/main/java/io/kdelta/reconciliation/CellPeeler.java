package io.kdelta.reconciliation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the symbols that two sets differ in, from the XOR of their cells.
 *
 * <p>Stateless. A cell that holds one symbol alone is pure: the symbol is noted and taken out of
 * all its cells, which makes others pure, until none is. A word of several symbols looks pure once
 * in 2^20 (1 + i / 2); so a symbol that is peeled a second time is struck off again and banned,
 * which also bounds the work, whatever the cells hold. All cells zero = everything was found. Two
 * symbols with equal cells never come apart (a stopping set), and crafted cells may hold many; then
 * there is no answer, and another key is needed.
 */
final class CellPeeler {
  /** Touches of cells for each cell there is; honest cells take about 20. */
  private static final long WORK_A_CELL = 64;

  private static final double DENSE = 1.36;
  private static final double MARGIN = 1.9;
  private static final int FEW = 16;

  private CellPeeler() {}

  /** How many cells a difference of {@code differences} takes (measured, reconciliation 2.4). */
  static double cellsFor(double differences) {
    if (differences < FEW) return MARGIN * differences + 4;
    return differences * (DENSE + MARGIN / Math.sqrt(differences));
  }

  /** The symbols of both sides, ascending; null when the cells do not come apart. */
  static @Nullable List<Long> peel(CellCode code, long[] difference) {
    long[] cells = difference.clone();
    int[] open = new int[cells.length];
    boolean[] isOpen = new boolean[cells.length];
    int opened = 0;
    for (int i = 0; i < cells.length; i++) {
      open[opened++] = cells.length - 1 - i;
      isOpen[i] = true;
    }
    Set<Long> peeled = new HashSet<>();
    Set<Long> banned = new HashSet<>();
    long work = WORK_A_CELL * cells.length + WORK_A_CELL;
    while (opened > 0) {
      int index = open[--opened];
      isOpen[index] = false;
      long word = cells[index];
      if (word == 0 || !code.isPure(word, index) || banned.contains(word)) continue;
      if (!peeled.add(word)) banned.add(word);
      CellCode.Walk walk = code.walk(word, cells.length);
      for (int cell = walk.next(); cell >= 0; cell = walk.next()) {
        if (work-- == 0) return null;
        cells[cell] ^= word;
        if (!isOpen[cell]) {
          isOpen[cell] = true;
          open[opened++] = cell;
        }
      }
    }
    for (long cell : cells) if (cell != 0) return null;
    peeled.removeAll(banned);
    List<Long> symbols = new ArrayList<>(peeled);
    symbols.sort(Long::compareUnsigned);
    return symbols;
  }

  /** The XOR of two runs of cells of equal length. */
  static long[] difference(long[] one, long[] two) {
    long[] difference = Arrays.copyOf(one, one.length);
    for (int i = 0; i < difference.length; i++) difference[i] ^= two[i];
    return difference;
  }
}
