package io.kdelta.core;

import io.kdelta.causal.CausalStore;
import io.kdelta.causal.Coverage;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Stored;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who follows what becomes visible. A watch is a row of questions, each of which names the place
 * that the one before has reached: what a slow watcher has not asked for yet lies in the store, in
 * the apply log, and nowhere else. Here is only who has seen everything and waits for more.
 *
 * <p>Owned by the core. Bounded in watchers and in bytes. Invariant: everybody who waits here has
 * come to {@code position} of the apply log or beyond it, so each new row is read once for all of
 * them; beyond it are those who came in between a new row and the look at it, in one turn.
 */
final class Watches {
  /** Watchers that may wait: looking at all of them must not slow a turn down. */
  static final int WATCHERS_MAX = 4_096;

  /** Bytes of their places. */
  static final long BYTES_MAX = 16L << 20;

  private static final int LIMIT_MAX = 10_000;

  /** Bytes of documents after which an answer ends: what fits a message of the contract. */
  private static final long ANSWER_BYTES_MAX = 2 << 20;

  private final CausalStore store;
  private final ApplyLog log;
  private final Tokens tokens;
  private final Map<Long, Waiting> waiting = new LinkedHashMap<>();
  private final TreeSet<Event.Arrived> deadlines =
      new TreeSet<>(
          Comparator.comparingLong(Event.Arrived::deadlineNanos)
              .thenComparingLong(Event.Arrived::ticket));
  private long bytes;
  private long position;
  private long generation;

  /** Somebody who waits, and the place with which it came in. */
  private record Waiting(Event.Arrived asked, Command.Watch watch, WatchPlace place, long bytes) {
    /** Whether one of these is of its scope, and new to it. */
    boolean follows(List<ApplyLog.Entry> entries) {
      for (ApplyLog.Entry entry : entries) {
        if (entry.position() <= place.position()) continue;
        if (watch.scope().holds(entry.stored().version().key())) return true;
      }
      return false;
    }

    /** The question from that place on. */
    Event.Arrived goingOn(WatchPlace from) {
      Command.Watch again =
          new Command.Watch(
              watch.scope(), new WatchFrom.Token(from.encode()), watch.limit(), watch.sizeMax());
      return new Event.Arrived(asked.ticket(), again, asked.after(), asked.deadlineNanos());
    }
  }

  /**
   * The answer to one question.
   *
   * @param lsn the newest batch that it rests on; 0 for none
   * @param named what it shows
   */
  record Found(Event.Arrived asked, Reply.Changes reply, long lsn, Coverage.Named named) {}

  Watches(CausalStore store, Tokens tokens) {
    this.store = store;
    this.log = new ApplyLog(store);
    this.tokens = tokens;
  }

  /**
   * The answer to a question, or null when it waits for one. Invalid for a token that is none,
   * Overloaded when too many wait.
   */
  @Nullable Found ask(Event.Arrived asked, Command.Watch watch) {
    if (watch.limit() < 1 || watch.limit() > LIMIT_MAX) {
      throw new KdeltaException.Invalid("limit", watch.limit() + " is not 1 to " + LIMIT_MAX);
    }
    WatchPlace place = log.place(watch.scope(), watch.from(), tokens.cluster());
    List<ApplyLog.Entry> entries = log.behind(place.position());
    Found found = found(asked, watch, place, entries);
    if (found != null) return resting(found, watch, place);
    long reached = entries.isEmpty() ? place.position() : entries.getLast().position();
    if (reached < log.newest() || watch.from() instanceof WatchFrom.Now) {
      // More to read, and others want their turn; or the client is to know where it begins.
      return resting(passed(asked, watch, place, entries), watch, place);
    }
    admit(asked, watch, reached(watch, place, entries));
    return null;
  }

  /** A token that names everything as it was at the beginning may name only what is synced. */
  private Found resting(Found found, Command.Watch watch, WatchPlace begun) {
    if (!begun.snapping() && !(watch.from() instanceof WatchFrom.Now)) return found;
    long lsn = Math.max(found.lsn, store.coverage().everything().lsn());
    return new Found(found.asked, found.reply, lsn, found.named);
  }

  private void admit(Event.Arrived asked, Command.Watch watch, WatchPlace place) {
    long size = asked.size() + place.seen().size();
    if (waiting.size() >= WATCHERS_MAX || bytes + size > BYTES_MAX) {
      throw new KdeltaException.Overloaded(waiting.size() + " watchers wait already");
    }
    if (waiting.isEmpty()) {
      position = place.position();
      generation = place.generation();
    }
    waiting.put(asked.ticket(), new Waiting(asked, watch, place, size));
    deadlines.add(asked);
    bytes += size;
  }

