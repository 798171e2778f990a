package io.kdelta.core;

import static io.kdelta.core.CoreRig.key;
import static io.kdelta.core.CoreRig.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Moment;
import io.kdelta.error.KdeltaException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * Goal: a stable read shows what a majority of the replica set has synced and nothing newer; with a
 * token it waits until that is what its client knows. Method: whole cores on one clock, joined by
 * links that a test cuts.
 */
final class CoreStableTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MINUTE = 60 * SECOND;
  private static final Command.Terms LOCAL = CoreRig.level(AckLevel.LOCAL);
  private static final Command.Terms ALL = CoreRig.level(AckLevel.ALL);

  private final RigNetwork net = new RigNetwork(23, 3);
  private final CoreRig a = net.rigs.get(0);
  private final CoreRig b = net.rigs.get(1);

  @Test
  void whatOnlyOneNodeHasIsNotShown() {
    join();
    everywhere("x", "1");
    net.isolate(0, true);
    a.ask(put("x", "2", LOCAL), Reply.Written.class);
    a.ask(put("y", "1", LOCAL), Reply.Written.class);
    assertEquals("2", plain(a, "x"));
    assertEquals("1", stable(a, "x"));
    assertThrows(KdeltaException.NotFound.class, () -> stable(a, "y"));
    assertEquals(false, a.ask(new Command.Exists(key("y"), true), Reply.Existence.class).exists());
    assertEquals(List.of(key("x"), key("y")), keys(a, false));
    assertEquals(List.of(key("x")), keys(a, true));
    var heads = a.ask(new Command.Heads(key("x"), new Moment.Stable()), Reply.HeadList.class);
    assertEquals("1", heads.heads().getFirst().document().utf8());
    net.isolate(0, false);
    net.until("it is replicated", MINUTE, () -> stable(a, "x").equals("2"));
    net.until("there, too", MINUTE, () -> keys(b, true).size() == 2);
    assertEquals("2", stable(b, "x"));
  }

  @Test
  void aDeleteThatOnlyOneNodeHasDeletesNothing() {
    join();
    everywhere("x", "1");
    net.isolate(0, true);
    a.send(CoreRig.delete("x"));
    a.settle();
    assertThrows(KdeltaException.NotFound.class, () -> plain(a, "x"));
    assertEquals("1", stable(a, "x"));
  }

  @Test
  void withATokenItWaitsUntilWhatItsClientKnowsIsReplicated() {
    join();
    everywhere("x", "1");
    net.isolate(0, true);
    long write = a.send(put("x", "2", LOCAL));
    a.settle();
    CausalToken token = Objects.requireNonNull(a.tokens.get(write));
    long read = a.send(new Command.Get(key("x"), new Moment.Stable()), token);
    long late = a.send(new Command.Get(key("x"), new Moment.Stable()), token);
    a.settle();
    assertTrue(a.open(read), "its own write is not replicated");
    net.isolate(0, false);
    net.until("the answer", 20 * SECOND, () -> !a.open(read) && !a.open(late));
    Reply.Value value = assertInstanceOf(Reply.Value.class, a.answered.get(read));
    assertEquals("2", value.version().document().utf8());
    assertEquals(token, a.tokens.get(read), "it saw nothing else");
    net.isolate(0, true);
    long again = a.send(put("x", "3", LOCAL), token);
    a.settle();
    CausalToken newer = Objects.requireNonNull(a.tokens.get(again));
    long behind = a.send(new Command.Get(key("x"), new Moment.Stable()), newer);
    net.until("the refusal", MINUTE, () -> !a.open(behind));
    assertInstanceOf(KdeltaException.Behind.class, a.refused.get(behind));
  }

  @Test
  void itsTokenNamesNothingThatItDidNotShow() {
    join();
    CausalToken first = everywhere("x", "1");
    net.isolate(0, true);
    a.ask(put("x", "2", LOCAL), Reply.Written.class);
    long read = a.send(new Command.Get(key("x"), new Moment.Stable()));
    long list = a.send(new Command.ListKeys("test", "", "", 10, true));
    a.settle();
    for (long ticket : List.of(read, list)) {
      CausalToken token = Objects.requireNonNull(a.tokens.get(ticket));
      long elsewhere = b.send(new Command.Get(key("x"), new Moment.Latest()), token);
      b.settle();
      assertInstanceOf(Reply.Value.class, b.answered.get(elsewhere), "nobody waits there");
    }
    assertEquals(first, a.tokens.get(read));
  }

  @Test
  void aNodeThatHasHeardOfNobodySaysSo() {
    join();
    everywhere("x", "1");
    net.isolate(0, true);
    net.stop(0);
    a.disk.crash();
    a.open();
    assertEquals("1", plain(a, "x"));
    assertThrows(KdeltaException.Unreachable.class, () -> stable(a, "x"));
    net.isolate(0, false);
    net.until("it has heard", MINUTE, () -> known(a));
    assertEquals("1", stable(a, "x"));
  }

  @Test
  void aloneEverythingIsStable() {
    CoreRig alone = new CoreRig(9).open();
    alone.ask(put("x", "1"), Reply.Written.class);
    assertEquals("1", stable(alone, "x"));
    assertEquals(List.of(key("x")), keys(alone, true));
  }

  private static boolean known(CoreRig rig) {
    try {
      return !stable(rig, "x").isEmpty();
    } catch (KdeltaException.Unreachable | KdeltaException.NotFound early) {
      return false;
    }
  }

  private CausalToken everywhere(String name, String document) {
    long ticket = a.send(put(name, document, ALL));
    net.until("it is everywhere", MINUTE, () -> !a.open(ticket));
    net.until("that is known", MINUTE, () -> known(a, document) && known(b, document));
    return Objects.requireNonNull(a.tokens.get(ticket));
  }

  private static boolean known(CoreRig rig, String document) {
    return known(rig) && stable(rig, "x").equals(document);
  }

  private static String plain(CoreRig rig, String name) {
    return rig.ask(new Command.Get(key(name), new Moment.Latest()), Reply.Value.class)
        .version()
        .document()
        .utf8();
  }

  private static String stable(CoreRig rig, String name) {
    return rig.ask(new Command.Get(key(name), new Moment.Stable()), Reply.Value.class)
        .version()
        .document()
        .utf8();
  }

  private static List<io.kdelta.causal.Key> keys(CoreRig rig, boolean stable) {
    return rig.ask(new Command.ListKeys("test", "", "", 10, stable), Reply.KeyList.class).keys();
  }

  private void join() {
    for (CoreRig rig : net.rigs) if (!rig.running()) rig.open();
    for (CoreRig rig : net.rigs) {
      net.until(
          "all have met",
          MINUTE,
          () -> {
            List<Reply.MemberList.Node> nodes =
                rig.ask(new Command.Members(), Reply.MemberList.class).nodes();
            return nodes.size() == 3 && nodes.stream().allMatch(node -> node.member().met());
          });
    }
  }
}
