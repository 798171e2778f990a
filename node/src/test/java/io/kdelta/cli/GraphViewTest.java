package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Goal: a history is drawn as experience.md shows it, and no history breaks the drawing. Method:
 * the example, shapes drawn by hand, and seeded random graphs.
 */
final class GraphViewTest {
  private static GraphView.Node node(String id, String... parents) {
    return new GraphView.Node(id, List.of(parents), id);
  }

  @Test
  void theExampleOfTheDesign() {
    assertEquals(
        """
        *    merge
        |\\
        | *  left
        * |  right
        |/
        *    root
        """,
        draw(
            node("merge", "right", "left"),
            node("left", "root"),
            node("right", "root"),
            node("root")));
  }

  @Test
  void aLine() {
    assertEquals("*  b\n*  a\n", draw(node("b", "a"), node("a")));
  }

  @Test
  void twoHeadsAndTheirRoot() {
    assertEquals(
        """
        *    h1
        | *  h2
        |/
        *    root
        """,
        draw(node("h1", "root"), node("h2", "root"), node("root")));
  }

  @Test
  void threeParents() {
    assertEquals(
        """
        *      m
        |\\
        |\\ \\
        * | |  a
        | * |  b
        | | *  c
        |_|/
        |/
        *      root
        """,
        draw(
            node("m", "a", "b", "c"),
            node("a", "root"),
            node("b", "root"),
            node("c", "root"),
            node("root")));
  }

  @Test
  void rootsThatBeganApart() {
    assertEquals(
        """
        *    m
        |\\
        * |  a
         /
        *    b
        """,
        draw(node("m", "a", "b"), node("a"), node("b")));
  }

  @Test
  void noHistoryBreaksIt() {
    for (long seed = 1; seed <= 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<GraphView.Node> nodes = new ArrayList<>();
      int count = 1 + random.nextInt(40);
      for (int i = count; i >= 1; i--) {
        List<String> parents = new ArrayList<>();
        for (int p = random.nextInt(4); p > 0 && i > 1; p--) {
          String parent = "v" + (1 + random.nextInt(i - 1));
          if (!parents.contains(parent)) parents.add(parent);
        }
        nodes.add(new GraphView.Node("v" + i, parents, "v" + i));
      }
      List<String> lines = GraphView.draw(nodes);
      long stars = lines.stream().filter(line -> line.contains("*")).count();
      assertEquals(count, stars, "seed " + seed);
      assertTrue(lines.stream().noneMatch(String::isBlank), "seed " + seed);
    }
  }

  private static String draw(GraphView.Node... nodes) {
    return String.join("\n", GraphView.draw(List.of(nodes))) + "\n";
  }
}
