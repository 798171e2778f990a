package io.kdelta.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalStats;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Heads;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.causal.Written;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.error.KdeltaException.Conflict;
import io.kdelta.error.KdeltaException.NoValueAt;
import io.kdelta.error.KdeltaException.NotFound;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Goal: whatever is written in whatever order, reads answer what the graph of versions says.
 * Method: seeded random writes, branches, batches, conditions, retries, resolves and restarts,
 * against {@link Model}, which looks through plain lists.
 */
final class DocumentModelTest {
  private static final int STEPS = 400;
  private static final long SEED = Long.getLong("kdelta.seed", 0);

  private long seed;
  private Bench bench = new Bench(0);
  private Model model = new Model();
  private SimEntropy entropy = new SimEntropy(0);
  private final List<Attempt> attempts = new ArrayList<>();

  /** A request that was answered, to be sent again. */
  private record Attempt(String requestId, List<Write> writes, List<Version> versions) {}

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void randomLives(long run) {
    seed = SEED + run;
    bench = new Bench(seed);
    entropy = new SimEntropy(seed).split("steps");
    try (Bench closed = bench) {
      for (int step = 0; step < STEPS; step++) {
        if (entropy.nextInt(3) > 0) closed.time.advance(entropy.nextInt(3_000));
        try {
          step(step);
          if (step % 20 == 0 || step == STEPS - 1) compareAll();
        } catch (RuntimeException | Error e) {
          throw new AssertionError("seed " + seed + ", step " + step, e);
        }
      }
    }
    assertTrue(model.merges() > 10 && model.count() > 100, "a life worth living");
  }

  private void step(int step) {
    switch (entropy.nextInt(12)) {
      case 0, 1, 2 -> write(step, List.of(randomWrite(randomKey())));
      case 3, 4 -> {
        Key key = randomKey();
        write(step, List.of(randomWrite(key).over(randomVersions(key))));
      }
      case 5 -> write(step, List.of(Write.delete(randomKey())));
      case 6 -> {
        List<Write> writes = new ArrayList<>();
        for (int n = 1 + entropy.nextInt(4); n > 0; n--) writes.add(randomWrite(randomKey()));
        if (entropy.nextInt(3) == 0) writes.add(Write.delete(randomKey()));
        write(step, writes);
      }
      case 7 -> condition(randomKey());
      case 8 -> repeat();
      case 9, 10 -> resolve(randomKey());
      default -> {
        if (entropy.nextInt(3) == 0) bench.restart();
        compare(randomKey());
      }
    }
  }

  private void write(int step, List<Write> writes) {
    String requestId = entropy.nextInt(3) == 0 ? "request " + step : "";
    boolean refused = refused(writes);
    try {
      Answer.Outcome outcome = bench.documents.write(writes, requestId);
      assertTrue(!refused, "a delete of nothing was taken");
      take(writes, outcome);
      if (!requestId.isEmpty()) attempts.add(new Attempt(requestId, writes, versions(outcome)));
    } catch (NotFound e) {
      assertTrue(refused, e.getMessage());
    }
  }

  /** Whether some delete finds no value, given the writes before it. */
  private boolean refused(List<Write> writes) {
    TreeSet<Key> put = new TreeSet<>();
    TreeSet<Key> deleted = new TreeSet<>();
    for (Write write : writes) {
      Key key = write.key();
      boolean live = put.contains(key) || (model.live(key) && !deleted.contains(key));
      if (write.deletes() && !live) return true;
      if (write.deletes()) {
        put.remove(key);
        deleted.add(key);
      } else {
        put.add(key);
      }
    }
    return false;
  }

