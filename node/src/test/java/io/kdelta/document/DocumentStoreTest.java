package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.Distinction;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.causal.Written;
import io.kdelta.error.KdeltaException.Conflict;
import io.kdelta.error.KdeltaException.Corrupt;
import io.kdelta.error.KdeltaException.Invalid;
import io.kdelta.error.KdeltaException.NoValueAt;
import io.kdelta.error.KdeltaException.NotFound;
import io.kdelta.error.KdeltaException.Overloaded;
import io.kdelta.error.KdeltaException.ReadOnly;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: writes do what their conditions, request ids and batches say, or nothing at all. Method:
 * examples over a whole store on a simulated disk; reads have a test of their own.
 */
final class DocumentStoreTest {
  private static final Key ALICE = new Key("users", "alice");
  private static final Key BO = new Key("users", "bo");

  private final Bench bench = new Bench(1);

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void putGetDelete() {
    assertThrows(NotFound.class, () -> bench.get(ALICE));
    assertFalse(bench.reader().exists(ALICE).exists());
    Digest first = bench.put(ALICE, "{\"age\":30}");
    Written second = bench.write(Write.put(ALICE, Bytes.utf8("{\"age\":31}")).because("birthday"));
    assertEquals(List.of(first), second.version().parents());
    assertEquals(1, second.superseded());
    assertEquals(1, second.headsLeft());
    assertEquals("birthday", second.version().note());
    assertEquals(bench.causal.node(), second.version().node());
    Answer.Value value = bench.reader().get(ALICE, Moment.now());
    assertEquals("{\"age\":31}", value.version().document().utf8());
    assertEquals(OptionalInt.of(1), value.heads());
    assertEquals(second.version().id(), value.state());
    assertTrue(value.lsn() > 0);
    Written deleted = bench.write(Write.delete(ALICE));
    assertTrue(deleted.version().deleted());
    assertThrows(NotFound.class, () -> bench.get(ALICE));
    assertFalse(bench.reader().exists(ALICE).exists());
    assertEquals(3, bench.documents.stats("users").versions());
  }

  @Test
  void nullIsAValue() {
    bench.put(ALICE, "null");
    assertEquals("null", bench.get(ALICE));
    assertTrue(bench.reader().exists(ALICE).exists());
  }

  @Test
  void deletingWhatHasNoValueWritesNothing() {
    assertThrows(NotFound.class, () -> bench.write(Write.delete(ALICE)));
    bench.put(ALICE, "1");
    bench.write(Write.delete(ALICE));
    assertThrows(NotFound.class, () -> bench.write(Write.delete(ALICE)));
    assertEquals(2, bench.documents.stats(null).versions());
    assertEquals(1, bench.documents.stats(null).keysDeleted());
  }

  @Test
  void aPutAfterADeleteSupersedesIt() {
    bench.put(ALICE, "1");
    Digest deleted = bench.write(Write.delete(ALICE)).version().id();
    Written again = bench.write(Write.put(ALICE, Bytes.utf8("2")));
    assertEquals(List.of(deleted), again.version().parents());
    assertEquals("2", bench.get(ALICE));
  }

  @Test
  void ifStateHoldsOrConflicts() {
    Precondition anyState = Precondition.ifState(Digest.ZERO);
    Write put = Write.put(ALICE, Bytes.utf8("1"));
    assertThrows(Conflict.class, () -> bench.write(put.when(anyState)), "on an absent key");
    Digest first = bench.put(ALICE, "1");
    bench.write(put.when(Precondition.ifState(first)));
    Conflict conflict =
        assertThrows(Conflict.class, () -> bench.write(put.when(Precondition.ifState(first))));
    assertEquals("users/alice", conflict.key());
    assertTrue(conflict.expected().contains(first.hex()));
    Write delete = Write.delete(ALICE).when(Precondition.ifState(first));
    assertThrows(Conflict.class, () -> bench.write(delete));
    assertEquals(2, bench.documents.stats(null).versions());
  }

