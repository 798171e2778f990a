package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.kdelta.reconciliation.Digest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: the oracles over what clients were told can fail. Method: one key with a value, a second
 * over it and a branch beside it; told to one witness in orders that are allowed and that are not.
 */
final class TestimonyTest {
  private static final String PATH = "t/k";
  private static final Digest FIRST = id("first");
  private static final Digest SECOND = id("second");
  private static final Digest BRANCH = id("branch");

  private final RawGraph graph = new RawGraph();
  private final Testimony told = new Testimony("O5");

  TestimonyTest() {
    add(FIRST, List.of(), 1);
    add(SECOND, List.of(FIRST), 2);
    add(BRANCH, List.of(FIRST), 3);
  }

  @Test
  void whatGrowsIsAllowed() {
    hears("s", 0, 1, Saying.written(PATH, FIRST, 0, false));
    hears("s", 2, 3, value(SECOND));
    hears("s", 4, 5, new Saying(PATH, Saying.Kind.HEADS, List.of(SECOND, BRANCH)));
    assertEquals(3, told.check(graph));
  }

  @Test
  void aValueUnderTheOneBeforeBreaksIt() {
    hears("s", 0, 1, value(SECOND));
    hears("s", 2, 3, value(FIRST));
    broken();
  }

  @Test
  void headsWithoutWhatWasWrittenBreakIt() {
    hears("s", 0, 1, Saying.written(PATH, BRANCH, 1, false));
    hears("s", 2, 3, new Saying(PATH, Saying.Kind.HEADS, List.of(SECOND)));
    broken();
  }

  @Test
  void aValueThatIsGoneBreaksIt() {
    hears("s", 0, 1, value(FIRST));
    hears("s", 2, 3, new Saying(PATH, Saying.Kind.ABSENT, List.of()));
    broken();
  }

  @Test
  void theOrderIsThatOfTheAnswers() {
    hears("s", 2, 3, value(FIRST));
    hears("s", 0, 1, value(SECOND));
    broken();
  }

  @Test
  void whoWasAnsweredMeanwhileOrElsewhereKnowsNothing() {
    hears("s", 0, 3, value(SECOND));
    hears("s", 2, 4, value(FIRST));
    hears("other", 5, 6, value(FIRST));
    assertEquals(3, told.check(graph));
  }

  @Test
  void aKeyWhoseVersionsAreGoneIsNotJudged() {
    hears("s", 0, 1, value(SECOND));
    hears("s", 2, 3, value(FIRST));
    assertEquals(0, told.check(graph, PATH::equals, id -> false));
  }

  @Test
  void aVersionThatNoTokenNamesBindsNobodyAndWhatIsBuiltOnItDoes() {
    hears("s", 0, 1, Saying.written(PATH, FIRST, 0, false));
    hears("s", 2, 3, new Saying(PATH, Saying.Kind.ABSENT, List.of()));
    assertEquals(2, told.check(graph, path -> false, FIRST::equals));
    hears("s", 4, 5, value(SECOND));
    hears("s", 6, 7, value(FIRST));
    OracleFailure failure =
        assertThrows(OracleFailure.class, () -> told.check(graph, path -> false, FIRST::equals));
    assertEquals("O5", failure.oracle());
  }

  @Test
  void aWriteIfAbsentOverAValueIsSeen() {
    IfAbsent writes = new IfAbsent();
    writes.wrote(FIRST, "node-1");
    assertEquals(1, writes.check(graph));
    writes.wrote(SECOND, "node-2");
    OracleFailure failure = assertThrows(OracleFailure.class, () -> writes.check(graph));
    assertEquals("O4", failure.oracle());
  }

  private void broken() {
    OracleFailure failure = assertThrows(OracleFailure.class, () -> told.check(graph));
    assertEquals("O5", failure.oracle());
  }

  private void hears(String witness, long asked, long answered, Saying saying) {
    told.heard(witness, "node-1", asked, answered, saying);
  }

  private static Saying value(Digest id) {
    return new Saying(PATH, Saying.Kind.VALUE, List.of(id));
  }

  private void add(Digest id, List<Digest> parents, long time) {
    graph.add(new RawGraph.Raw("t", "k", id, parents, time, false));
  }

  private static Digest id(String text) {
    return Digest.sha256(text.getBytes(StandardCharsets.UTF_8));
  }
}