  private void take(List<Write> writes, Answer.Outcome outcome) {
    assertEquals(writes.size(), outcome.written().size());
    assertEquals(
        versions(outcome), outcome.applied().stream().map(applied -> applied.version()).toList());
    for (int i = 0; i < writes.size(); i++) {
      Write write = writes.get(i);
      Written written = outcome.written().get(i);
      List<Digest> heads = ids(model.heads(write.key()));
      TreeSet<Digest> expected = new TreeSet<>(write.parents().isEmpty() ? heads : write.parents());
      assertEquals(expected, new TreeSet<>(written.version().parents()));
      int superseded = (int) heads.stream().filter(expected::contains).count();
      assertEquals(superseded, written.superseded());
      model.add(written.version(), write.document().utf8());
      assertEquals(model.heads(write.key()).size(), written.headsLeft());
      for (Version parent : model.versions(write.key())) {
        if (expected.contains(parent.id())) {
          assertTrue(written.version().time().after(parent.time()), "a child is later");
        }
      }
    }
  }

  private void condition(Key key) {
    Digest state = model.state(key);
    Write write = randomWrite(key);
    switch (entropy.nextInt(3)) {
      case 0 -> {
        Write guarded = write.when(Precondition.IF_ABSENT);
        if (model.live(key)) {
          assertThrows(Conflict.class, () -> bench.documents.write(List.of(guarded), ""));
        } else {
          take(List.of(write), bench.documents.write(List.of(guarded), ""));
        }
      }
      case 1 -> {
        Write guarded = write.when(Precondition.ifState(Digest.ZERO));
        assertThrows(Conflict.class, () -> bench.documents.write(List.of(guarded), ""));
      }
      default -> {
        if (state == null) return;
        Write guarded = write.when(Precondition.ifState(state));
        take(List.of(write), bench.documents.write(List.of(guarded), ""));
      }
    }
  }

  private void repeat() {
    if (attempts.isEmpty()) return;
    Attempt attempt = attempts.get(entropy.nextInt(attempts.size()));
    Answer.Outcome outcome = bench.documents.write(attempt.writes(), attempt.requestId());
    assertEquals(attempt.versions(), versions(outcome));
    assertTrue(outcome.written().stream().allMatch(Written::repeated));
    List<Write> other = new ArrayList<>(attempt.writes());
    other.set(0, other.getFirst().because("another body"));
    assertThrows(Conflict.class, () -> bench.documents.write(other, attempt.requestId()));
  }

  private void resolve(Key key) {
    List<Version> heads = model.heads(key);
    Choice choice =
        switch (entropy.nextInt(3)) {
          case 0 -> new Choice.Merge();
          case 1 -> new Choice.Value(Bytes.utf8("{\"resolved\":true}"));
          default -> {
            String id = heads.isEmpty() ? "0000" : any(heads).id().hex();
            yield new Choice.Take(id);
          }
        };
    if (heads.size() < 2) {
      Class<? extends KdeltaException> expected = heads.isEmpty() ? NotFound.class : Conflict.class;
      assertThrows(
          expected, () -> bench.documents.resolve(key, choice, false, Precondition.NONE, "", ""));
      return;
    }
    boolean dry = entropy.nextInt(4) == 0;
    Answer.Resolution resolution =
        bench.documents.resolve(key, choice, dry, Precondition.NONE, "", "");
    assertEquals(ids(heads), resolution.heads());
    Bytes document = resolution.document();
    Answer.Outcome outcome = resolution.outcome();
    assertEquals(outcome == null, dry || !resolution.unmerged().isEmpty());
    if (choice instanceof Choice.Take(String id)) {
      Version taken = heads.stream().filter(h -> h.id().hex().equals(id)).findAny().orElseThrow();
      assertEquals(model.document(taken), document == null ? "" : document.utf8());
    }
    if (outcome == null) return;
    Version version = outcome.written().getFirst().version();
    assertEquals(document == null, version.deleted());
    assertEquals(new TreeSet<>(ids(heads)), new TreeSet<>(version.parents()));
    model.add(version, document == null ? "" : document.utf8());
    assertEquals(1, model.heads(key).size());
  }