  @Test
  void ifStateOfAConflictNamesAllHeads() {
    Digest base = bench.put(ALICE, "0");
    Digest left = bench.putOver(ALICE, "1", base);
    Digest right = bench.putOver(ALICE, "2", base);
    Write put = Write.put(ALICE, Bytes.utf8("3"));
    assertThrows(Conflict.class, () -> bench.write(put.when(Precondition.ifState(left))));
    Digest state = Distinction.synthesize(left, right);
    assertEquals(state, bench.reader().get(ALICE, Moment.now()).state());
    Written merged = bench.write(put.when(Precondition.ifState(state)));
    assertEquals(2, merged.superseded());
    assertEquals(1, merged.headsLeft());
  }

  @Test
  void ifAbsentTakesADeletedKeyForAbsent() {
    Write put = Write.put(ALICE, Bytes.utf8("1")).when(Precondition.IF_ABSENT);
    bench.write(put);
    assertThrows(Conflict.class, () -> bench.write(put));
    Digest deleted = bench.write(Write.delete(ALICE)).version().id();
    assertEquals(List.of(deleted), bench.write(put).version().parents());
    Write delete = Write.delete(BO).when(Precondition.IF_ABSENT);
    assertThrows(Invalid.class, () -> bench.write(delete));
    assertThrows(Invalid.class, () -> new Precondition(Digest.ZERO, true));
  }

  @Test
  void whereVersionsAreMissingOnlyWhoSawSomethingWrites() {
    Digest seen = bench.write(Write.put(ALICE, Bytes.utf8("1"))).version().id();
    DocumentStore damaged =
        new DocumentStore(bench.causal, key -> true, bench.causal.graph()::heads);
    Write put = Write.put(ALICE, Bytes.utf8("2"));
    Write absent = Write.put(BO, Bytes.utf8("2")).when(Precondition.IF_ABSENT);
    assertThrows(Corrupt.class, () -> damaged.write(List.of(put), ""));
    assertThrows(Corrupt.class, () -> damaged.write(List.of(absent), ""));
    Write over = put.when(Precondition.ifState(seen));
    assertEquals(1, damaged.write(List.of(over), "").written().size());
  }

  @Test
  void namedParentsMakeBranches() {
    Digest base = bench.put(ALICE, "0");
    bench.putOver(ALICE, "1", base);
    Written branch = bench.write(Write.put(ALICE, Bytes.utf8("2")).over(List.of(base)));
    assertEquals(0, branch.superseded());
    assertEquals(2, branch.headsLeft());
    assertEquals("2", bench.get(ALICE), "the later one wins");
    assertEquals(OptionalInt.of(2), bench.reader().get(ALICE, Moment.now()).heads());
    Write unknown = Write.put(ALICE, Bytes.utf8("3")).over(List.of(Digest.ZERO));
    assertThrows(NotFound.class, () -> bench.write(unknown));
    Write foreign = Write.put(BO, Bytes.utf8("3")).over(List.of(base));
    assertThrows(Invalid.class, () -> bench.write(foreign));
    Written all = bench.write(Write.put(ALICE, Bytes.utf8("4")));
    assertEquals(2, all.superseded());
  }

  @Test
  void aDeleteBesideAValueLosesToIt() {
    Digest base = bench.put(ALICE, "0");
    bench.putOver(ALICE, "1", base);
    bench.write(Write.delete(ALICE).over(List.of(base)));
    assertEquals("1", bench.get(ALICE));
    assertTrue(bench.reader().exists(ALICE).exists());
  }

  @Test
  void aRepeatedRequestAnswersTheFirstResult() {
    Write put = Write.put(ALICE, Bytes.utf8("1"));
    Answer.Outcome first = bench.writeAs("r1", put);
    bench.put(ALICE, "2");
    Answer.Outcome again = bench.writeAs("r1", put);
    assertEquals(first.written().getFirst().version(), again.written().getFirst().version());
    assertEquals(first.written().getFirst().dots(), again.written().getFirst().dots());
    assertFalse(first.written().getFirst().repeated());
    assertTrue(again.written().getFirst().repeated());
    assertEquals(List.of(), again.applied());
    assertEquals("2", bench.get(ALICE));
    bench.restart();
    assertTrue(bench.writeAs("r1", put).written().getFirst().repeated(), "after a restart too");
    assertEquals(2, bench.documents.stats(null).versions());
  }

