package io.kdelta.sim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where actions are done to a world, and written down: the record of a run, performed again on a
 * world of the same {@link Setup}, is the same run, to the last byte of its trace.
 *
 * <p>That holds because whoever decides does so in the queue's outside events ({@link
 * Simulator#outside}), which come before all others of their moment, in the order of the record.
 */
final class Stage {
  private final World world;
  private final Judgement judgement;
  private final List<Step> record = new ArrayList<>();
  private final Scripting script;
  private final TreeMap<String, Long> faults = new TreeMap<>();

  /** Recorded actions that are being done: one may take its time, and others fall into it. */
  private int underWay;

  Stage(World world) {
    this.world = world;
    this.judgement = new Judgement(world);
    this.script = new Scripting(this);
  }

  World world() {
    return world;
  }

  /** What was performed so far, in order. */
  List<Step> record() {
    return List.copyOf(record);
  }

  /**
   * What was performed so far, and how long the world then went on by itself: performed again it
   * comes as far as this run did, also when what ended this run came after the last action.
   */
  List<Step> recordUntilNow() {
    List<Step> steps = new ArrayList<>(record);
    long last = steps.isEmpty() ? 0 : steps.getLast().atNanos();
    boolean after = underWay == 0 && world.nowNanos() > last;
    if (after) steps.add(new Step(world.nowNanos(), new Action.End()));
    return steps;
  }

  /** How many faults were injected. */
  int faults() {
    return (int) faults.values().stream().mapToLong(Long::longValue).sum();
  }

  /** How many faults were injected, by kind. */
  SortedMap<String, Long> faultsByKind() {
    return Collections.unmodifiableSortedMap(faults);
  }

  /** What the last {@link Action.Judge} found. */
  Judgement judgement() {
    return judgement;
  }

  /** Puts every step of a record into the queue. */
  void schedule(List<Step> steps) {
    for (Step step : steps) {
      world.simulator().outside(step.atNanos(), () -> perform(step.action()));
    }
  }

  /** Asks, and lets {@code asker} hear what comes of it. */
  void perform(Action.Ask ask, Clients.Listener asker) {
    record.add(new Step(world.nowNanos(), ask));
    world.trace().note(world.nowNanos(), ask.node(), ask);
    world.clients().send(ask, world.node(ask), asker);
  }

  /** Does it now, in the middle of an outside event, and writes it down. */
  void perform(Action action) {
    long now = world.nowNanos();
    boolean recorded = !(action instanceof Action.Scripted);
    if (recorded) {
      record.add(new Step(now, action));
      underWay++;
    }
    if (action instanceof Action.Fault fault && fault.harms()) {
      faults.merge(fault.kind(), 1L, Long::sum);
    }
    int lane = action instanceof Action.OnNode on ? on.node() : -1;
    world.trace().note(now, lane, action);
    for (Oracle oracle : world.oracles()) oracle.before(action);
    act(action);
    for (Oracle oracle : world.oracles()) oracle.acted(action);
    if (recorded) underWay--;
  }

  private void act(Action action) {
    switch (action) {
      case Action.OnNode on -> onNode(on, world.node(on));
      case Action.OnPath on -> onPath(on, world.network());
      case Action.HealAll() -> world.network().healAll();
      case Action.LiarVanishes() -> world.liar().vanish();
      case Action.Judge() -> {
        calm();
        judgement.judge();
      }
      case Action.Scripted scripted -> script.perform(scripted);
    }
  }

  /** No fault outlasts the judgement, also in a record that lost what ended them. */
  private void calm() {
    world.network().healAll();
    world.liar().vanish();
    for (SimNode node : world.standing()) {
      for (Action.OnNode end : endOfFaults(node.index())) onNode(end, node);
    }
  }

  /** What makes a node whole again, up and with the right time, whatever struck it. */
  static List<Action.OnNode> endOfFaults(int node) {
    return List.of(
        new Action.Resume(node),
        new Action.HealDisk(node),
        new Action.Clock(node, 0),
        new Action.Drift(node, 0),
        new Action.Start(node));
  }

  private static void onPath(Action.OnPath action, SimNetwork network) {
    switch (action) {
      case Action.Cut(int from, int to) -> network.cut(from, to);
      case Action.Heal(int from, int to) -> network.heal(from, to);
      case Action.Clog(int from, int to) -> network.clog(from, to);
      case Action.Unclog(int from, int to) -> network.unclog(from, to);
      case Action.Reset(int from, int to, int nth) -> network.resetAt(from, to, nth);
      case Action.HalfOpen(int from, int to) -> network.halfOpen(from, to);
      case Action.WeatherTurns turns -> network.weather(turns.from(), turns.to(), turns.weather());
    }
  }

  private void onNode(Action.OnNode action, SimNode node) {
    switch (action) {
      case Action.PowerLoss _ -> node.losePower();
      case Action.Kill _ -> node.kill();
      case Action.Drain _ -> node.drain();
      case Action.Start _ -> {
        if (world.standing().contains(node)) node.start();
      }
      case Action.FailCall fail -> node.disk().failCall(fail.nth(), fail.suffix(), fail.fault());
      case Action.Fill fill -> node.fillDisk(fill.room());
      case Action.HealDisk _ -> node.healDisk();
      case Action.Clock clock -> {
        node.time().setWallOffsetMicros(clock.offsetMicros());
        world.clients().clockSet(node.index(), clock.offsetMicros());
      }
      case Action.Pause _ -> node.pause();
      case Action.Resume _ -> node.resume();
      case Action.StopAt stop -> node.stopAt(stop.port(), stop.nth());
      case Action.Drift drift -> node.drift(drift.ppm());
      case Action.HangDisk _ -> node.hangDisk();
      case Action.SlowDisk slow -> node.slowDisk(slow.workNanosMax(), slow.callNanosMax());
      case Action.Remember _ -> node.rememberDisk();
      case Action.OnDisk destroys -> {
        world.atlas().strikes(node);
        node.strike(destroys, world.nodes());
        world.atlas().struck(node, destroys);
      }
      case Action.Lose lose -> {
        node.losePower();
        world.lose(lose.node());
      }
      case Action.Glance _ -> glance(node);
      case Action.LiarMeets _ -> world.liar().meet(node.index(), node.address());
      case Action.Lies lies -> world.liar().lie(lies.node(), lies.lie(), lies.salt());
      case Action.Ask ask -> {
        world.histories().asked(world.nowNanos(), ask);
        world.clients().send(ask, node);
      }
    }
  }

  private void glance(SimNode node) {
    for (Oracle oracle : world.oracles()) {
      if (node.up() && !node.stuck()) oracle.glance(node);
    }
  }
}
