package io.kdelta.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.CausalToken;
import io.kdelta.causal.Key;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.env.HostEntropy;
import io.kdelta.env.HostTime;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageLimits;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: the core on real threads and a real disk does what it does by hand, and its handle is safe
 * to use from many threads. Method: the calls of the client, restarts, and threads that meet; every
 * wait is for an event.
 */
final class KdeltaTest {
  private static final Key ALICE = new Key("users", "alice");

  @TempDir Path directory;

  @Test
  void whatWasAcknowledgedIsThereAfterARestart() {
    try (Kdelta db = Kdelta.open(directory)) {
      Reply.Written written = db.put(ALICE, "{ \"name\" : \"Alice\" }").join();
      assertEquals(1, written.synced());
      db.put(ALICE, "{\"name\":\"Alice\",\"age\":30}").join();
    }
    try (Kdelta db = Kdelta.open(directory)) {
      Reply.Value value = db.get(ALICE).join();
      assertEquals("{\"age\":30,\"name\":\"Alice\"}", value.version().document().utf8());
      assertEquals(
          "{\"name\":\"Alice\"}",
          db.get(ALICE, new Moment.Back(1)).join().version().document().utf8());
      Reply.Difference changes = db.diff(ALICE, null, new Moment.Latest()).join();
      assertEquals(1, changes.changes().size());
      assertEquals("/age", changes.changes().getFirst().path());
      assertEquals(Bytes.utf8("30"), changes.changes().getFirst().now());
      assertEquals(2, db.history(ALICE, "", 10).join().versions().size());
    }
  }

  @Test
  void aDirectoryBelongsToOneProcess() {
    try (Kdelta db = Kdelta.open(directory)) {
      db.put(ALICE, "1").join();
      var fault =
          assertThrows(KdeltaException.DiskFault.class, () -> Kdelta.open(directory).close());
      assertEquals("lock", fault.operation());
    }
    Kdelta.open(directory).close();
  }

  @Test
  void memoryAnswersTheSameAndForgets() {
    try (Kdelta db = Kdelta.inMemory()) {
      db.put(ALICE, "1").join();
      assertTrue(db.exists(ALICE).join());
      db.delete(ALICE).join();
      assertFalse(db.exists(ALICE).join());
      assertEquals(2, db.stats("users").join().versions());
      assertEquals(1, db.namespaces().join().namespaces().size());
      assertEquals(List.of(), db.keys("users", "", "", 10).join().keys());
    }
    try (Kdelta db = Kdelta.inMemory()) {
      assertFalse(db.exists(ALICE).join());
    }
  }

  @Test
  void failuresComeThroughTheFuture() {
    try (Kdelta db = Kdelta.inMemory()) {
      assertInstanceOf(KdeltaException.NotFound.class, failure(db.get(ALICE)));
      assertInstanceOf(KdeltaException.Invalid.class, failure(db.put(ALICE, "{\"a\":1,\"a\":2}")));
      db.put(ALICE, "1").join();
      assertInstanceOf(
          KdeltaException.Conflict.class,
          failure(db.put(ALICE, "2", Precondition.IF_ABSENT, Command.Terms.NONE)));
      assertInstanceOf(KdeltaException.NotFound.class, failure(db.show("0000")));
    }
  }

  @Test
  void manyThreadsLoseNothing() throws InterruptedException {
    long threads = 4;
    int each = 100;
    try (Kdelta db = Kdelta.open(directory)) {
      List<Thread> writers = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        long writer = t;
        writers.add(
            Thread.ofPlatform()
                .start(() -> {
                  List<CompletableFuture<Reply.Written>> out = new ArrayList<>();
                  for (int i = 0; i < each; i++) {
                    out.add(db.put(new Key("t" + writer, "k" + i), "" + i));
                  }
                  out.forEach(CompletableFuture::join);
                }));
      }
      for (Thread writer : writers) writer.join();
      assertEquals(threads * each, db.stats("").join().versions());
    }
    try (Kdelta db = Kdelta.open(directory)) {
      assertEquals(threads * each, db.stats("").join().keys());
    }
  }

  @Test
  void closingFinishesWhatCameBefore() {
    Kdelta db = Kdelta.open(directory);
    List<CompletableFuture<Reply.Written>> out = new ArrayList<>();
    for (int i = 0; i < 200; i++) out.add(db.put(new Key("users", "u" + i), "1"));
    db.close();
    out.forEach(CompletableFuture::join);
    assertInstanceOf(KdeltaException.ReadOnly.class, failure(db.put(ALICE, "1")));
    db.close();
    try (Kdelta again = Kdelta.open(directory)) {
      assertEquals(200, again.stats("users").join().keys());
    }
  }

  @Test
  void aFullInboxRefusesAtOnceAndACloseForgetsNobody() throws InterruptedException {
    CoreConfig config =
        new CoreConfig(
            "test",
            CoreConfig.Member.alone("n", "test"),
            StorageLimits.small(),
            new CoreConfig.Limits(2, 1 << 20, 100, 5_000, 0, 100));
    CoreThread core =
        CoreThread.startInMemory(config, new HostTime(), new HostEntropy(), EffectSink.NONE);
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    core.submit(
        new Command.ClusterStatus(),
        CausalToken.NONE,
        TimeUnit.MINUTES.toNanos(1),
        new Responder() {
          @Override
          public void answered(Reply reply, CausalToken token) {
            // Keeps the core thread busy, so that what follows has to wait in the inbox.
            busy.countDown();
            boolean released = false;
            while (!released) {
              try {
                released = go.await(1, TimeUnit.MINUTES);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            }
          }

          @Override
          public void refused(KdeltaException error, CausalToken token) {
            throw new AssertionError(error);
          }
        });
    busy.await();
    List<CompletableFuture<Reply>> waiting = new ArrayList<>();
    waiting.add(core.submit(new Command.ListNamespaces(), TimeUnit.MINUTES.toNanos(1)));
    waiting.add(core.submit(new Command.ListNamespaces(), TimeUnit.MINUTES.toNanos(1)));
    assertThrows(
        KdeltaException.Overloaded.class,
        () -> core.submit(new Command.ListNamespaces(), TimeUnit.MINUTES.toNanos(1)));
    go.countDown();
    for (CompletableFuture<Reply> future : waiting) future.join();
    assertEquals(1, core.stats().overloads());
    assertNotEquals(0, core.stats().turns());
    core.close();
    assertThrows(
        KdeltaException.ReadOnly.class,
        () -> core.submit(new Command.ListNamespaces(), TimeUnit.MINUTES.toNanos(1)));
  }

  private static Throwable failure(CompletableFuture<?> future) {
    Throwable thrown = assertThrows(CompletionException.class, future::join);
    while (thrown instanceof CompletionException)
      thrown = Objects.requireNonNull(thrown.getCause());
    return thrown;
  }
}