  @Test
  void aRepeatedRequestNeedNotHoldItsConditionAgain() {
    Write put = Write.put(ALICE, Bytes.utf8("1")).when(Precondition.IF_ABSENT);
    bench.writeAs("r1", put);
    assertTrue(bench.writeAs("r1", put).written().getFirst().repeated());
    bench.writeAs("r2", Write.delete(ALICE));
    assertTrue(bench.writeAs("r2", Write.delete(ALICE)).written().getFirst().repeated());
  }

  @Test
  void aRequestWithAnotherBodyConflicts() {
    Write put = Write.put(ALICE, Bytes.utf8("1"));
    bench.writeAs("r1", put);
    assertThrows(Conflict.class, () -> bench.writeAs("r1", Write.put(ALICE, Bytes.utf8("2"))));
    assertThrows(Conflict.class, () -> bench.writeAs("r1", Write.put(BO, Bytes.utf8("1"))));
    assertThrows(Conflict.class, () -> bench.writeAs("r1", put.because("x")));
    assertThrows(Conflict.class, () -> bench.writeAs("r1", Write.delete(ALICE)));
    assertThrows(Conflict.class, () -> bench.writeAs("r1", put, put));
    assertEquals(1, bench.documents.stats(null).versions());
    assertThrows(Invalid.class, () -> bench.writeAs("x".repeat(129), put));
  }

  @Test
  void aBatchIsAllOrNothing() {
    Answer.Outcome outcome =
        bench.writeAs(
            "b1",
            Write.put(ALICE, Bytes.utf8("1")),
            Write.put(BO, Bytes.utf8("2")),
            Write.put(ALICE, Bytes.utf8("3")));
    assertEquals(3, outcome.written().size());
    Version third = outcome.written().get(2).version();
    assertEquals(List.of(outcome.written().get(0).version().id()), third.parents());
    assertEquals("3", bench.get(ALICE));
    assertEquals(3, outcome.applied().size());
    long versions = bench.documents.stats(null).versions();
    assertThrows(
        NotFound.class,
        () ->
            bench.writeAs(
                "", Write.put(BO, Bytes.utf8("9")), Write.delete(new Key("users", "no"))));
    assertThrows(
        Conflict.class,
        () ->
            bench.writeAs(
                "",
                Write.put(BO, Bytes.utf8("9")),
                Write.put(ALICE, Bytes.utf8("9")).when(Precondition.IF_ABSENT)));
    assertEquals("2", bench.get(BO));
    assertEquals(versions, bench.documents.stats(null).versions());
    assertTrue(bench.writeAs("b2", Write.put(BO, Bytes.utf8("4"))).lsn() > 0, "it still writes");
  }

  @Test
  void aRepeatedBatchAnswersTheFirstResult() {
    Write one = Write.put(ALICE, Bytes.utf8("1"));
    Write two = Write.put(BO, Bytes.utf8("2"));
    Answer.Outcome first = bench.writeAs("b", one, two);
    Answer.Outcome again = bench.writeAs("b", one, two);
    assertEquals(
        first.written().stream().map(Written::version).toList(),
        again.written().stream().map(Written::version).toList());
    assertThrows(Conflict.class, () -> bench.writeAs("b", two, one));
    assertThrows(Conflict.class, () -> bench.writeAs("b", one));
    assertEquals(2, bench.documents.stats(null).versions());
  }

  @Test
  void aBatchHasALimitOfBytesASinglePutHasNot() {
    Bytes large = Bytes.utf8("\"" + "x".repeat(3 << 20) + "\"");
    Write put = Write.put(ALICE, large);
    assertThrows(Invalid.class, () -> bench.writeAs("", put, Write.put(BO, large)));
    assertThrows(Invalid.class, () -> bench.documents.write(List.of(), ""));
    assertEquals(0, bench.documents.stats(null).versions());
  }

  @Test
  void namespacesOfTheSystemAreRefused() {
    Key system = new Key("_auth", "identity:1");
    assertEquals("namespace", assertThrows(Invalid.class, () -> bench.put(system, "1")).field());
    assertThrows(Invalid.class, () -> bench.write(Write.delete(system)));
    assertThrows(
        Invalid.class,
        () -> bench.documents.resolve(system, new Choice.Merge(), true, Precondition.NONE, "", ""));
    HistoryImport history = new HistoryImport("_auth", CanonicalJson.STANDARD);
    Envelope version =
        history.next(
            Bytes.utf8(
                "{\"key\":\"k\",\"value\":1,\"at\":\"2020-01-01T00:00:00Z\",\"label\":\"l\",\"parents\":[]}"));
    assertThrows(Invalid.class, () -> bench.documents.importVersions(List.of(version)));
  }

