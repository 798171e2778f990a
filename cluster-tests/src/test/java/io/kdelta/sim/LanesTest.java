package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Goal: the end of a run can be read. Method: a few events drawn, and very many. */
final class LanesTest {
  @Test
  void aColumnForEachNodeAndAMarkForFaults() {
    List<String> drawn =
        Lanes.draw(
            List.of(
                new Trace.Entry(1_500_000_000L, -1, "Cut[from=0, to=1]", true),
                new Trace.Entry(1_600_000_000L, 0, "asked Put [m1]", false),
                new Trace.Entry(1_600_100_000L, 1, "got 120 B on 3", false),
                new Trace.Entry(1_700_000_000L, 1, "killed", false)),
            2);
    assertEquals(4, drawn.size(), drawn.toString());
    assertTrue(drawn.get(1).startsWith("    1.500000 | ! Cut[from=0, to=1]"), drawn.get(1));
    assertEquals(drawn.get(0).indexOf("node-0"), drawn.get(2).indexOf("asked Put [m1]"));
    assertEquals(drawn.get(0).indexOf("node-1"), drawn.get(3).indexOf("killed"));
  }

  @Test
  void onlyTheEndOfALongRunIsDrawn() {
    List<Trace.Entry> entries = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) entries.add(new Trace.Entry(i, 0, "event " + i, false));
    List<String> drawn = Lanes.draw(entries, 1);
    assertTrue(drawn.size() < 130, drawn.size() + " lines");
    assertTrue(drawn.getLast().endsWith("event 999"), drawn.getLast());
  }
}
