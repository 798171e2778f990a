package io.kdelta.sim;

/** Writes an action as the one line that {@link ActionReader} reads as that action. */
final class ActionWriter {
  private ActionWriter() {}

  static String write(Action action) {
    return switch (action) {
      case Action.OnPath on -> path(on);
      case Action.OnDisk on -> destroyed(on, World.name(on.node()));
      case Action.Ask ask -> RequestWords.write(ask);
      case Action.OnNode on -> node(on, World.name(on.node()));
      case Action.HealAll() -> "heal all";
      case Action.LiarVanishes() -> "liar vanishes";
      case Action.Judge() -> "judge";
      case Action.Scripted scripted -> scripted(scripted);
    };
  }

  private static String scripted(Action.Scripted action) {
    return switch (action) {
      case Action.AskFor expected -> RequestWords.write(expected);
      case Action.Expect expect -> ExpectationWords.write(expect);
      case Action.Wait(long nanos) -> "wait " + Line.time(nanos);
      case Action.End() -> "end";
      case Action.Load load ->
          "load clients="
              + load.clients()
              + " keys="
              + load.keys()
              + " for="
              + Line.time(load.nanos())
              + " pause="
              + Line.time(load.pauseNanos());
      case Action.Rot rot ->
          "rot "
              + World.name(rot.node())
              + " "
              + rot.kind()
              + " "
              + rot.nth()
              + " at "
              + rot.percent();
    };
  }

  private static String path(Action.OnPath on) {
    String path = " " + World.name(on.from()) + " to " + World.name(on.to());
    return switch (on) {
      case Action.Cut _ -> "cut" + path;
      case Action.Heal _ -> "heal" + path;
      case Action.Clog _ -> "clog" + path;
      case Action.Unclog _ -> "unclog" + path;
      case Action.HalfOpen _ -> "halfopen" + path;
      case Action.Reset reset -> "reset" + path + " nth=" + reset.nth();
      case Action.WeatherTurns turns -> "weather" + path + weather(turns.weather());
    };
  }

  private static String weather(SimNetwork.Weather weather) {
    if (weather.equals(SimNetwork.Weather.CLEAR)) return " clear";
    return " latency="
        + Line.time(weather.latencyNanosMin())
        + ".."
        + Line.time(weather.latencyNanosMax())
        + " lost="
        + weather.lost()
        + " duplicated="
        + weather.duplicated()
        + " reordered="
        + weather.reordered();
  }

  private static String node(Action.OnNode on, String node) {
    return switch (on) {
      case Action.Start _ -> "start " + node;
      case Action.Kill _ -> "kill " + node;
      case Action.Drain _ -> "drain " + node;
      case Action.PowerLoss _ -> "powerloss " + node;
      case Action.Pause _ -> "pause " + node;
      case Action.Resume _ -> "resume " + node;
      case Action.Lose _ -> "lose " + node;
      case Action.Glance _ -> "glance " + node;
      case Action.LiarMeets _ -> "liar meets " + node;
      case Action.Lies lies ->
          "liar tells " + node + " lie=" + Line.spelled(lies.lie()) + " salt=" + lies.salt();
      case Action.StopAt stop ->
          "stopat " + node + " port=" + Line.spelled(stop.port()) + " nth=" + stop.nth();
      case Action.Clock clock ->
          "clock " + node + " offset=" + Line.time(Math.multiplyExact(clock.offsetMicros(), 1_000));
      case Action.Drift drift -> "drift " + node + " ppm=" + drift.ppm();
      case Action.HealDisk _ -> "healdisk " + node;
      case Action.HangDisk _ -> "hangdisk " + node;
      case Action.Remember _ -> "remember " + node;
      case Action.Fill fill -> "fill " + node + " room=" + fill.room();
      case Action.SlowDisk slow ->
          "slowdisk "
              + node
              + " work="
              + Line.time(slow.workNanosMax())
              + " call="
              + Line.time(slow.callNanosMax());
      case Action.FailCall fail ->
          "failcall "
              + node
              + " nth="
              + fail.nth()
              + (fail.suffix().isEmpty() ? "" : " on=" + fail.suffix())
              + " fault="
              + Line.spelled(fail.fault());
      case Action.OnDisk destroys -> destroyed(destroys, node);
      case Action.Ask ask -> RequestWords.write(ask);
    };
  }

  private static String destroyed(Action.OnDisk on, String node) {
    return switch (on) {
      case Action.RollBack _ -> "rollback " + node;
      case Action.Wipe _ -> "wipe " + node;
      case Action.Clone clone -> "clone " + node + " from " + World.name(clone.source());
      case Action.Flip flip ->
          "flip " + at(node, flip.file(), flip.offset()) + " mask=" + flip.mask();
      case Action.Zero zero ->
          "zero " + at(node, zero.file(), zero.offset()) + " count=" + zero.count();
      case Action.LostWrite lost ->
          "lostwrite " + at(node, lost.file(), lost.offset()) + " count=" + lost.count();
      case Action.Misdirect m ->
          "misdirect "
              + at(node, m.file(), m.offset())
              + " source="
              + m.source()
              + " at="
              + m.sourceOffset()
              + " count="
              + m.count();
      case Action.SwapOlder swap -> "swapolder " + node + " file=" + swap.file();
      case Action.Erase erase -> "erase " + node + " file=" + erase.file();
    };
  }

  private static String at(String node, String file, long offset) {
    return node + " file=" + file + " offset=" + offset;
  }
}