  @Test
  void resolveTakesAHead() {
    Digest base = bench.put(ALICE, "0");
    Digest left = bench.putOver(ALICE, "1", base);
    Digest right = bench.putOver(ALICE, "2", base);
    Answer.Resolution resolution = resolve(new Choice.Take(left.hex().substring(0, 12)), false, "");
    assertEquals("1", bench.get(ALICE));
    assertEquals(List.of(right, left), resolution.heads(), "the winner first");
    Version written = written(resolution);
    assertEquals(2, written.parents().size());
    assertEquals("why", written.note());
    assertThrows(Conflict.class, () -> resolve(new Choice.Merge(), false, ""), "one head is left");
    assertThrows(NotFound.class, () -> resolveOf(BO, new Choice.Merge()));
  }

  @Test
  void resolveTakesADelete() {
    Digest base = bench.put(ALICE, "0");
    bench.putOver(ALICE, "1", base);
    Digest deleted = bench.write(Write.delete(ALICE).over(List.of(base))).version().id();
    Answer.Resolution resolution = resolve(new Choice.Take(deleted.hex()), false, "");
    assertNull(resolution.document());
    assertTrue(written(resolution).deleted());
    assertThrows(NotFound.class, () -> bench.get(ALICE));
  }

  @Test
  void resolveTakesOnlyAHead() {
    Digest base = bench.put(ALICE, "0");
    bench.putOver(ALICE, "1", base);
    bench.putOver(ALICE, "2", base);
    assertThrows(NotFound.class, () -> resolve(new Choice.Take(base.hex()), false, ""));
    assertThrows(Invalid.class, () -> resolve(new Choice.Take("xyz"), false, ""));
  }

  @Test
  void resolveWritesAValueOfTheClients() {
    Digest base = bench.put(ALICE, "0");
    bench.putOver(ALICE, "1", base);
    bench.putOver(ALICE, "2", base);
    resolve(new Choice.Value(Bytes.utf8("[1,2]")), false, "");
    assertEquals("[1,2]", bench.get(ALICE));
    assertEquals(0, bench.documents.stats("users").conflicts());
  }

  @Test
  void resolveMergesFieldByField() {
    Digest base = bench.put(ALICE, "{\"age\":30,\"name\":\"Alice\"}");
    bench.putOver(ALICE, "{\"age\":31,\"name\":\"Alice\"}", base);
    bench.putOver(ALICE, "{\"age\":30,\"email\":\"a@b\",\"name\":\"Alice\"}", base);
    String merged = "{\"age\":31,\"email\":\"a@b\",\"name\":\"Alice\"}";
    Answer.Resolution dry = resolve(new Choice.Merge(), true, "");
    assertNull(dry.outcome());
    assertEquals(merged, document(dry));
    assertEquals(1, bench.documents.stats("users").conflicts());
    Answer.Resolution wet = resolve(new Choice.Merge(), false, "");
    assertNotNull(wet.outcome());
    assertEquals(merged, bench.get(ALICE));
    assertEquals(0, bench.documents.stats("users").conflicts());
    assertEquals(1, bench.documents.stats("users").merges());
  }

  @Test
  void resolveNamesWhatItCannotMergeAndWritesNothing() {
    Digest base = bench.put(ALICE, "{\"age\":30,\"x\":1}");
    bench.putOver(ALICE, "{\"age\":31,\"x\":1}", base);
    bench.putOver(ALICE, "{\"age\":32,\"x\":2}", base);
    Answer.Resolution resolution = resolve(new Choice.Merge(), false, "");
    assertNull(resolution.outcome());
    assertEquals(
        List.of("/age"), resolution.unmerged().stream().map(FieldMerge.Clash::path).toList());
    assertEquals("{\"age\":32,\"x\":2}", document(resolution), "the winner's where they clash");
    assertEquals(1, bench.documents.stats("users").conflicts());
  }

