package io.kdelta.core;

import static io.kdelta.core.CoreRig.key;
import static io.kdelta.core.CoreRig.put;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.cluster.AckLevel;
import io.kdelta.document.Moment;
import io.kdelta.reconciliation.Digest;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * Goal: a node that was started a thousand times, and wrote each time, leaves a thousand logs
 * behind; tokens stay short, and so does what nodes say of them when they meet again. Method: that
 * many lives of a core, then two more nodes on one clock; bytes of every message are counted.
 */
final class CoreRestartsTest {
  private static final int RESTARTS = 1_000;
  private static final long MINUTE = 60_000_000_000L;
  private static final Command.Terms LOCAL = CoreRig.level(AckLevel.LOCAL);

  /** A log by its name and one range: told in full, that would be so much for each. */
  private static final long TOLD_IN_FULL = RESTARTS * 36L;

  private final RigNetwork net = new RigNetwork(23, 3);
  private final CoreRig a = net.rigs.get(0);
  private final CoreRig b = net.rigs.get(1);

  @Test
  void aThousandLogsCostNextToNothing() {
    for (int life = 0; life < RESTARTS; life++) {
      a.open();
      a.ask(put("k" + life % 100, String.valueOf(life), LOCAL), Reply.Written.class);
      a.close();
    }
    for (CoreRig rig : net.rigs) rig.open();
    agree();

    // Whoever lists everything has seen something of each log; all have it, so it needs no name.
    CausalToken list = token(a, new Command.ListKeys("test", "", "", 100));
    assertTrue(list.size() <= 64, list.size() + " bytes of " + list);
    CausalToken read = token(a, new Command.Get(key("k7"), new Moment.Latest()));
    assertTrue(read.size() <= 64, read.size() + " bytes of " + read);
    long elsewhere = b.send(new Command.Get(key("k7"), new Moment.Latest()), read.union(list));
    b.settle();
    assertInstanceOf(Reply.Value.class, b.answered.get(elsewhere), "and nobody waits");

    // But for one that may have lost it: by itself it can not know.
    net.isolate(1, true);
    long unsure = b.send(new Command.Get(key("k7"), new Moment.Latest()), list);
    b.settle();
    assertTrue(b.open(unsure), "it waits for a majority to tell what they have");
    net.isolate(1, false);
    net.until("the answer", MINUTE, () -> !b.open(unsure));
    assertInstanceOf(Reply.Value.class, b.answered.get(unsure));
    agree();

    // Two nodes that meet again say in two kilobytes that they hold the same of all of them.
    long before = net.bytes();
    net.isolate(1, true);
    net.isolate(1, false);
    agree();
    long again = net.bytes() - before;
    assertTrue(again <= 16_384, again + " bytes to meet again");
    assertTrue(again * 4 < TOLD_IN_FULL * 2 * 2, "both ways, over two links");

    // And find what one of them has missed without a word of the others.
    net.isolate(1, true);
    for (int i = 0; i < 20; i++) a.ask(put("new" + i, "1", LOCAL), Reply.Written.class);
    b.ask(put("mine", "1", LOCAL), Reply.Written.class);
    before = net.bytes();
    net.isolate(1, false);
    agree();
    long missed = net.bytes() - before;
    assertTrue(missed <= 32_768, missed + " bytes for 21 versions");
  }

  private static CausalToken token(CoreRig rig, Command command) {
    long ticket = rig.send(command);
    rig.settle();
    return Objects.requireNonNull(rig.tokens.get(ticket));
  }

  /** Lets time pass until all are linked and hold the same, and have told each other. */
  private void agree() {
    net.until(
        "all agree",
        5 * MINUTE,
        () -> {
          Digest root = null;
          for (CoreRig rig : net.rigs) {
            for (var node : rig.ask(new Command.Members(), Reply.MemberList.class).nodes()) {
              if (!node.member().linked() || !node.member().met()) return false;
              if (root == null) root = node.member().facts().root();
              if (!root.equals(node.member().facts().root())) return false;
            }
          }
          return true;
        });
    assertEquals(3, a.ask(new Command.Members(), Reply.MemberList.class).nodes().size());
  }
}
