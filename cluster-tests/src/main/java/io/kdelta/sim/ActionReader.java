package io.kdelta.sim;

import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads what a line of a scenario does. {@link ActionWriter} writes it again. NODES is one node,
 * several with commas between, or {@code all}; a line with several nodes is several actions.
 *
 * <pre>
 * cut|heal|clog|unclog|halfopen NODES to NODES      one way
 * cut|heal|clog|unclog NODES from NODES             both ways
 * heal all                                          all paths, and the sky is clear
 * reset NODES to NODES nth=N                        links break in the middle of the nth message
 * weather NODES to NODES clear | latency=T..T [lost=N duplicated=N reordered=N]   N in 1,000
 * start|drain|kill|powerloss|pause|resume NODES
 * stopat NODES port=PORT nth=N                      machine stops at a call to a port
 * liar meets NODE                                   a peer that lies dials it
 * liar tells NODE lie=LIE salt=N                    one lie, drawn by the salt
 * liar vanishes
 * lose NODES                                        gone for ever: nobody waits for them any more
 * failcall NODES nth=N fault=FAULT [on=SUFFIX]      the nth call to the disk on such paths
 * fill NODES room=SIZE; healdisk|hangdisk NODES; slowdisk NODES work=T call=T
 * clock NODES offset=T; drift NODES ppm=N
 * remember|rollback|wipe NODES; clone NODE from NODE
 * flip NODE file=F offset=N mask=N; zero|lostwrite NODE file=F offset=N count=N
 * misdirect NODE file=F offset=N source=F at=N count=N; swapolder|erase NODE file=F
 * rot NODE log|table|manifest|blob N at P           a bit flips P percent into the nth such file
 * put, get, ...                                     see {@link RequestWords}
 * load clients=N keys=N for=T [pause=T]             clients that write and read beside all else
 * wait T
 * expect ...                                        see {@link ExpectationWords}
 * glance NODES                                      what holds at any moment is looked at
 * judge                                             the end: see {@link Judgement}
 * end                                               nothing; with a time the run goes on until then
 * </pre>
 */
final class ActionReader {
  private static final long PAUSE_NANOS = 100_000_000L;

  private ActionReader() {}

  /** Reads the whole line. */
  static List<Action> read(Line line) {
    String verb = line.word("a statement such as cut, put, wait or expect");
    List<Action> actions = new ArrayList<>();
    if (RequestWords.knows(verb)) {
      actions.add(RequestWords.read(verb, line));
    } else {
      switch (verb) {
        case "cut", "heal", "clog", "unclog", "halfopen", "reset", "weather" ->
            paths(verb, line, actions);
        case "wait" -> actions.add(new Action.Wait(line.time()));
        case "end" -> actions.add(new Action.End());
        case "expect" -> actions.add(ExpectationWords.read(line));
        case "judge" -> actions.add(new Action.Judge());
        case "liar" -> actions.add(liar(line));
        case "load" -> {
          long pause = line.has("pause") ? line.time("pause") : PAUSE_NANOS;
          int clients = (int) line.number("clients");
          int keys = (int) line.number("keys");
          actions.add(new Action.Load(clients, keys, line.time("for"), pause));
        }
        default -> nodes(verb, line, actions);
      }
    }
    line.end();
    return actions;
  }

  private static Action liar(Line line) {
    if (line.takes("vanishes")) return new Action.LiarVanishes();
    if (line.takes("meets")) return new Action.LiarMeets(line.node());
    line.must("tells");
    Liar.Lie lie = line.one("lie", Liar.Lie.class);
    return new Action.Lies(line.node(), lie, line.number("salt"));
  }

  private static void paths(String verb, Line line, List<Action> actions) {
    List<Integer> some = line.someNodes();
    if (verb.equals("heal") && line.atEnd()) {
      actions.add(new Action.HealAll());
      return;
    }
    boolean both = line.takes("from");
    if (!both) line.must("to");
    List<Integer> others = line.someNodes();
    SimNetwork.Weather weather = verb.equals("weather") ? weather(line) : SimNetwork.Weather.CLEAR;
    int nth = verb.equals("reset") ? (int) line.number("nth") : 0;
    for (int from : some) {
      for (int to : others) {
        if (from == to) continue;
        actions.add(path(verb, from, to, nth, weather));
        if (both) actions.add(path(verb, to, from, nth, weather));
      }
    }
  }

  private static Action path(String verb, int from, int to, int nth, SimNetwork.Weather weather) {
    return switch (verb) {
      case "cut" -> new Action.Cut(from, to);
      case "heal" -> new Action.Heal(from, to);
      case "clog" -> new Action.Clog(from, to);
      case "unclog" -> new Action.Unclog(from, to);
      case "halfopen" -> new Action.HalfOpen(from, to);
      case "reset" -> new Action.Reset(from, to, nth);
      default -> new Action.WeatherTurns(from, to, weather);
    };
  }