  @Test
  void aRepeatedResolveAnswersTheFirstResult() {
    Digest base = bench.put(ALICE, "{\"a\":1}");
    Digest left = bench.putOver(ALICE, "{\"a\":1,\"b\":1}", base);
    bench.putOver(ALICE, "{\"a\":2}", base);
    Version first = written(resolve(new Choice.Merge(), false, "m1"));
    assertEquals(first, written(resolve(new Choice.Merge(), false, "m1")));
    assertThrows(
        Conflict.class, () -> resolve(new Choice.Take(left.hex()), false, "m1"), "another body");
    bench.put(ALICE, "{}");
    assertEquals(first, written(resolve(new Choice.Merge(), false, "m1")));
    assertEquals("{}", bench.get(ALICE));
  }

  @Test
  void aResolveUnderTheIdOfAnotherRequestConflicts() {
    bench.writeAs("put", Write.put(BO, Bytes.utf8("1")));
    bench.writeAs("first", Write.put(ALICE, Bytes.utf8("0")));
    Digest base = bench.reader().get(ALICE, Moment.now()).version().version().id();
    Digest left = bench.putOver(ALICE, "1", base);
    bench.putOver(ALICE, "2", base);
    for (Choice choice : List.of(new Choice.Merge(), new Choice.Take(left.hex()))) {
      assertThrows(Conflict.class, () -> resolve(choice, false, "put"), "of another key");
      assertThrows(Conflict.class, () -> resolve(choice, false, "first"), "of one parent or none");
    }
    resolve(new Choice.Take(left.hex()), false, "taken");
    Choice other = new Choice.Take(base.hex());
    assertThrows(Conflict.class, () -> resolve(other, false, "taken"), "takes something else");
  }

  @Test
  void onlyCanonicalDocumentsAreTaken() {
    for (String wrong : List.of("", "{\"a\": 1}", "{\"b\":1,\"a\":2}", "1.0", "nul")) {
      assertThrows(Invalid.class, () -> Write.put(ALICE, Bytes.utf8(wrong)), wrong);
      assertThrows(Invalid.class, () -> new Choice.Value(Bytes.utf8(wrong)), wrong);
    }
  }

  @Test
  void aPutFromTextIsCanonicalAndParsedOnce() {
    Key key = new Key("ns", "k");
    Write write = Write.put(key, Bytes.utf8(" {\"b\": 1.50, \"a\":2}"), CanonicalJson.STANDARD);
    assertEquals(Write.put(key, Bytes.utf8("{\"a\":2,\"b\":1.5}")), write);
    assertThrows(
        Invalid.class, () -> Write.put(key, Bytes.utf8("{\"a\":}"), CanonicalJson.STANDARD));
    assertThrows(
        Invalid.class,
        () -> Write.put(key, Bytes.utf8("[1,2,3]"), new CanonicalJson(4)),
        "over the limit of the form");
  }

  @Test
  void aFullDiskRefusesWritesAnswersReadsAndHealsByItself() {
    bench.put(ALICE, "1");
    bench.disk.setCapacity(bench.disk.used());
    String filler = "x".repeat(200_000);
    int taken = 0;
    boolean refused = false;
    while (!refused) {
      assertTrue(taken < 100, "it has to be full some time");
      try {
        bench.put(new Key("large", "k" + taken), "\"" + taken + filler + "\"");
        taken++;
      } catch (ReadOnly | Overloaded e) {
        refused = true;
      }
    }
    assertEquals("1", bench.get(ALICE));
    assertEquals(taken + 1, bench.documents.stats(null).versions());
    bench.disk.setCapacity(Long.MAX_VALUE);
    for (int i = 0; i < 200 && bench.engine.readOnlyReason().isPresent(); i++) {
      bench.engine.runInline();
    }
    bench.put(BO, "2");
    bench.restart();
    assertEquals("2", bench.get(BO));
    for (int i = 0; i < taken; i++) {
      assertEquals("\"" + i + filler + "\"", bench.get(new Key("large", "k" + i)));
    }
  }

