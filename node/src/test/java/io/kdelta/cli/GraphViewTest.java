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

  /**
   * Of the same shapes {@code git log --graph --topo-order} draws:
   *
   * <pre>
   * * hd         *   xf        *-.   oe
   * | * hc       |\            |\ \
   * |/           | *   xe      | | * od
   * | * hb       | |\          | * | oc
   * |/           * | | xd      | |/
   * * ha         |\| |         * / ob
   *              | |/          |/
   *              |/|           * oa
   *              | * xc
   *              * | xb
   *              |/
   *              * xa
   * </pre>
   */
  @Test
  void threeHeads() {
    assertEquals(
        """
        *      hd
        | *    hc
        | | *  hb
        |_|/
        |/
        *      ha
        """,
        draw(node("hd", "ha"), node("hc", "ha"), node("hb", "ha"), node("ha")));
  }

  @Test
  void crissCross() {
    assertEquals(
        """
        *      xf
        |\\
        | *    xe
        | |\\
        * | |  xd
        |\\| |
        | * |  xc
        |_|/
        * |    xb
        |/
        *      xa
        """,
        draw(
            node("xf", "xd", "xe"),
            node("xe", "xc", "xb"),
            node("xd", "xb", "xc"),
            node("xc", "xa"),
            node("xb", "xa"),
            node("xa")));
  }

  @Test
  void aParentThatTheLaneOnTheLeftWaitsFor() {
    assertEquals(
        """
        *    h
        | *  m
        |/|
        * |  a
        | *  b
        |/
        *    root
        """,
        draw(
            node("h", "a"),
            node("m", "b", "a"),
            node("a", "root"),
            node("b", "root"),
            node("root")));
  }

  @Test
  void aBranchWithinABranch() {
    assertEquals(
        """
        *      wi
        |\\
        | *    wh
        * |    wg
        * |    wf
        |\\ \\
        | * |  we
        | * |  wc
        * | |  wd
        * | |  wb
        |_|/
        |/
        *      wa
        """,
        draw(
            node("wi", "wg", "wh"),
            node("wh", "wa"),
            node("wg", "wf"),
            node("wf", "wd", "we"),
            node("we", "wc"),
            node("wc", "wa"),
            node("wd", "wb"),
            node("wb", "wa"),
            node("wa")));
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