  private static SimNetwork.Weather weather(Line line) {
    if (line.takes("clear")) return SimNetwork.Weather.CLEAR;
    long slowest = line.timeTo("latency");
    return new SimNetwork.Weather(
        line.timeFrom("latency"),
        slowest,
        line.has("lost") ? (int) line.number("lost") : 0,
        line.has("duplicated") ? (int) line.number("duplicated") : 0,
        line.has("reordered") ? (int) line.number("reordered") : 0);
  }

  private static void nodes(String verb, Line line, List<Action> actions) {
    switch (verb) {
      case "start" -> line.someNodes().forEach(n -> actions.add(new Action.Start(n)));
      case "kill" -> line.someNodes().forEach(n -> actions.add(new Action.Kill(n)));
      case "drain" -> line.someNodes().forEach(n -> actions.add(new Action.Drain(n)));
      case "powerloss" -> line.someNodes().forEach(n -> actions.add(new Action.PowerLoss(n)));
      case "pause" -> line.someNodes().forEach(n -> actions.add(new Action.Pause(n)));
      case "resume" -> line.someNodes().forEach(n -> actions.add(new Action.Resume(n)));
      case "lose" -> line.someNodes().forEach(n -> actions.add(new Action.Lose(n)));
      case "glance" -> line.someNodes().forEach(n -> actions.add(new Action.Glance(n)));
      case "stopat" -> {
        Fuse.Port port = line.one("port", Fuse.Port.class);
        int nth = (int) line.number("nth");
        line.someNodes().forEach(n -> actions.add(new Action.StopAt(n, port, nth)));
      }
      case "clock" -> {
        long offset = line.time("offset") / 1_000;
        line.someNodes().forEach(n -> actions.add(new Action.Clock(n, offset)));
      }
      case "drift" -> {
        int ppm = (int) line.number("ppm");
        line.someNodes().forEach(n -> actions.add(new Action.Drift(n, ppm)));
      }
      default -> disks(verb, line, actions);
    }
  }

  private static void disks(String verb, Line line, List<Action> actions) {
    switch (verb) {
      case "healdisk" -> line.someNodes().forEach(n -> actions.add(new Action.HealDisk(n)));
      case "hangdisk" -> line.someNodes().forEach(n -> actions.add(new Action.HangDisk(n)));
      case "remember" -> line.someNodes().forEach(n -> actions.add(new Action.Remember(n)));
      case "rollback" -> line.someNodes().forEach(n -> actions.add(new Action.RollBack(n)));
      case "wipe" -> line.someNodes().forEach(n -> actions.add(new Action.Wipe(n)));
      case "fill" -> {
        long room = line.size("room");
        line.someNodes().forEach(n -> actions.add(new Action.Fill(n, room)));
      }
      case "slowdisk" -> {
        long work = line.time("work");
        long call = line.time("call");
        line.someNodes().forEach(n -> actions.add(new Action.SlowDisk(n, work, call)));
      }
      case "failcall" -> {
        long nth = line.number("nth");
        String suffix = line.option("on", "");
        SimVfs.Fault fault = line.one("fault", SimVfs.Fault.class);
        line.someNodes().forEach(n -> actions.add(new Action.FailCall(n, nth, suffix, fault)));
      }
      case "clone" -> {
        int node = line.node();
        line.must("from");
        actions.add(new Action.Clone(node, line.node()));
      }
      case "rot" -> {
        int node = line.node();
        String kind = line.word("log, table, manifest or blob");
        if (!List.of("log", "table", "manifest", "blob").contains(kind)) {
          throw line.notThat("log, table, manifest or blob");
        }
        int nth = line.count();
        line.must("at");
        actions.add(new Action.Rot(node, kind, nth, line.count()));
      }
      default -> files(verb, line, actions);
    }
  }

  private static void files(String verb, Line line, List<Action> actions) {
    switch (verb) {
      case "flip", "zero", "lostwrite", "misdirect", "swapolder", "erase" -> {}
      default -> throw line.notThat("a statement such as cut, put, wait or expect");
    }
    int node = line.node();
    String file = line.option("file");
    if (verb.equals("erase")) {
      actions.add(new Action.Erase(node, file));
      return;
    }
    if (verb.equals("swapolder")) {
      actions.add(new Action.SwapOlder(node, file));
      return;
    }
    long offset = line.number("offset");
    if (verb.equals("flip")) {
      actions.add(new Action.Flip(node, file, offset, (int) line.number("mask")));
      return;
    }
    int count = (int) line.number("count");
    actions.add(
        switch (verb) {
          case "zero" -> new Action.Zero(node, file, offset, count);
          case "lostwrite" -> new Action.LostWrite(node, file, offset, count);
          default ->
              new Action.Misdirect(
                  node, file, offset, line.option("source"), line.number("at"), count);
        });
  }
}