  private void compareAll() {
    for (Key key : model.keys()) compare(key);
    CausalStats stats = bench.documents.stats(null);
    assertEquals(model.count(), stats.versions());
    assertEquals(model.merges(), stats.merges());
    assertEquals(model.conflicts(), stats.conflicts());
    assertEquals(model.live(), stats.keysLive());
    assertEquals(model.keys().size(), stats.keysEver());
    assertEquals(model.count(), bench.causal.tree().count());
    List<Key> conflicts = new ArrayList<>();
    for (Heads heads : bench.documents.conflicts(null, null, 1_000).conflicts()) {
      conflicts.add(heads.key());
    }
    assertEquals(model.keys().stream().filter(k -> model.heads(k).size() > 1).toList(), conflicts);
    for (String namespace : List.of("a", "b")) {
      List<Key> live = bench.reader().keys(namespace, "", null, 1_000).keys();
      List<Key> expected =
          model.keys().stream()
              .filter(k -> k.namespace().equals(namespace) && model.live(k))
              .toList();
      assertEquals(expected, live);
    }
  }

  private void compare(Key key) {
    List<Version> heads = model.heads(key);
    DocumentReader reader = bench.reader();
    assertEquals(model.live(key), reader.exists(key).exists());
    if (heads.isEmpty()) {
      assertThrows(NotFound.class, () -> reader.heads(key, Moment.now()));
      return;
    }
    Answer.Branches branches = reader.heads(key, Moment.now());
    assertEquals(ids(heads), envelopeIds(branches.heads()));
    assertEquals(model.state(key), branches.state());
    if (heads.size() > 1) {
      assertEquals(
          model.nearestCommon(key, ids(heads)),
          new TreeSet<>(envelopeIds(branches.commonAncestors())));
    }
    assertAnswers(key, Moment.now(), heads);
    Answer.Versions history = reader.history(key, 0, null, 10_000, Long.MAX_VALUE);
    assertEquals(ids(model.history(key)), envelopeIds(history.versions()));
    for (Envelope envelope : history.versions()) {
      assertEquals(model.document(envelope.version()), envelope.document().utf8());
    }
    long micros = any(model.versions(key)).time().micros() - entropy.nextInt(2);
    List<Version> then = model.heads(key, micros);
    assertAnswers(key, new Moment.Time(micros), then);
    if (!then.isEmpty()) {
      Answer.Branches past = reader.heads(key, new Moment.Time(micros));
      assertEquals(ids(then), envelopeIds(past.heads()));
    }
  }

  /** That a read answers the first of {@code heads}, or that there is no value. */
  private void assertAnswers(Key key, Moment moment, List<Version> heads) {
    try {
      Envelope found = bench.reader().get(key, moment).version();
      assertEquals(heads.getFirst().id(), found.version().id());
      assertEquals(model.document(heads.getFirst()), found.document().utf8());
    } catch (NotFound | NoValueAt e) {
      assertTrue(heads.isEmpty() || heads.getFirst().deleted(), e.getMessage());
    }
  }

  private Key randomKey() {
    return new Key(entropy.nextInt(2) == 0 ? "a" : "b", "k" + entropy.nextInt(6));
  }

  private Write randomWrite(Key key) {
    // A few documents lie above the border from which content is stored once and shared.
    String filler = entropy.nextInt(8) == 0 ? "x".repeat(5_000) : "";
    String document =
        "{\"f%d\":%d,\"g\":{\"h%d\":\"%s\"}}"
            .formatted(entropy.nextInt(3), entropy.nextInt(4), entropy.nextInt(3), filler);
    return Write.put(key, Bytes.utf8(document));
  }

  /** One to three versions of the key, heads or not; none when it has none. */
  private List<Digest> randomVersions(Key key) {
    List<Version> versions = model.versions(key);
    TreeSet<Digest> picked = new TreeSet<>();
    for (int n = 1 + entropy.nextInt(3); n > 0 && !versions.isEmpty(); n--) {
      picked.add(any(versions).id());
    }
    return new ArrayList<>(picked);
  }

  private Version any(List<Version> versions) {
    return versions.get(entropy.nextInt(versions.size()));
  }

  private static List<Version> versions(Answer.Outcome outcome) {
    return outcome.written().stream().map(Written::version).toList();
  }

  private static List<Digest> ids(List<Version> versions) {
    return versions.stream().map(Version::id).toList();
  }

  private static List<Digest> envelopeIds(List<Envelope> envelopes) {
    return envelopes.stream().map(envelope -> envelope.version().id()).toList();
  }
}