  @Test
  void resolveUnderACondition() {
    Digest base = bench.put(ALICE, "0");
    Digest left = bench.putOver(ALICE, "1", base);
    Digest right = bench.putOver(ALICE, "2", base);
    Choice take = new Choice.Take(left.hex());
    assertThrows(
        Conflict.class,
        () -> bench.documents.resolve(ALICE, take, false, Precondition.ifState(left), "", ""));
    Precondition both = Precondition.ifState(Distinction.synthesize(left, right));
    assertNotNull(bench.documents.resolve(ALICE, take, false, both, "", "").outcome());
  }

  @Test
  void moreHeadsThanAVersionCanName() {
    Digest base = bench.put(ALICE, "0");
    List<Digest> heads = new ArrayList<>();
    for (int i = 1; i <= 70; i++) heads.add(bench.putOver(ALICE, "" + i, base));
    Written put = bench.write(Write.put(ALICE, Bytes.utf8("\"put\"")));
    assertEquals(64, put.superseded());
    assertEquals(7, put.headsLeft());
    // The oldest six heads are left beside it; the last in winner order is taken all the same.
    Answer.Resolution resolution = resolve(new Choice.Take(heads.getFirst().hex()), false, "");
    assertEquals("1", bench.get(ALICE));
    assertEquals(7, resolution.heads().size());
    assertEquals(0, bench.documents.stats("users").conflicts());
  }

  @Test
  void takingAHeadBeyondTheFirstSixtyFour() {
    Digest base = bench.put(ALICE, "0");
    List<Digest> heads = new ArrayList<>();
    for (int i = 1; i <= 66; i++) heads.add(bench.putOver(ALICE, "" + i, base));
    Answer.Resolution resolution = resolve(new Choice.Take(heads.getFirst().hex()), false, "");
    assertEquals("1", bench.get(ALICE));
    assertEquals(64, resolution.heads().size());
    assertTrue(resolution.heads().contains(heads.getFirst()));
    assertEquals(3, bench.reader().heads(ALICE, Moment.now()).heads().size());
  }

  @Test
  void importsAreRefusedWhole() {
    HistoryImport history = new HistoryImport("h", CanonicalJson.STANDARD);
    Envelope first = history.next(line("one", ""));
    Envelope second = history.next(line("two", "\"one\""));
    assertThrows(NotFound.class, () -> bench.documents.importVersions(List.of(second)));
    assertThrows(NotFound.class, () -> bench.documents.importVersions(List.of(second, first)));
    assertThrows(Invalid.class, () -> bench.documents.importVersions(List.of()));
    Envelope wrong =
        new Envelope(first.version(), List.of(), null, Bytes.utf8("{\"other\":1}"), Bytes.EMPTY);
    assertThrows(Invalid.class, () -> bench.documents.importVersions(List.of(wrong)));
    assertEquals(0, bench.documents.stats(null).versions());
    bench.put(ALICE, "1");
    Envelope own = bench.reader().get(ALICE, Moment.now()).version();
    assertEquals(
        "node",
        assertThrows(Invalid.class, () -> bench.documents.importVersions(List.of(own))).field());
    Answer.Outcome outcome = bench.documents.importVersions(List.of(first, second, first));
    assertEquals(
        List.of(false, false, true), outcome.written().stream().map(Written::repeated).toList());
    assertEquals(2, outcome.applied().size());
    assertThrows(NoValueAt.class, () -> bench.reader().get(new Key("h", "k"), new Moment.Back(2)));
  }

  private Answer.Resolution resolve(Choice choice, boolean dryRun, String requestId) {
    bench.time.advance(1_000_000);
    return bench.documents.resolve(ALICE, choice, dryRun, Precondition.NONE, "why", requestId);
  }

  private Answer.Resolution resolveOf(Key key, Choice choice) {
    return bench.documents.resolve(key, choice, false, Precondition.NONE, "", "");
  }

  private static Version written(Answer.Resolution resolution) {
    Answer.Outcome outcome = resolution.outcome();
    assertNotNull(outcome);
    return outcome.written().getFirst().version();
  }

  private static String document(Answer.Resolution resolution) {
    Bytes document = resolution.document();
    assertNotNull(document);
    return document.utf8();
  }

  private static Bytes line(String label, String parents) {
    return Bytes.utf8(
        "{\"key\":\"k\",\"value\":{\"l\":\"%s\"},\"at\":\"2020-01-01T00:00:00Z\",\"label\":\"%s\",\"parents\":[%s]}"
            .formatted(label, label, parents));
  }
}
