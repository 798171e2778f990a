package io.kdelta.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.ContentType;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Reception;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.cluster.Effect;
import io.kdelta.cluster.Event;
import io.kdelta.document.DocumentSchema;
import io.kdelta.env.SimEntropy;
import io.kdelta.env.SimTime;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageEngine;
import io.kdelta.storage.StorageLimits;
import io.kdelta.vfs.SimVfs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: what peers send while the store has no room is neither lost nor reordered nor kept without
 * bound. Method: a real store whose flushes happen only when the test lets them.
 */
final class IntakeTest {
  /** As Intake has it (MEM). */
  private static final long WAITING_BYTES_MAX = 32L << 20;

  private static final int PIECE_BYTES = 128 << 10;
  private static final int LARGE = 400 << 10;

  private StorageEngine engine;
  private CausalStore store;
  private Intake intake;
  private int versions;
  private long tags;

  @BeforeEach
  void open() {
    SimEntropy entropy = new SimEntropy(1);
    SimVfs disk = new SimVfs(entropy.split("disk"));
    engine = StorageEngine.open(disk, entropy.split("engine"), StorageLimits.small());
    store =
        CausalStore.open(engine, new SimTime(), entropy.split("store"), DocumentSchema.INSTANCE);
    engine.runInline();
    intake = new Intake(store, PIECE_BYTES);
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void whatHasRoomIsStoredAtOnce() {
    List<Envelope> sent = List.of(envelope(100), envelope(PIECE_BYTES), envelope(200));
    Event.Stored stored = stored(intake.take(new Effect.Store(7, sent, false)));
    assertEquals(7, stored.tag());
    assertEquals(visible(sent), stored.receptions());
    assertEquals(engine.lastLsn(), stored.lsn());
    assertEquals(List.of(), intake.goOn());
  }

  @Test
  void whatHasNoRoomWaitsAndIsStoredInOrder() {
    List<List<Envelope>> waiting = new ArrayList<>();
    List<Long> answered = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      List<Envelope> sent = List.of(envelope(100 + i), envelope(LARGE), envelope(300 + i));
      Optional<Event> answer = intake.take(new Effect.Store(++tags, sent, false));
      if (answer.isEmpty()) waiting.add(sent);
      else answered.add(stored(answer).tag());
    }
    assertFalse(answered.isEmpty(), "there was no room from the beginning");
    assertTrue(waiting.size() > 20, "only " + waiting.size() + " had to wait");
    assertEquals(List.of(), intake.goOn(), "there is still no room");
    assertFalse(holds(waiting.getLast()));
    List<Event> ended = new ArrayList<>();
    for (int turns = 0; ended.size() < waiting.size(); turns++) {
      assertTrue(turns < 1_000, "it never goes on");
      engine.runInline();
      ended.addAll(intake.goOn());
    }
    for (int i = 0; i < ended.size(); i++) {
      Event.Stored stored = assertInstanceOf(Event.Stored.class, ended.get(i));
      assertEquals(answered.size() + i + 1, stored.tag());
      // Each once, also of those that were stored piece by piece, with turns in between.
      assertEquals(visible(waiting.get(i)), stored.receptions());
    }
    for (List<Envelope> sent : waiting) assertTrue(holds(sent));
  }

  @Test
  void aRequestThatComesBehindOneThatWaitsDoesNotOvertakeIt() {
    while (intake.take(new Effect.Store(++tags, List.of(envelope(LARGE)), false)).isPresent()) {
      assertTrue(tags < 100, "there is always room");
    }
    long first = tags;
    engine.runInline();
    // There is room now, and the one before has not gone on yet.
    Envelope small = envelope(10);
    assertEquals(Optional.empty(), intake.take(new Effect.Store(++tags, List.of(small), false)));
    assertFalse(holds(List.of(small)));
    List<Long> ended = intake.goOn().stream().map(event -> ((Event.Stored) event).tag()).toList();
    assertEquals(List.of(first, tags), ended);
  }

  @Test
  void whatWaitsIsBounded() {
    while (intake.take(new Effect.Store(++tags, List.of(envelope(LARGE)), false)).isPresent()) {
      assertTrue(tags < 100, "there is always room");
    }
    Envelope refused = null;
    long waits = LARGE;
    Optional<Event> answer = Optional.empty();
    while (answer.isEmpty()) {
      assertTrue(waits <= WAITING_BYTES_MAX, waits + " bytes wait");
      refused = envelope(LARGE);
      answer = intake.take(new Effect.Store(++tags, List.of(refused), false));
      waits += LARGE;
    }
    assertTrue(waits > WAITING_BYTES_MAX - LARGE, "refused although only " + waits + " wait");
    Event.NotStored no = assertInstanceOf(Event.NotStored.class, answer.get());
    assertEquals(tags, no.tag());
    int ended = 0;
    for (int turns = 0; turns < 1_000 && ended * (long) LARGE < WAITING_BYTES_MAX / 2; turns++) {
      engine.runInline();
      ended += intake.goOn().size();
    }
    assertFalse(holds(List.of(refused)), "what was refused was stored");
    // Those that were stored have given back what they took.
    answer = intake.take(new Effect.Store(++tags, List.of(refused), false));
    assertFalse(answer.isPresent() && answer.get() instanceof Event.NotStored, "still no room");
  }

  /** The intake knows no senders: nothing that was taken is given up when one goes. */
  @Test
  void nobodyHasToListenToTheEnd() {
    List<Envelope> all = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      Envelope sent = envelope(LARGE);
      all.add(sent);
      Optional<Event> unheard = intake.take(new Effect.Store(++tags, List.of(sent), false));
      assertFalse(unheard.isPresent() && unheard.get() instanceof Event.NotStored);
    }
    int turns = 0;
    while (!holds(all)) {
      assertTrue(++turns < 1_000, "it is lost");
      engine.runInline();
      for (Event unheard : intake.goOn()) assertInstanceOf(Event.Stored.class, unheard);
    }
    assertEquals(List.of(), intake.goOn());
  }

  private boolean holds(List<Envelope> envelopes) {
    return envelopes.stream().allMatch(e -> store.tree().contains(e.version().id()));
  }

  private static Event.Stored stored(Optional<Event> answer) {
    return assertInstanceOf(Event.Stored.class, answer.orElseThrow());
  }

  private static List<Reception> visible(List<Envelope> envelopes) {
    List<Reception> expected = new ArrayList<>();
    for (Envelope one : envelopes) expected.add(new Reception.Visible(one.version().id()));
    return expected;
  }

  /** A version of a key of its own, whose document has about so many bytes. */
  private Envelope envelope(int size) {
    int number = ++versions;
    Bytes document = Bytes.utf8("\"" + number + " " + "x".repeat(size) + "\"");
    Version version =
        Version.of(
            Version.Kind.PUT,
            new Key("t", "k" + number),
            List.of(),
            new Timestamp(number),
            NodeId.NONE,
            Bytes.EMPTY,
            ContentType.JSON,
            ContentType.JSON.idOf(document),
            "");
    return new Envelope(version, List.of(), null, document, Bytes.EMPTY);
  }
}
