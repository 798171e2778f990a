package io.kdelta.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageWork;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Goal: the inbox loses nothing it has taken, keeps the order of each lane, never exceeds its
 * bounds, and never keeps finished work out. Method: examples, then four threads against one taker.
 */
final class InboxTest {
  private static final Command COMMAND = new Command.ListNamespaces();

  @Test
  void refusesAtOnceBeyondItsCount() throws InterruptedException {
    Inbox inbox = new Inbox(2, 1 << 20);
    assertTrue(inbox.offer(arrived(1)));
    assertTrue(inbox.offer(arrived(2)));
    assertFalse(inbox.offer(arrived(3)));
    assertEquals(1, inbox.refused());
    assertEquals(2, inbox.events());
    assertEquals(List.of(arrived(1), arrived(2)), inbox.take(256, 0));
    assertEquals(0, inbox.bytes());
    assertTrue(inbox.offer(arrived(4)));
  }

  @Test
  void refusesBeyondItsBytesButTakesOneOfAnySize() {
    Inbox inbox = new Inbox(100, 1_000);
    assertTrue(inbox.offer(message(1, 5_000)), "an empty lane takes what the edge let through");
    assertFalse(inbox.offer(message(1, 1)));
    assertTrue(inbox.offer(arrived(1)), "clients have bounds of their own");
  }

  @Test
  void whatFreesIsTakenOverTheBound() throws InterruptedException {
    Inbox inbox = new Inbox(1, 1_000);
    assertTrue(inbox.offer(arrived(1)));
    assertTrue(inbox.offer(message(7, 10)));
    Event down = new Event.PeerDown(7);
    Event gone = new Event.Abandoned(1);
    Event done = new Event.WorkDone(new Nothing());
    assertTrue(inbox.offer(down));
    assertTrue(inbox.offer(gone));
    assertTrue(inbox.offer(done));
    assertEquals(
        List.of(done, message(7, 10), arrived(1), down, gone),
        inbox.take(256, 0),
        "own work first, then peers and clients in turns, each in its order");
  }

  @Test
  void aTurnTakesNoMoreThanAsked() throws InterruptedException {
    Inbox inbox = new Inbox(1_000, 1 << 20);
    for (int i = 0; i < 600; i++) inbox.offer(arrived(i));
    assertEquals(256, inbox.take(256, 0).size());
    assertEquals(256, inbox.take(256, 0).size());
    assertEquals(88, inbox.take(256, 0).size());
  }

  @Test
  void aClosedInboxTakesFinishedWorkOnlyAndWakesItsTaker() throws InterruptedException {
    Inbox inbox = new Inbox(10, 1 << 20);
    inbox.offer(arrived(1));
    inbox.close();
    assertTrue(inbox.closed());
    assertFalse(inbox.offer(arrived(2)));
    inbox.finish(new Event.WorkDone(new Nothing()));
    assertEquals(2, inbox.take(256, Inbox.FOREVER).size());
    Inbox empty = new Inbox(10, 1 << 20);
    Thread closer = Thread.ofPlatform().start(empty::close);
    assertEquals(List.of(), empty.take(256, TimeUnit.MINUTES.toNanos(5)));
    closer.join();
  }

  @Test
  void fourThreadsLoseNothing() throws InterruptedException {
    int each = 5_000;
    Inbox inbox = new Inbox(64, 1 << 20);
    List<Thread> senders = new ArrayList<>();
    for (int s = 0; s < 4; s++) {
      int sender = s;
      senders.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < each; i++) {
                  long ticket = (long) sender * each + i;
                  while (!inbox.offer(arrived(ticket))) Thread.onSpinWait();
                }
              }));
    }
    long[] next = {0, each, 2L * each, 3L * each};
    int taken = 0;
    while (taken < 4 * each) {
      for (Event event : inbox.take(256, TimeUnit.MINUTES.toNanos(1))) {
        long ticket = ((Event.Arrived) event).ticket();
        int sender = (int) (ticket / each);
        assertEquals(next[sender]++, ticket, "order of sender " + sender);
        taken++;
      }
    }
    for (Thread sender : senders) sender.join();
    assertEquals(0, inbox.events());
    assertEquals(0, inbox.bytes());
  }

  private static Event arrived(long ticket) {
    return new Event.Arrived(ticket, COMMAND, 0);
  }

  private static Event message(long link, int size) {
    return new Event.PeerMessage(link, Bytes.wrap(new byte[size]));
  }

  private static final class Nothing implements StorageWork {
    @Override
    public Kind kind() {
      return Kind.LOG;
    }

    @Override
    public void run() {}
  }
}
