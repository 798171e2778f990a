package io.kdelta.process;

import static org.awaitility.Awaitility.await;

import io.kdelta.sim.OracleFailure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets a {@link FaultSchedule} happen to a cluster of processes. Faults that pass by themselves
 * overlap; before one that waits for something ({@link Surgery}) everything else is undone, and the
 * clock of the schedule stands still until it is over. One thread.
 *
 * <p>The fault atlas: a disk loses something only while others hold all that was on it, and the
 * next one only when it is whole again, so that everything acknowledged must still be there.
 */
final class Nemesis {
  private final ProcessCluster cluster;
  private final Deafness deafness;
  private final Surgery surgery;
  private final List<@Nullable Tmpfs> disks;
  private final CountDownLatch abort;
  private final PriorityQueue<Undo> undos =
      new PriorityQueue<>(Comparator.comparingLong(undo -> undo.atMillis));
  private final TreeMap<String, Integer> struck = new TreeMap<>();

  /** What keeps each node from being there; null: nothing does. */
  private final List<@Nullable String> absent = new ArrayList<>();

  /** How many full disks each node has seen since it was last found alive. */
  private final boolean[] starved;

  private long startedNanos;

  /** Something that passes. */
  private record Undo(long atMillis, Step step) {}

  /** Does something to the world. */
  private interface Step {
    void perform() throws IOException, InterruptedException;
  }

  /**
   * @param disks a file system of each node that can be filled, or null
   * @param abort ends everything early
   */
  Nemesis(
      ProcessCluster cluster,
      Deafness deafness,
      Surgery surgery,
      List<@Nullable Tmpfs> disks,
      CountDownLatch abort) {
    this.cluster = cluster;
    this.deafness = deafness;
    this.surgery = surgery;
    this.disks = disks;
    this.abort = abort;
    for (int i = 0; i < cluster.size(); i++) absent.add(null);
    this.starved = new boolean[cluster.size()];
  }

  /** How often each kind of fault struck. */
  SortedMap<String, Integer> struck() {
    return struck;
  }

  /** Strikes until the schedule ends or the run is aborted; then everything is undone. */
  void run(FaultSchedule schedule) throws IOException, InterruptedException {
    startedNanos = System.nanoTime();
    for (FaultSchedule.Timed timed : schedule.faults()) {
      if (!reached(timed.atMillis())) break;
      strike(timed.fault());
    }
    var _ = reached(schedule.lengthMillis());
    undoAll();
  }

  private long nowMillis() {
    return (System.nanoTime() - startedNanos) / 1_000_000;
  }

  /** Waits until that time of the schedule, undoing what is due; false when the run is aborted. */
  private boolean reached(long atMillis) throws IOException, InterruptedException {
    while (true) {
      Undo next = undos.peek();
      long goal = next == null ? atMillis : Math.min(atMillis, next.atMillis);
      if (abort.await(Math.max(0, goal - nowMillis()), TimeUnit.MILLISECONDS)) return false;
      if (next == null || next.atMillis > atMillis) return true;
      undos.remove().step.perform();
    }
  }

  private void strike(Fault fault) throws IOException, InterruptedException {
    boolean done =
        switch (fault) {
          case Fault.Kill(int node, long down) -> kill(node, down);
          case Fault.Stop(int node, long lasts) -> stop(node, lasts);
          case Fault.OneWayCut(int from, int to, long lasts) -> {
            road(from, to, Roads.Road.CUT, lasts);
            yield true;
          }
          case Fault.Cut(int one, int other, long lasts) -> {
            road(one, other, Roads.Road.CUT, lasts);
            road(other, one, Roads.Road.CUT, lasts);
            yield true;
          }
          case Fault.Isolate(int node, long lasts) -> isolate(node, lasts);
          case Fault.Slow(int from, int to, long delay, long bytesPerSecond, long lasts) -> {
            road(from, to, Roads.Road.slow(delay, bytesPerSecond), lasts);
            yield true;
          }
          case Fault.FullDisk(int node, long room, long lasts) -> fill(node, room, lasts);
          default -> {
            operate(fault);
            yield true;
          }
        };
    if (done) struck.merge(fault.kind(), 1, Integer::sum);
  }

  private boolean kill(int node, long down) throws InterruptedException {
    if (absent.get(node) != null) return false;
    absent.set(node, "killed");
    cluster.node(node).kill();
    deafness.begins(node);
    undos.add(new Undo(nowMillis() + down, () -> present(node)));
    return true;
  }

  private boolean stop(int node, long lasts) throws IOException, InterruptedException {
    if (absent.get(node) != null) return false;
    absent.set(node, "stopped");
    cluster.node(node).signal("STOP");
    undos.add(new Undo(nowMillis() + lasts, () -> present(node)));
    return true;
  }

  /** Whatever keeps the node away ends: its process runs, or is started. */
  private void present(int node) throws IOException, InterruptedException {
    String why = absent.get(node);
    if (why == null) return;
    deafness.ends(node);
    if (why.equals("stopped")) cluster.node(node).signal("CONT");
    else cluster.node(node).start();
    absent.set(node, null);
  }

  private void road(int from, int to, Roads.Road road, long lasts) {
    String sender = cluster.name(from);
    String receiver = cluster.name(to);
    if (!road.cut()) deafness.ends(to);
    cluster.roads().set(sender, receiver, road);
    undos.add(
        new Undo(
            nowMillis() + lasts,
            () -> {
              deafness.ends(to);
              cluster.roads().set(sender, receiver, Roads.Road.CLEAR);
              if (absent.get(to) != null && absent.get(to).equals("killed")) deafness.begins(to);
            }));
  }

  private boolean isolate(int node, long lasts) {
    for (int peer = 0; peer < cluster.size(); peer++) {
      if (peer == node) continue;
      road(peer, node, Roads.Road.CUT, lasts);
      road(node, peer, Roads.Road.CUT, lasts);
    }
    deafness.begins(node);
    return true;
  }

  private boolean fill(int node, long room, long lasts) throws IOException {
    Tmpfs disk = disks.get(node);
    if (disk == null) return false;
    disk.fill(room);
    starved[node] = true;
    undos.add(new Undo(nowMillis() + lasts, disk::empty));
    return true;
  }

  /** A fault that waits: on a whole cluster, with the clock standing still. */
  private void operate(Fault fault) throws IOException, InterruptedException {
    long before = System.nanoTime();
    undoAll();
    surgery.perform(fault);
    startedNanos += System.nanoTime() - before;
  }

  /** Every fault is taken back, and every node is up. */
  void undoAll() throws IOException, InterruptedException {
    undos.clear();
    for (Tmpfs disk : disks) {
      if (disk != null) disk.empty();
    }
    cluster.heal();
    for (int node = 0; node < cluster.size(); node++) {
      present(node);
      deafness.ends(node);
    }
    for (int node = 0; node < cluster.size(); node++) awaitUp(node);
  }

  private void awaitUp(int node) throws IOException {
    NodeProcess process = cluster.node(node);
    if (!process.alive() && !starved[node]) {
      throw new OracleFailure("crash", process.name() + " ended by itself:\n" + process.said());
    }
    // A node that was started on a full disk may have refused, and says so.
    if (starved[node]) {
      await(process.name() + " with room again")
          .atMost(ProcessCluster.AGREEMENT)
          .until(() -> {
            if (!process.alive()) process.start();
            return process.alive();
          });
    }
    starved[node] = false;
    cluster.awaitReady(node);
  }
}
