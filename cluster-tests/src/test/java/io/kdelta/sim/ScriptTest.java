package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.kdelta.cluster.AckLevel;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Goal: a scenario file says exactly what is done. Method: one of every kind of action, request and
 * expectation is written and read again; files with one mistake each name its place and what was
 * expected there.
 */
final class ScriptTest {
  private static final Request.Terms NO_TERMS = new Request.Terms("", null);
  private static final Action.Ask GET = new Action.Ask(1_000, 0, new Request.Get("t/a"), 1);

  private static final List<Action> ACTIONS =
      List.of(
          new Action.Cut(0, 2),
          new Action.Heal(2, 0),
          new Action.HealAll(),
          new Action.Clog(1, 2),
          new Action.Unclog(1, 2),
          new Action.HalfOpen(0, 1),
          new Action.Reset(0, 1, 7),
          new Action.WeatherTurns(0, 1, new SimNetwork.Weather(1_500, 2_000_000_000L, 3, 4, 5)),
          new Action.WeatherTurns(0, 1, SimNetwork.Weather.CLEAR),
          new Action.PowerLoss(0),
          new Action.Kill(1),
          new Action.Drain(1),
          new Action.Start(2),
          new Action.Pause(0),
          new Action.Resume(0),
          new Action.StopAt(1, Fuse.Port.SEND, 3),
          new Action.Lose(1),
          new Action.LiarMeets(1),
          new Action.Lies(1, Liar.Lie.SQUATTED_DOT, -7),
          new Action.LiarVanishes(),
          new Action.FailCall(0, 4, ".manifest", SimVfs.Fault.SYNC_LOSES_PAGES),
          new Action.FailCall(0, 4, "", SimVfs.Fault.IO_ERROR),
          new Action.Fill(0, 65_537),
          new Action.HealDisk(0),
          new Action.HangDisk(0),
          new Action.SlowDisk(0, 60_000_000, 1_001),
          new Action.Clock(0, -365L * 86_400_000_000L),
          new Action.Drift(0, -20_000),
          new Action.Remember(0),
          new Action.RollBack(0),
          new Action.Wipe(0),
          new Action.Clone(0, 2),
          new Action.Flip(0, "0000000002.log", 12_345, 64),
          new Action.Zero(0, "0000000002.log", 1, 512),
          new Action.LostWrite(0, "0000000002.log", 1, 512),
          new Action.Misdirect(0, "0000000002.log", 1, "0000000003.table", 7, 512),
          new Action.SwapOlder(0, "CURRENT"),
          new Action.Erase(0, "0000000003.table"),
          new Action.Glance(0),
          new Action.Judge(),
          new Action.Wait(1_234_567_891L),
          new Action.End(),
          new Action.Load(4, 8, 10_000_000_000L, 100_000_000L),
          new Action.Rot(0, "log", 2, 50),
          GET,
          new Action.Ask(
              3,
              1,
              new Request.Put(
                  "t/it's a key",
                  "{\"a\":\"<'" + "x".repeat(4_000) + "<<<<<<<<<<<<<<<<<<<<" + "\"}",
                  true,
                  "c1-7",
                  new Request.Terms("r1", AckLevel.QUORUM)),
              2),
          new Action.Ask(0, 0, new Request.Delete("t/a", "a note", NO_TERMS), 1),
          new Action.Ask(
              0, 0, new Request.Delete("t/a", "m", new Request.Terms("r2", AckLevel.ONE, true)), 1),
          new Action.Ask(
              0,
              0,
              new Request.Batch(
                  List.of(
                      new Request.Item("t/a", "{\"a\":1}", "m1"),
                      new Request.Item("t/b", null, "m2")),
                  new Request.Terms("", AckLevel.ALL)),
              1),
          new Action.Ask(0, 0, new Request.Resolve("t/a", "{}", "m", NO_TERMS), 1),
          new Action.Ask(0, 0, new Request.Resolve("t/a", null, "m", NO_TERMS), 1),
          new Action.Ask(0, 0, new Request.Heads("t/a"), 1),
          new Action.Ask(0, 0, new Request.Stable("t/a"), 1, 2),
          new Action.Ask(0, 0, new Request.Watch("", Request.Watch.From.NOW, 1), 1),
          new Action.Ask(9, 1, new Request.Watch("t", Request.Watch.From.START, 7), 1, 2),
          new Action.Ask(9, 1, new Request.Watch("t/a b", Request.Watch.From.SNAPSHOT, 7), 1),
          new Action.Ask(0, 0, new Request.Compact(), 1),
          new Action.Ask(3, 0, new Request.Heads("t/a"), 2, 4),
          new Action.Ask(0, 2, new Request.Leave(), 1),
          new Action.Ask(0, 0, new Request.Remove(2), 1),
          new Action.AskFor(GET, Clients.End.OK, ""),
          new Action.AskFor(GET, Clients.End.REFUSED, "NotFound"),
          new Action.AskFor(GET, Clients.End.UNKNOWN, "Unreachable"),
          new Action.Expect(new Expectation.Heads(0, "t/a", 2), 0),
          new Action.Expect(new Expectation.Value(0, "t/a", "{\"a\":1}"), 5_000_000_000L),
          new Action.Expect(new Expectation.Absent(0, "t/a"), 0),
          new Action.Expect(new Expectation.Conflicts(0, 1), 0),
          new Action.Expect(new Expectation.Versions(0, 10), 0),
          new Action.Expect(new Expectation.Acknowledged(10), 0),
          new Action.Expect(new Expectation.Roots(List.of(), true), 0),
          new Action.Expect(new Expectation.Roots(List.of(0, 2), false), 0),
          new Action.Expect(new Expectation.Queued(0, 96 << 10), 0),
          new Action.Expect(new Expectation.Queued(0, 1_001), 0),
          new Action.Expect(new Expectation.Up(0, true), 0),
          new Action.Expect(new Expectation.Up(0, false), 0),
          new Action.Expect(new Expectation.ReadOnly(0, true), 0),
          new Action.Expect(new Expectation.ReadOnly(0, false), 0),
          new Action.Expect(new Expectation.Recovery(0, ""), 0),
          new Action.Expect(new Expectation.Recovery(0, "set aside"), 0),
          new Action.Expect(new Expectation.Said(0, "disk full"), 1_000_000));

