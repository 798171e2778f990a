package io.kdelta.sim;

import io.kdelta.vfs.SimVfs;
import io.kdelta.vfs.Vfs;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Performs what only a scenario does, for {@link Stage}. */
final class Scripting {
  private static final long PATIENCE_NANOS = 60_000_000_000L;
  private static final long POLL_NANOS = 1_000_000L;

  private final Stage stage;
  private final World world;
  private final Expectations expectations;
  private int loads;

  Scripting(Stage stage) {
    this.stage = stage;
    this.world = stage.world();
    this.expectations = new Expectations(world);
  }

  void perform(Action.Scripted action) {
    switch (action) {
      case Action.Wait(long nanos) -> pass(nanos);
      case Action.End() -> {}
      case Action.Expect expected -> expectations.check(expected);
      case Action.AskFor expected -> ask(expected);
      case Action.Load load -> load(load);
      case Action.Rot rot -> rot(rot);
    }
  }

  private void pass(long nanos) {
    world.simulator().runUntil(world.nowNanos() + nanos);
  }

  /** Asks and waits for the end of it. */
  private void ask(Action.AskFor expected) {
    List<Clients.Outcome> ends = new ArrayList<>();
    Action.Ask ask = expected.ask();
    stage.perform(ask, (asked, outcome) -> ends.add(outcome));
    long deadline = world.nowNanos() + PATIENCE_NANOS;
    while (ends.isEmpty()) {
      if (world.nowNanos() > deadline) {
        throw new OracleFailure("O11", "no end within a minute of " + ActionWriter.write(ask));
      }
      pass(POLL_NANOS);
    }
    Clients.Outcome end = ends.getFirst();
    String error = end.error() == null ? "" : end.error().getClass().getSimpleName();
    boolean asNamed = expected.error().isEmpty() || expected.error().equals(error);
    if (end.end() != expected.end() || !asNamed) {
      Object seen = end.error() == null ? end.reply() : end.error();
      throw new OracleFailure(
          "SCENARIO", ActionWriter.write(expected) + ", but it was " + end.end() + ": " + seen);
    }
  }

  /** Clients of their own numbers, markers and chance. */
  private void load(Action.Load load) {
    int number = loads++;
    Swarm swarm =
        new Swarm(world.setup(), load.clients(), load.keys(), load.pauseNanos(), Fates.NONE);
    Workload workload =
        new Workload(stage, swarm, "load " + number, "load" + number + "-", number * 100);
    workload.start();
    world.simulator().outside(world.nowNanos() + load.nanos(), workload::stop);
  }

  /** Finds the byte that is meant. */
  private void rot(Action.Rot rot) {
    SimVfs disk = world.nodes().get(rot.node()).disk();
    SimVfs copy = disk.copy(world.chance("rot"));
    copy.kill();
    List<String> files =
        copy.list("").stream().filter(name -> name.endsWith("." + rot.kind())).sorted().toList();
    if (files.size() < rot.nth()) {
      throw new OracleFailure(
          "SCENARIO", ActionWriter.write(rot) + ", but there are only " + files);
    }
    String file = files.get(rot.nth() - 1);
    long offset = written(copy, file) * rot.percent() / 100;
    stage.perform(new Action.Flip(rot.node(), file, offset, 4));
  }

  /** Where the zeros of a preallocated file begin. */
  static long written(SimVfs disk, String path) {
    try (Vfs.File file = disk.open(path)) {
      ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
      file.readAt(0, bytes);
      int end = bytes.position();
      while (end > 0 && bytes.get(end - 1) == 0) end--;
      return end;
    }
  }
}
