package io.kdelta.core;

import io.kdelta.cluster.ClusterConfig;
import io.kdelta.env.SimTime;
import io.kdelta.memory.Bytes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/**
 * Several cores joined by links that keep their order and lose nothing until they are cut. One
 * clock; idle time is skipped. What happens on the way of bytes is the simulator's affair; here
 * cores meet.
 */
final class RigNetwork {
  private static final int STEPS_MAX = 200_000;

  final SimTime time = new SimTime();
  final List<CoreRig> rigs = new ArrayList<>();
  private final Map<Long, End> ends = new LinkedHashMap<>();
  private final TreeSet<Integer> cut = new TreeSet<>();
  private Runnable afterRound = () -> {};
  private long links;
  private long bytes;

  /** One end of a link: whose it is, and which number the other end has. */
  private record End(int rig, long other) {}

  RigNetwork(long seed, int nodes) {
    this(seed, nodes, "");
  }

  /** {@code cluster}: its name; empty for none. */
  RigNetwork(long seed, int nodes, String cluster) {
    for (int i = 0; i < nodes; i++) {
      CoreConfig.Member member =
          new CoreConfig.Member(
              "node-" + i,
              List.of(address(i)),
              "",
              "",
              "test",
              Optional.of(cluster).filter(name -> !name.isEmpty()),
              i == 0 ? List.of() : List.of(address(0)),
              ClusterConfig.BACKUPS,
              ClusterConfig.Pace.DEFAULT,
              ClusterConfig.Limits.DEFAULT);
      rigs.add(new CoreRig(seed + i, time, member, CoreConfig.Limits.DEFAULT));
    }
  }

  static String address(int rig) {
    return "10.0.0." + rig + ":7878";
  }

  /** Bytes of all messages that have arrived. */
  long bytes() {
    return bytes;
  }

  /** What looks at the cores again and again, while messages are on their way too. */
  void afterEachRound(Runnable look) {
    afterRound = look;
  }

  /** Cuts a node off from all others, and back. */
  void isolate(int rig, boolean off) {
    if (!off) {
      cut.remove(rig);
      return;
    }
    cut.add(rig);
    for (long link : List.copyOf(ends.keySet())) {
      End end = ends.get(link);
      if (end != null && end.rig == rig) breakLink(link);
    }
  }

  /** The process of a node is gone without a word. */
  void stop(int rig) {
    rigs.get(rig).forget();
    for (long link : List.copyOf(ends.keySet())) {
      End end = ends.get(link);
      if (end != null && end.rig == rig) breakLink(link);
    }
  }

  /** Lets everything happen, in order, until it is so; fails when it never is. */
  void until(String what, long nanosMax, BooleanSupplier met) {
    long end = time.nanos() + nanosMax;
    for (int step = 0; step < STEPS_MAX; step++) {
      deliverAll();
      if (met.getAsBoolean()) return;
      if (time.nanos() >= end) throw new AssertionError("not within its time: " + what);
      long next = end;
      for (CoreRig rig : rigs) if (rig.running()) next = Math.min(next, rig.wakeAt);
      time.advanceTo(Math.max(next, time.nanos()));
      for (CoreRig rig : rigs) {
        if (!rig.running() || rig.wakeAt > time.nanos()) continue;
        rig.wakeAt = Timers.NEVER;
        rig.turn(new Event.Tick());
      }
    }
    throw new AssertionError("too many steps: " + what);
  }

  private void deliverAll() {
    boolean moved = true;
    for (int round = 0; moved; round++) {
      if (round > STEPS_MAX) throw new AssertionError("messages without end");
      moved = false;
      for (int i = 0; i < rigs.size(); i++) {
        CoreRig rig = rigs.get(i);
        if (!rig.running()) continue;
        if (!rig.inHand.isEmpty()) {
          rig.runWork();
          moved = true;
        }
        ArrayDeque<Effect> out = new ArrayDeque<>(rig.outgoing);
        rig.outgoing.clear();
        moved |= !out.isEmpty();
        for (Effect effect : out) carry(i, effect);
      }
      afterRound.run();
    }
  }

  private void carry(int from, Effect effect) {
    switch (effect) {
      case Effect.Dial(String address) -> dial(from, address);
      case Effect.Hangup(long link, String _) -> breakLink(link);
      case Effect.Send send -> {
        End end = ends.get(send.link());
        if (end == null) return;
        End other = ends.get(end.other);
        if (other == null) throw new AssertionError("a link with one end");
        bytes += send.message().size();
        rigs.get(other.rig).turn(new Event.PeerMessage(end.other, send.message()));
      }
      default -> {
        // Notices, departures: the tests look at the traces.
      }
    }
  }

  private void dial(int from, String address) {
    for (int to = 0; to < rigs.size(); to++) {
      boolean open = rigs.get(to).running() && !cut.contains(to) && !cut.contains(from);
      if (!address(to).equals(address) || !open || to == from) continue;
      long here = ++links;
      long there = ++links;
      ends.put(here, new End(from, there));
      ends.put(there, new End(to, here));
      rigs.get(to).turn(new Event.PeerUp(there, null));
      rigs.get(from).turn(new Event.PeerUp(here, address));
      return;
    }
    rigs.get(from).turn(new Event.DialFailed(address));
  }

  /** Brings a message to a node as if another had sent it. */
  void forge(int from, int to, Bytes message) {
    for (Map.Entry<Long, End> link : ends.entrySet()) {
      End other = ends.get(link.getValue().other);
      if (link.getValue().rig != to || other == null || other.rig != from) continue;
      rigs.get(to).turn(new Event.PeerMessage(link.getKey(), message));
      return;
    }
    throw new AssertionError("no link from " + from + " to " + to);
  }

  private void breakLink(long link) {
    End end = ends.remove(link);
    if (end == null) return;
    End other = ends.remove(end.other);
    if (rigs.get(end.rig).running()) rigs.get(end.rig).turn(new Event.PeerDown(link));
    if (other != null && rigs.get(other.rig).running()) {
      rigs.get(other.rig).turn(new Event.PeerDown(end.other));
    }
  }
}
