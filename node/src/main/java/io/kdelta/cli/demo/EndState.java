package io.kdelta.cli.demo;

import java.util.ArrayList;
import java.util.List;

/**
 * What the demo saw, and whether it is what kdelta promises. Pure.
 *
 * @param answersCut what the two sides of the cut answered for the key that both had written
 * @param rootsCut the roots of the two sides
 * @param headsHealed heads of the key on every node, when the cut was healed
 * @param answersHealed what every node answered for it then
 * @param headsResolved heads of it on every node at the end
 * @param answers what every node answers at the end
 * @param resolved what the resolution was to be
 * @param past what every node answers for the moment before the cut
 * @param before what was written before the cut
 * @param roots of all nodes at the end
 * @param only keys that were written on one side alone and that not every node has
 * @param exitCodes commands that ended otherwise than they should
 */
record EndState(
    List<String> answersCut,
    List<String> rootsCut,
    List<Integer> headsHealed,
    List<String> answersHealed,
    List<Integer> headsResolved,
    List<String> answers,
    String resolved,
    List<String> past,
    String before,
    List<String> roots,
    List<String> only,
    List<String> exitCodes) {

  EndState {
    answersCut = List.copyOf(answersCut);
    rootsCut = List.copyOf(rootsCut);
    headsHealed = List.copyOf(headsHealed);
    answersHealed = List.copyOf(answersHealed);
    headsResolved = List.copyOf(headsResolved);
    answers = List.copyOf(answers);
    past = List.copyOf(past);
    roots = List.copyOf(roots);
    only = List.copyOf(only);
    exitCodes = List.copyOf(exitCodes);
  }

  /** A sentence for everything that does not hold; empty: all is as it should be. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (distinct(answersCut) != 2) problems.add("the two sides of the cut answered " + answersCut);
    if (distinct(rootsCut) != 2) problems.add("the two sides of the cut had the roots " + rootsCut);
    if (!all(headsHealed, 2)) problems.add("after the cut the nodes have heads: " + headsHealed);
    if (distinct(answersHealed) != 1) problems.add("after the cut they answer " + answersHealed);
    if (!all(headsResolved, 1)) problems.add("in the end the nodes have heads: " + headsResolved);
    if (!all(answers, resolved)) problems.add("in the end they answer " + answers);
    if (!all(past, before)) problems.add("for the time before the cut they answer " + past);
    if (distinct(roots) != 1 || roots.contains("")) {
      problems.add("in the end the roots are " + roots);
    }
    for (String key : only) problems.add("not every node has " + key);
    problems.addAll(exitCodes);
    return problems;
  }

  private static long distinct(List<?> values) {
    return values.stream().distinct().count();
  }

  /** Of none nothing is told. */
  private static boolean all(List<?> values, Object wanted) {
    return !values.isEmpty() && values.stream().allMatch(wanted::equals);
  }
}