  @Test
  void everyActionIsOneLineAndIsReadAgainAsItself() {
    for (Action action : ACTIONS) {
      String line = ActionWriter.write(action);
      Script script = Script.parse("test", "nodes 3\n" + line);
      assertEquals(1, script.statements().size(), line);
      assertEquals(action, script.statements().getFirst().action(), line);
    }
  }

  @Test
  void noKindOfActionIsForgotten() {
    TreeSet<String> all = new TreeSet<>();
    kinds(Action.class, all);
    kinds(Request.class, all);
    kinds(Expectation.class, all);
    all.removeAll(List.of("Terms", "Item"));
    TreeSet<String> written = new TreeSet<>();
    for (Action action : ACTIONS) {
      written.add(action.getClass().getSimpleName());
      if (action instanceof Action.Ask ask) written.add(ask.request().getClass().getSimpleName());
      if (action instanceof Action.Expect expect) {
        written.add(expect.what().getClass().getSimpleName());
      }
    }
    assertEquals(all, written);
  }

  private static void kinds(Class<?> sealed, SortedSet<String> found) {
    for (Class<?> kind : sealed.getPermittedSubclasses()) {
      if (kind.isInterface()) kinds(kind, found);
      else found.add(kind.getSimpleName());
    }
  }

  @Test
  void aRecordIsReadAgainStepByStep() {
    SimRun.Recorded run = SimRun.recorded(5);
    List<Step> again = new ArrayList<>();
    Script script = Script.parse("test", Script.of(List.of(), run.setup(), run.steps()).format());
    for (Script.Statement statement : script.statements()) {
      again.add(new Step(statement.atNanos(), statement.action()));
    }
    assertEquals(run.setup(), script.setup());
    assertEquals(run.steps(), again);
    assertEquals(run.outcome().trace(), SimRun.play(script).trace());
  }

  @Test
  void whatAWorldIsIsReadAgain() {
    Setup setup =
        Setup.of(7, 4)
            .withBackups(3)
            .withSessions(Setup.TIGHT)
            .withPace(new Setup.Pace(1_000, 2_000, 3_000));
    Script script = Script.parse("test", Script.of(List.of(), setup, List.of()).format());
    assertEquals(setup, script.setup());
  }

  @Test
  void aLineOfSeveralNodesIsSeveralActions() {
    Script script = Script.parse("test", "nodes 3\ncut node-0 from node-1,node-2\nat 2s kill all");
    assertEquals(
        List.of(
            new Script.Statement(2, Script.IN_TURN, new Action.Cut(0, 1)),
            new Script.Statement(2, Script.IN_TURN, new Action.Cut(1, 0)),
            new Script.Statement(2, Script.IN_TURN, new Action.Cut(0, 2)),
            new Script.Statement(2, Script.IN_TURN, new Action.Cut(2, 0)),
            new Script.Statement(3, 2_000_000_000L, new Action.Kill(0)),
            new Script.Statement(3, 2_000_000_000L, new Action.Kill(1)),
            new Script.Statement(3, 2_000_000_000L, new Action.Kill(2))),
        script.statements());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "cutt node-0 from node-1 | s:1:1: expected a statement such as cut, put, wait or expect",
        "kill node-7 | s:1:6: expected nodes such as node-0,node-1, or all, found node-7",
        "wait 3 | s:1:6: expected a time such as 3s, found 3",
        "cut node-0 at node-1 | s:1:12: expected to, found at",
        "fill node-0 room=much | s:1:18: expected room= a size such as 64KiB, found much",
        "fill node-0 | s:1:12: expected an option room=, found the end of the line",
        "kill node-0 now=1 | s:1:13: expected no option now here",
        "kill node-0 node-1 | s:1:13: expected the end of the line, found node-1",
        "put node-0 t/a '{} | s:1:19: expected the quote that ends the text, found the end",
        "put node-0 ta '{}' | s:1:12: expected a key such as t/a, found ta",
        "put node-0 t/a '{}' ack=some | s:1:25: expected ack= one of [local, one, quorum, all]",
        "expect heads node-0 t/a many | s:1:25: expected a number, found many",
        "expect queued node-0 under much | s:1:28: expected a size such as 64KiB, found much",
        "nodes 0 | s:1:7: expected a number from 1 to 99, found 0",
      })
  void aMistakeIsNamedByItsPlace(String text, String error) {
    ScriptError seen = assertThrows(ScriptError.class, () -> Script.parse("s", text));
    assertEquals(error, String.valueOf(seen.getMessage()).substring(0, error.length()));
  }
}