  /**
   * The questions of those for whom something may have come, to be asked again: each goes on where
   * it has come to.
   */
  List<Event.Arrived> ready() {
    if (waiting.isEmpty()) return List.of();
    // A repair has written the log anew, or will: everybody finds a place in it again.
    if (generation != store.applyGeneration()) return wake(List.copyOf(waiting.values()), false);
    List<Event.Arrived> woken = new ArrayList<>();
    while (position != log.newest()) {
      List<ApplyLog.Entry> entries = entries();
      if (entries.isEmpty()) {
        woken.addAll(wake(List.copyOf(waiting.values()), false));
        return woken;
      }
      List<Waiting> hit = new ArrayList<>();
      for (Waiting one : waiting.values()) if (one.follows(entries)) hit.add(one);
      woken.addAll(wake(hit, true));
      position = entries.getLast().position();
    }
    return woken;
  }

  /** What has come, or nothing when it can not be read: then each one hears why. */
  private List<ApplyLog.Entry> entries() {
    try {
      return log.behind(position);
    } catch (KdeltaException.Corrupt e) {
      return List.of();
    }
  }

  /**
   * Takes some out.
   *
   * @param here whether they have come to the position; else they begin where they came in
   */
  private List<Event.Arrived> wake(List<Waiting> some, boolean here) {
    List<Event.Arrived> woken = new ArrayList<>();
    for (Waiting one : some) {
      leave(one);
      woken.add(one.goingOn(here ? placeOf(one) : one.place));
    }
    return woken;
  }

  private WatchPlace placeOf(Waiting one) {
    if (one.place.position() >= position) return one.place;
    try {
      return log.reached(one.watch.scope(), one.place, position, List.of(), tokens.cluster());
    } catch (KdeltaException.Corrupt e) {
      // What is asked again hears of it.
      return one.place;
    }
  }

  /** The answers to those whose time is up: nothing, and where they came in. Reads nothing. */
  List<Found> expired(long now) {
    List<Found> answers = new ArrayList<>();
    while (!deadlines.isEmpty() && deadlines.first().deadlineNanos() <= now) {
      Waiting late = waiting.get(deadlines.first().ticket());
      if (late == null) throw new AssertionError("a deadline of nobody");
      leave(late);
      var changes = new Reply.Changes(List.of(), late.place.encode(), true);
      answers.add(new Found(late.asked, changes, 0, Coverage.Named.NOTHING));
    }
    return answers;
  }

  /** When the next one's time is up, or {@link Timers#NEVER}. */
  long nextDeadline() {
    return deadlines.isEmpty() ? Timers.NEVER : deadlines.first().deadlineNanos();
  }

  /** The client of a ticket needs no answer. */
  void abandon(long ticket) {
    Waiting gone = waiting.get(ticket);
    if (gone != null) leave(gone);
  }

  /** Refuses all: the node stops. */
  void stop(Outbox outbox) {
    for (Waiting one : List.copyOf(waiting.values())) {
      leave(one);
      outbox.refuse(
          one.asked.ticket(), new KdeltaException.Unreachable(List.of("the node is stopping")));
    }
  }

  /** How many wait. */
  int size() {
    return waiting.size();
  }

  private void leave(Waiting one) {
    waiting.remove(one.asked.ticket());
    deadlines.remove(one.asked);
    bytes -= one.bytes;
  }

  /** Nothing of these entries for that watch, which goes on behind them. */
  private Found passed(
      Event.Arrived asked, Command.Watch watch, WatchPlace place, List<ApplyLog.Entry> entries) {
    WatchPlace now = reached(watch, place, entries);
    boolean current = now.position() == log.newest();
    var changes = new Reply.Changes(List.of(), now.encode(), current);
    return new Found(asked, changes, 0, Coverage.Named.NOTHING);
  }

  /** Where a watch is behind all of these entries. */
  private WatchPlace reached(Command.Watch watch, WatchPlace place, List<ApplyLog.Entry> entries) {
    long reached = entries.isEmpty() ? place.position() : entries.getLast().position();
    List<Dot> passed = new ArrayList<>();
    for (ApplyLog.Entry entry : entries) passed.addAll(entry.stored().dots());
    return log.reached(watch.scope(), place, reached, passed, tokens.cluster());
  }

  /** What of these entries a watch delivers; null for nothing. */
  private @Nullable Found found(
      Event.Arrived asked, Command.Watch watch, WatchPlace place, List<ApplyLog.Entry> entries) {
    List<Envelope> versions = new ArrayList<>();
    List<Dot> dots = new ArrayList<>();
    int passed = 0;
    long size = 0;
    long lsn = 0;
    for (ApplyLog.Entry entry : entries) {
      passed++;
      Stored stored = entry.stored();
      if (!watch.scope().holds(stored.version().key())) continue;
      if (!log.delivers(place, entry)) continue;
      versions.add(log.envelope(stored));
      dots.addAll(stored.dots());
      lsn = Math.max(lsn, stored.lsn());
      size += stored.documentBytes();
      if (versions.size() == watch.limit()) break;
      if (size >= Math.min(watch.sizeMax(), ANSWER_BYTES_MAX)) break;
    }
    if (versions.isEmpty()) return null;
    WatchPlace now = reached(watch, place, entries.subList(0, passed));
    boolean current = now.position() == log.newest();
    Coverage.Named named = tokens.dots(dots);
    var changes = new Reply.Changes(versions, now.encode(), current);
    return new Found(asked, changes, Math.max(lsn, named.lsn()), named);
  }
}
