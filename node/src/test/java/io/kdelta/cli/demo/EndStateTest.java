package io.kdelta.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: the demo says so when its cluster did not do what it shows. Method: the good end state, and
 * it again with one thing wrong at a time, each of which must be named.
 */
final class EndStateTest {
  private static final EndState GOOD = state("b", "r2", 2, "a", 1, "ab", "0", "r", List.of());

  private static EndState state(
      String answerCut,
      String rootCut,
      int headsHealed,
      String answerHealed,
      int headsResolved,
      String answer,
      String past,
      String root,
      List<String> only) {
    return new EndState(
        List.of("a", answerCut),
        List.of("r1", rootCut),
        List.of(2, 2, headsHealed),
        List.of("a", "a", answerHealed),
        List.of(1, 1, headsResolved),
        List.of("ab", "ab", answer),
        "ab",
        List.of("0", "0", past),
        "0",
        List.of("r", "r", root),
        only,
        List.of());
  }

  @Test
  void whatIsAsPromisedHasNoProblems() {
    assertEquals(List.of(), GOOD.problems());
  }

  @Test
  void eachThingThatIsWrongIsNamed() {
    assertNames("two sides", state("a", "r2", 2, "a", 1, "ab", "0", "r", List.of()));
    assertNames("had the roots", state("b", "r1", 2, "a", 1, "ab", "0", "r", List.of()));
    assertNames("have heads: [2, 2, 1]", state("b", "r2", 1, "a", 1, "ab", "0", "r", List.of()));
    assertNames(
        "after the cut they answer", state("b", "r2", 2, "b", 1, "ab", "0", "r", List.of()));
    assertNames("in the end the nodes", state("b", "r2", 2, "a", 2, "ab", "0", "r", List.of()));
    assertNames("they answer [ab, ab, a]", state("b", "r2", 2, "a", 1, "a", "0", "r", List.of()));
    assertNames(
        "before the cut they answer", state("b", "r2", 2, "a", 1, "ab", "", "r", List.of()));
    assertNames("the roots are [r, r, s]", state("b", "r2", 2, "a", 1, "ab", "0", "s", List.of()));
    assertNames("has shop/x", state("b", "r2", 2, "a", 1, "ab", "0", "r", List.of("shop/x")));
  }

  @Test
  void nodesThatSayNothingAreNoProof() {
    EndState silent =
        new EndState(
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            "ab",
            List.of(),
            "0",
            List.of("", "", ""),
            List.of(),
            List.of("kdelta get ended with 6"));
    assertEquals(9, silent.problems().size(), silent.problems().toString());
  }

  private static void assertNames(String part, EndState state) {
    List<String> problems = state.problems();
    assertEquals(1, problems.size(), problems.toString());
    assertTrue(problems.getFirst().contains(part), problems.toString());
  }
}
