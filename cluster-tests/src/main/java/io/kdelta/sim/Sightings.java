package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.cluster.Session;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.env.SimTime;
import io.kdelta.error.KdeltaException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Notices which {@link Place}s a run reaches, from what a simulated world shows anyway: lines of
 * the trace, answers to clients, what a node says of itself. The product has no switch for it.
 */
final class Sightings implements Oracle {
  private static final int SESSIONS_MAX = 1_000;

  /** How far ahead a version's time may be before it is the far future. */
  private static final long FUTURE_MICROS = 300_000_000L;

  private static final long LONG_NANOS = 300_000_000_000L;

  private final World world;
  private final EnumMap<Place, Long> reached = new EnumMap<>(Place.class);

  /** By node and member: what it was last called. */
  private final TreeMap<String, String> called = new TreeMap<>();

  /** By node: when it went down last. */
  private final TreeMap<Integer, Long> offSince = new TreeMap<>();

  private final TreeSet<Integer> readOnly = new TreeSet<>();
  private final TreeSet<Integer> lossy = new TreeSet<>();

  /** Incarnations seen, by the node whose they are. */
  private final TreeMap<String, TreeSet<String>> incarnations = new TreeMap<>();

  /** By watcher: the node that it asked last, and which life of it that was. */
  private final TreeMap<Integer, int[]> watchers = new TreeMap<>();

  private boolean parked;
  private long looks;

  Sightings(World world) {
    this.world = world;
  }

  /** How often each place was reached. */
  Map<Place, Long> reached() {
    return Collections.unmodifiableMap(new TreeMap<>(reached));
  }

  @Override
  public long looks() {
    return looks;
  }

  private void reach(Place place) {
    reached.merge(place, 1L, Long::sum);
  }

  private void reach(Place place, boolean really) {
    if (really) reach(place);
  }

  @Override
  public void noted(int node, String what) {
    if (node < 0) return;
    looks++;
    reach(Place.LIED_TO, what.startsWith("lies to "));
    if (what.startsWith("power lost") || what.equals("killed"))
      offSince.put(node, world.nowNanos());
    reach(Place.FENCED, what.startsWith("halts: "));
    reach(Place.START_REFUSED, what.startsWith("start refused"));
    reach(Place.CRASHED_IN_RECOVERY, what.startsWith("power lost at start"));
    reach(Place.RECONCILED, what.startsWith("reconciled with "));
    reach(Place.SNAPSHOT_LOADED, what.startsWith("a snapshot is loaded as a whole: "));
    reach(Place.SNAPSHOT_READ_BY_VERSIONS, what.startsWith("a snapshot is read by versions: "));
    if (what.startsWith("read-only: ")) readOnly.add(node);
    if (what.equals("the store takes writes again")) {
      reach(Place.DISK_FULL_AND_RESUMED, readOnly.remove(node));
    }
    if (what.contains("the machine stopped before ")) stopped(what);
    if (what.startsWith("node-")) member(node, what);
  }

  private void watched(Action.Ask ask, Reply.Changes changes) {
    int life = world.node(ask).life();
    int[] before = watchers.put(ask.client(), new int[] {ask.node(), life});
    if (before == null || changes.versions().isEmpty()) return;
    reach(Place.WATCHED_ELSEWHERE, before[0] != ask.node());
    reach(Place.WATCHED_OVER_A_RESTART, before[0] == ask.node() && before[1] != life);
  }

  private void stopped(String what) {
    reach(Place.CRASHED_BETWEEN_RENAME_AND_UNLINK, what.contains("before delete"));
    reach(Place.CRASHED_BEFORE_SYNC, what.contains("before sync of"));
    reach(Place.CRASHED_BEFORE_DIRECTORY_SYNC, what.contains("before syncDirectory"));
    reach(Place.CRASHED_IN_A_TABLE, what.contains(".table'") && !what.contains("before delete"));
    reach(Place.CRASHED_IN_A_MERGE, what.startsWith("Merge: "));
  }

  private void member(int node, String what) {
    int end = what.indexOf(" is ");
    if (end < 0) return;
    String state = what.substring(end + 4);
    String before = called.put(node + " of " + what.substring(0, end), state);
    if (!state.equals("alive") || before == null) return;
    reach(Place.SUSPECTED_AND_REFUTED, before.equals("suspect"));
    reach(Place.CALLED_DEAD_AND_BACK, before.equals("dead"));
  }

  @Override
  public void before(Action action) {
    reach(Place.TWINS, action instanceof Action.Clone);
    if (!(action instanceof Action.Start start) || world.node(start).up()) return;
    SimNode node = world.node(start);
    reach(Place.JOINED_LATE, node.life() == 0 && world.nowNanos() > SimNode.FOUNDED_NANOS);
    Long since = offSince.get(start.node());
    reach(Place.LONG_AWAY, since != null && world.nowNanos() - since > LONG_NANOS);
  }

