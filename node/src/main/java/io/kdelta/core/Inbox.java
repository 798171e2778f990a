package io.kdelta.core;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The way into the core from every other thread: many put, the core thread takes. Thread-safe.
 *
 * <p>Three lanes, each in order of arrival. What the core itself waits for (finished disk work) is
 * few by nature and never refused. Peers and clients have bounds of their own, by count and by
 * bytes, so that a flood of requests can not make a node deaf to its peers; what ends a link or a
 * request is taken over the bound, for it frees more than it costs. A turn takes the first lane
 * whole and then from the other two in turns.
 */
final class Inbox {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition filled = lock.newCondition();
  private final Lane own = new Lane();
  private final Lane peers = new Lane();
  private final Lane clients = new Lane();
  private final int eventsMax;
  private final long bytesMax;
  private boolean waiting;
  private boolean closed;
  private boolean woken;
  private long refused;

  /** Bounds hold for peers and for clients, each. */
  Inbox(int eventsMax, long bytesMax) {
    if (eventsMax < 1 || bytesMax < 1) throw new IllegalArgumentException("inbox without room");
    this.eventsMax = eventsMax;
    this.bytesMax = bytesMax;
  }

  /** Takes an event in, or answers false at once when its lane is full or the inbox is closed. */
  boolean offer(Event event) {
    lock.lock();
    try {
      if (closed) return false;
      boolean taken =
          switch (event) {
            case Event.WorkDone _, Event.Tick _, Event.Drain _ -> own.add(event);
            case Event.PeerUp _, Event.PeerDown _, Event.DialFailed _, Event.Resolved _ ->
                peers.add(event);
            case Event.PeerMessage _ -> peers.addWithin(event, eventsMax, bytesMax);
            case Event.Abandoned _ -> clients.add(event);
            case Event.Arrived _ -> clients.addWithin(event, eventsMax, bytesMax);
          };
      if (!taken) refused++;
      if (taken && waiting) filled.signal();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** Takes a finished piece of work in, also after {@link #close}: the core waits for it. */
  void finish(Event.WorkDone done) {
    lock.lock();
    try {
      own.add(done);
      if (waiting) filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Refuses everything from now on but finished work; what is in stays. Wakes who waits. */
  void close() {
    lock.lock();
    try {
      closed = true;
      woken = true;
      filled.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Whether it was closed. */
  boolean closed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes up to {@code max} events out, in the order in which the core shall handle them. Waits at
   * most {@code nanos} for the first one; the list is empty when none came.
   */
  List<Event> take(int max, long nanos) throws InterruptedException {
    List<Event> taken = new ArrayList<>();
    lock.lock();
    try {
      long left = nanos;
      while (empty() && left > 0 && !woken) {
        waiting = true;
        left = filled.awaitNanos(left);
      }
      waiting = false;
      woken = false;
      while (taken.size() < max && own.poll(taken)) {}
      boolean more = true;
      while (taken.size() < max && more) {
        more = peers.poll(taken);
        if (taken.size() < max) more |= clients.poll(taken);
      }
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** How many events wait. */
  long events() {
    lock.lock();
    try {
      return (long) own.events.size() + peers.events.size() + clients.events.size();
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes of events wait. */
  long bytes() {
    lock.lock();
    try {
      return own.bytes + peers.bytes + clients.bytes;
    } finally {
      lock.unlock();
    }
  }

  /** How many events were refused since the start. */
  long refused() {
    lock.lock();
    try {
      return refused;
    } finally {
      lock.unlock();
    }
  }

  private boolean empty() {
    return own.events.isEmpty() && peers.events.isEmpty() && clients.events.isEmpty();
  }

  /** Forever, for {@link #take}. */
  static final long FOREVER = TimeUnit.DAYS.toNanos(1);

  /** Events of one kind of sender, in order of arrival; guarded by the lock. */
  private static final class Lane {
    private final ArrayDeque<Event> events = new ArrayDeque<>();
    private long bytes;

    boolean add(Event event) {
      events.add(event);
      bytes += event.size();
      return true;
    }

    boolean addWithin(Event event, int eventsMax, long bytesMax) {
      if (events.size() >= eventsMax) return false;
      // One event larger than the whole bound still passes an empty lane: the edge bounds it.
      if (!events.isEmpty() && bytes + event.size() > bytesMax) return false;
      return add(event);
    }

    boolean poll(List<Event> target) {
      Event event = events.poll();
      if (event == null) return false;
      bytes -= event.size();
      target.add(event);
      return true;
    }
  }
}
