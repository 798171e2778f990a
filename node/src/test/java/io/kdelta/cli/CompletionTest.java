package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.cli.Completion.Found;
import io.kdelta.cli.Completion.Proposal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Goal: a word that is being typed becomes what can stand there, and nothing is asked of the node
 * that is not needed. Method: the commands as they are, with made-up names of keys.
 */
final class CompletionTest {
  private final List<String> asked = new ArrayList<>();
  private final Completion completion =
      new Completion(
          Commands.commandLine(new Invocation(new TestConsole("", false).console(), Map.of()))
              .getCommandSpec(),
          Map.of("use", "Keys without a slash are in it"),
          () -> {
            asked.add("namespaces");
            return List.of("users", "uploads", "shop");
          },
          (namespace, prefix) -> {
            asked.add(namespace + "/" + prefix);
            return prefix.equals("many")
                ? new Found(List.of("many1", "many12"), true)
                : new Found(List.of(prefix + "a", prefix + "b/c"), false);
          });

  private List<Proposal> of(String namespace, String word, String... before) {
    return completion.of(List.of(before), word, namespace);
  }

  private List<String> texts(String word, String... before) {
    return of("", word, before).stream().map(Proposal::text).toList();
  }

  @Test
  void verbs() {
    assertEquals(List.of("get"), texts("ge"));
    assertTrue(texts("").containsAll(List.of("put", "watch", "cluster", "use")));
    assertFalse(texts("").contains("set"), "an alias is for who knows it");
    assertEquals(List.of("status"), texts("sta", "cluster"));
    assertEquals(List.of("conflicts"), texts("confl", "help"));
    assertEquals(List.of("server"), texts("se", "config", "set"));
    assertEquals(List.of("Read a document, now or at a moment of its past"), descriptions("get"));
    assertEquals(List.of(), asked, "the node is not asked");
  }

  private List<String> descriptions(String word) {
    return of("", word).stream().map(Proposal::description).toList();
  }

  @Test
  void flagsAndTheirValues() {
    assertEquals(List.of("--if-absent"), texts("--if-", "put", "users/x"));
    assertTrue(texts("-", "get").containsAll(List.of("--at", "--server")));
    assertEquals(List.of("json", "jsonl"), texts("j", "ls", "-o"));
    assertEquals(List.of("quorum"), texts("q", "put", "a/b", "1", "--ack"));
    assertEquals(List.of("bash"), texts("b", "completion"));
    assertEquals(List.of(), texts("x", "get", "--at"), "a time is not known");
    assertEquals(List.of(), asked, "the node is not asked");
  }

  @Test
  void namespacesAndKeys() {
    assertEquals(List.of("users/", "uploads/"), texts("u", "get"));
    assertEquals(List.of("users"), texts("us", "stats"));
    assertEquals(List.of("shop"), texts("s", "use"));
    assertEquals(List.of("users/ala", "users/alb/c"), texts("users/al", "-q", "get", "--meta"));
    assertEquals(List.of("users/a", "users/b/c"), texts("users/", "diff"));
    assertEquals(List.of(), texts("users/", "diff", "users/a"), "a version, not a key");
    assertEquals(List.of(), texts("/x", "get"));
    assertEquals(List.of("namespaces", "namespaces", "namespaces", "users/al", "users/"), asked);
  }

  @Test
  void keysOfTheNamespaceInUse() {
    List<Proposal> all = of("users", "u", "get");
    assertEquals(
        List.of("ua", "ub/c", "users/", "uploads/"), all.stream().map(Proposal::text).toList());
    assertTrue(all.getFirst().whole());
    assertFalse(all.getLast().whole());
  }

  @Test
  void whatAllOfManyBeginWithIsNotTyped() {
    List<Proposal> all = of("", "users/many", "get");
    assertEquals(
        List.of("users/many1", "users/many12", "users/many"),
        all.stream().map(Proposal::text).toList());
  }
}