  @Override
  public void drained(SimNode node, boolean shipped) {
    reach(Place.DRAINED, shipped);
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    looks++;
    reach(Place.READ_REFERRED, outcome.by() != ask.node());
    switch (outcome.reply()) {
      case Reply.Written written -> wrote(written);
      case Reply.Resolved resolved -> {
        if (resolved.written() != null) {
          wrote(resolved.written());
          reach(Place.CONFLICT_RESOLVED, resolved.heads().size() > 1);
        }
      }
      case Reply.Value value -> {
        reach(Place.CONFLICT_SEEN, value.heads() > 1);
        reach(Place.READ_REPLICATED, ask.request() instanceof Request.Stable);
      }
      case Reply.HeadList heads -> reach(Place.CONFLICT_SEEN, heads.heads().size() > 1);
      case Reply.Changes changes -> watched(ask, changes);
      case Reply.Left _ -> reach(Place.LEFT_FOR_GOOD);
      case Reply.Removed _ -> reach(Place.REMOVED_FOR_GOOD);
      case null, default -> {
        KdeltaException error = outcome.error();
        reach(Place.ACK_UNMET_TOLD, error instanceof KdeltaException.DurabilityUnmet);
        reach(Place.CONDITION_REFUSED, error instanceof KdeltaException.Conflict);
        reach(Place.READ_OF_DAMAGE_REFUSED, error instanceof KdeltaException.Corrupt);
        reach(Place.BEHIND_TOLD, error instanceof KdeltaException.Behind);
        boolean stable = ask.request() instanceof Request.Stable;
        reach(Place.REPLICATION_UNKNOWN, stable && error instanceof KdeltaException.Unreachable);
        reach(Place.WRITE_REFUSED, error instanceof KdeltaException.ReadOnly);
      }
    }
  }

  private void wrote(Reply.Written written) {
    for (Reply.Written.Result result : written.versions()) {
      reach(Place.RETRY_RECOGNISED, result.repeated());
      long now = SimTime.EPOCH_MICROS_START + world.nowNanos() / 1_000;
      boolean future = result.version().time().micros() > now + FUTURE_MICROS;
      reach(Place.WRITTEN_IN_THE_FUTURE, future);
    }
  }

  /** The versions of a node, as somebody else asked for them. */
  void held(List<Envelope> versions) {
    for (Envelope held : versions) {
      TreeSet<String> of =
          incarnations.computeIfAbsent(held.version().node().hex(), node -> new TreeSet<>());
      held.dots().forEach(dot -> of.add(dot.incarnation().hex()));
    }
  }

  /** What lies on a disk, as somebody else read it. */
  void onDisk(long waiting) {
    parked |= waiting > 0;
  }

  @Override
  public void glance(SimNode node) {
    try {
      look(node);
    } catch (KdeltaException refused) {
      // It went down.
    }
  }

  private void look(SimNode node) {
    looks++;
    Reply.Status status = (Reply.Status) world.asker().ask(node, new Command.AdminStatus());
    for (String note : status.recovery()) {
      reach(Place.TORN_TAIL_CUT, note.startsWith("cut the torn tail"));
      reach(Place.SET_ASIDE_IN_THE_MIDDLE, note.startsWith("set aside"));
    }
    boolean lost = status.recovery().stream().anyMatch(note -> note.contains("are lost here"));
    if (lost) lossy.add(node.index());
    else reach(Place.REPAIRED_FROM_PEER, lossy.remove(node.index()));
    reach(Place.MERGED, status.storage().merges() > 0);
    reach(Place.TABLE_WORK_RETRIED, status.storage().failures() > 0);
    reach(Place.VERIFIED_ON_READ, status.storage().coreVerifications() > 0);
    boolean silent = status.stats().writes() == 0;
    reach(Place.RELAYED, silent && status.stats().traffic().shippedBytes() > 0);
    Reply.SessionList log =
        (Reply.SessionList) world.asker().ask(node, new Command.ReconcileLog(SESSIONS_MAX));
    for (Reply.SessionList.Ended ended : log.sessions()) session(ended.session());
  }

  private void session(Session session) {
    boolean equal = session.outcome().equals("equal");
    if (session.rungs().contains("snapshot")) {
      boolean whole = session.outcome().equals("taken in");
      reach(Place.CAUGHT_UP_BY_SNAPSHOT, whole);
      reach(Place.SNAPSHOT_BROKEN_OFF, !whole);
      return;
    }
    reach(Place.RECONCILED_WITH_BLOOM, session.rungs().contains("bloom"));
    reach(Place.RECONCILED_BY_DRILL_DOWN, session.rungs().contains("merkle"));
    reach(Place.RECONCILED_BY_DOTS, session.rungs().contains("dots"));
    reach(Place.RECONCILED_BY_CELLS, session.rungs().contains("cells"));
    reach(Place.LATER_RUNG_FOUND_IT, session.rungs().size() > 2 && equal);
    reach(Place.SESSION_BROKEN_OFF, !equal);
  }

  @Override
  public void quiet(List<Audit> audits) {
    for (SimNode node : world.standing()) look(node);
    reach(Place.PARKED_THEN_SHOWN, parked);
    reach(Place.NEW_INCARNATION, incarnations.values().stream().anyMatch(of -> of.size() > 1));
  }
}
