package io.kdelta.sim;

import io.kdelta.causal.NodeId;
import io.kdelta.cluster.Member;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * O9: no live, connected node is called dead for over 30 s of quiet. And whoever is the first to
 * call a member dead has suspected it for as long as the member has to refute: the verdict is
 * reached by time that has passed, whatever a wall clock says.
 */
final class VerdictOracle implements Oracle {
  private static final long QUIET_NANOS = 30_000_000_000L;

  /** SWIM's shortest time to refute, 4 probe intervals, less what a clock may drift. */
  private static final long REFUTE_NANOS_MIN = 3_200_000_000L;

  /** A verdict that somebody else passed so lately may only have been passed on. */
  private static final long RUMOUR_NANOS = 120_000_000_000L;

  private final World world;

  /** By who suspects whom: since when, in virtual time. */
  private final TreeMap<String, Long> suspected = new TreeMap<>();

  /** By whom: when anybody last called it dead. */
  private final TreeMap<String, Long> calledDead = new TreeMap<>();

  /** By who calls whom dead and has not heard of it since: whoever meets them may be told. */
  private final TreeSet<String> standing = new TreeSet<>();

  /** Whether a liar has spoken: a bent rumour is of a member that never was, under a true name. */
  private boolean lied;

  private long looks;

  VerdictOracle(World world) {
    this.world = world;
  }

  @Override
  public long looks() {
    return looks;
  }

  @Override
  public void acted(Action action) {
    lied |= action instanceof Action.Lies;
  }

  @Override
  public void noted(int node, String what) {
    if (node < 0 || !what.startsWith("node-")) return;
    String of = node + " of " + what.substring(0, Math.max(0, what.indexOf(' ')));
    String member = of.substring(of.lastIndexOf(' ') + 1);
    if (what.equals(member + " is suspect")) {
      suspected.put(of, world.nowNanos());
    } else if (what.equals(member + " is alive")) {
      suspected.remove(of);
      standing.remove(of);
    } else if (what.equals(member + " is dead")) {
      dead(node, of, member);
    }
  }

  private void dead(int node, String of, String member) {
    looks++;
    long now = world.nowNanos();
    Long since = suspected.remove(of);
    Long before = calledDead.put(member, now);
    boolean told = standing.stream().anyMatch(other -> other.endsWith(" of " + member));
    standing.add(of);
    if (told || lied) return;
    if (before != null && now - before < RUMOUR_NANOS) return;
    if (since != null && now - since >= REFUTE_NANOS_MIN) return;
    // On a new disk lives another member under the old name.
    if (world.nodes().stream().anyMatch(SimNode::struck)) return;
    throw new OracleFailure(
        "O9",
        World.name(node)
            + " calls "
            + member
            + " dead, which it suspects since "
            + (since == null ? "never" : (now - since) / 1e9 + " s"));
  }

  @Override
  public void end() {
    world.simulator().runUntil(world.nowNanos() + QUIET_NANOS);
    TreeSet<NodeId> up = new TreeSet<>();
    for (SimNode node : world.standing()) {
      if (node.up()) up.add(((Reply.Status) ask(node, new Command.AdminStatus())).node());
    }
    for (SimNode node : world.standing()) {
      if (!node.up()) continue;
      looks++;
      for (Reply.MemberList.Node member :
          ((Reply.MemberList) ask(node, new Command.ClusterStatus())).nodes()) {
        if (!up.contains(member.member().node())) continue;
        if (member.member().state() == Member.State.ALIVE) continue;
        throw new OracleFailure(
            "O9",
            World.name(node.index()) + " calls " + member.member() + " so after 30 s of quiet");
      }
    }
  }

  private Reply ask(SimNode node, Command command) {
    return world.asker().ask(node, command);
  }
}
