package io.kdelta.sim;

import io.kdelta.causal.Key;
import io.kdelta.cluster.AckLevel;
import io.kdelta.cluster.ClusterConfig;
import io.kdelta.core.Command;
import io.kdelta.core.CoreConfig;
import io.kdelta.core.Event;
import io.kdelta.core.Reply;
import io.kdelta.document.Precondition;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.StorageLimits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One run of one seed (simulation.md section 3): warm up without faults; chaos; quiet, in which the
 * cluster must agree within {@link #LIVE_NANOS}; each node alone must take a write; everything is
 * started cold; the last audit.
 */
public final class SimRun {
  /**
   * What a run that kept every promise did.
   *
   * @param seed its seed
   * @param trace hash of everything that happened
   * @param simulatedNanos virtual time that passed
   * @param nodes size of the cluster
   * @param acknowledged writes that were acknowledged
   * @param versions versions that every node held at the end
   * @param faults faults injected
   * @param conflicts keys that ended with several heads
   */
  public record Outcome(
      long seed,
      String trace,
      long simulatedNanos,
      int nodes,
      long acknowledged,
      int versions,
      int faults,
      int conflicts) {}

  /** How long a connected, quiet cluster may take to agree (LIVE). */
  static final long LIVE_NANOS = 30_000_000_000L;

  private static final long SECOND = 1_000_000_000L;
  private static final long AVAIL_NANOS = SECOND;

  /** Small enough that flushes and merges happen all the time; a batch still fits. */
  private static final StorageLimits LIMITS =
      new StorageLimits(32 << 10, 3, 8L << 20, 128 << 10, 1 << 10, 64 << 10, 512 << 10);

  /** Disks that are looked into in one run: each look recovers a copy of a whole disk. */
  private static final long PROBES_MAX = 150;

  /** How often a node is held against CAUSAL and O4 in the middle of the faults. */
  private static final int GLANCES = 30;

  private static final int KEYS_A_GLANCE = 4;

  private final long seed;
  private final Simulator simulator = new Simulator();
  private final Trace trace = new Trace();
  private final Ledger ledger = new Ledger();
  private final Entropy entropy;
  private final SimNetwork network;
  private final List<SimNode> nodes = new ArrayList<>();
  private final Workload workload;
  private final Asker asker = new Asker();
  private final DurabilityProbe probe;
  private final Entropy sampling;

  private SimRun(long seed) {
    this.seed = seed;
    this.entropy = new SimEntropy(seed);
    this.network = new SimNetwork(simulator, entropy.split("network"), trace);
    this.probe = new DurabilityProbe(entropy.split("probe"), LIMITS);
    this.sampling = entropy.split("sampling");
    Entropy shape = entropy.split("shape");
    int size = 1 + shape.nextInt(shape.nextInt(3) == 0 ? 5 : 3);
    this.workload =
        new Workload(
            simulator,
            trace,
            ledger,
            entropy.split("workload"),
            1 + shape.nextInt(6),
            1 + shape.nextInt(12),
            (5 + shape.nextInt(400)) * 1_000_000L);
    for (int i = 0; i < size; i++) nodes.add(node(i));
  }

  private SimNode node(int index) {
    List<String> seeds = index == 0 ? List.of() : List.of(address(0));
    CoreConfig.Member member =
        new CoreConfig.Member(
            "node-" + index,
            List.of(address(index)),
            "",
            "",
            "simulated",
            Optional.of("sim"),
            seeds,
            ClusterConfig.BACKUPS,
            ClusterConfig.Pace.DEFAULT,
            ClusterConfig.Limits.DEFAULT);
    CoreConfig config = new CoreConfig("node-" + index, member, LIMITS, CoreConfig.Limits.DEFAULT);
    return new SimNode(
        index, simulator, network, trace, entropy.split("node " + index), config, new Outcomes());
  }

  private static String address(int index) {
    return "node-" + index + ":7878";
  }

  /**
   * Runs {@code seed} to its end.
   *
   * @throws Failed when a promise was broken
   */
  public static Outcome of(long seed) {
    SimRun run = new SimRun(seed);
    try {
      return run.run();
    } catch (RuntimeException | AssertionError e) {
      throw new Failed(seed, e, run.trace.lines());
    }
  }

  private Outcome run() {
    for (SimNode node : nodes) node.start();
    simulator.runUntil(3 * SECOND);
    workload.start(nodes);
    simulator.runUntil(8 * SECOND);
    Nemesis nemesis =
        new Nemesis(
            simulator, network, trace, entropy.split("nemesis"), nodes, probe, this::causal);
    trace.note(simulator.nowNanos(), -1, "chaos: " + nemesis.faults());
    nemesis.start();
    for (int i = 0; i < GLANCES; i++) {
      simulator.runUntil(simulator.nowNanos() + 60 * SECOND / GLANCES);
      glance(nodes.get(sampling.nextInt(nodes.size())));
    }
    nemesis.stop();
    trace.note(simulator.nowNanos(), -1, "quiet");
    simulator.runUntil(simulator.nowNanos() + 5 * SECOND);
    workload.stop();
    simulator.runUntil(simulator.nowNanos() + 6 * SECOND);
    RawGraph before = agree("after the faults stopped");
    alone();
    coldStart();
    RawGraph after = agree("after a cold start of everything");
    for (String path : before.keys()) {
      if (after.heads(path).isEmpty()) throw new OracleFailure("O1", path + " is gone");
    }
    return new Outcome(
        seed,
        trace.hash(),
        simulator.nowNanos(),
        nodes.size(),
        ledger.acknowledgedCount(),
        after.size(),
        nemesis.struck(),
        after.conflicts().size());
  }

  /** Waits until all roots are equal, then audits every node and compares them all. */
  private RawGraph agree(String when) {
    long deadline = simulator.nowNanos() + LIVE_NANOS;
    while (!rootsEqual()) {
      if (simulator.nowNanos() > deadline) {
        // A node that contradicts itself says more than one that is late.
        for (SimNode node : nodes) model(node);
        throw new OracleFailure("LIVE", "roots still differ 30 s " + when + "\n" + roots());
      }
      simulator.runUntil(simulator.nowNanos() + SECOND / 4);
    }
    RawGraph union = new RawGraph();
    List<Audit> audits = new ArrayList<>();
    for (SimNode node : nodes) {
      Audit audit = Audit.of(subject(node));
      audits.add(audit);
      union.addAll(audit.graph());
    }
    for (int i = 0; i < nodes.size(); i++) {
      Audit audit = audits.get(i);
      if (!audit.graph().equals(union)) {
        throw new OracleFailure(
            "O2", "node-" + i + " lacks what others have:\n" + audit.graph().difference(union));
      }
      ledger.audit("node-" + i + " " + when, audit.graph(), audit.notes());
    }
    return union;
  }

  /** What must hold at any moment, of a node that is up. */
  private void glance(SimNode node) {
    if (!node.up()) return;
    try {
      sound(node, (Reply.Status) asker.ask(node, new Command.AdminStatus()));
    } catch (KdeltaException refused) {
      return; // It went down.
    }
    causal(node);
    model(node);
  }

  /** O7: no crash, kill or failed sync may leave damage; only bytes that rot do. */
  private static void sound(SimNode node, Reply.Status status) {
    if (node.rotten()) return;
    for (String note : status.recovery()) {
      if (note.startsWith("set aside"))
        throw new OracleFailure("O7", "node-" + node.index() + " has " + note);
    }
  }

  /** CAUSAL, in the middle of a run: nothing is shown whose parents are not. */
  private void causal(SimNode node) {
    if (!node.up()) return;
    CoreSubject subject = subject(node);
    RawGraph graph;
    try {
      graph = subject.atOneMoment();
    } catch (KdeltaException refused) {
      undue(node, refused);
      return; // It went down, or says itself that something is missing: no silent hole.
    }
    graph.check();
  }

  /**
   * O4, in the middle of a run: what a node answers for single keys is what follows from all that
   * it holds. Keys that change in the meantime are passed over.
   */
  private void model(SimNode node) {
    if (!node.up()) return;
    CoreSubject subject = subject(node);
    TreeMap<String, List<Digest>> answered = new TreeMap<>();
    RawGraph before;
    RawGraph after;
    try {
      before = subject.atOneMoment();
      List<String> keys = before.keys();
      for (int i = 0; i < Math.min(KEYS_A_GLANCE, keys.size()); i++) {
        String path = keys.get(sampling.nextInt(keys.size()));
        int slash = path.indexOf('/');
        answered.put(path, subject.heads(path.substring(0, slash), path.substring(slash + 1)));
      }
      after = subject.atOneMoment();
    } catch (KdeltaException refused) {
      undue(node, refused);
      return; // It went down, or says itself that something is missing.
    }
    answered.forEach((path, heads) -> {
      List<RawGraph.Raw> expected = before.heads(path);
      if (!after.heads(path).equals(expected)) return;
      if (heads.equals(expected.stream().map(RawGraph.Raw::id).toList())) return;
      throw new OracleFailure(
          "O4", subject.name() + " has heads " + heads + " of " + path + ", not " + expected);
    });
  }

  /** O4: a node whose disk never rotted has no reason to miss what it holds. */
  private static void undue(SimNode node, KdeltaException refused) {
    if (node.rotten() || !(refused instanceof KdeltaException.Corrupt)) return;
    throw new OracleFailure("O4", "node-" + node.index() + " misses, on a sound disk: " + refused);
  }

  private CoreSubject subject(SimNode node) {
    return new CoreSubject("node-" + node.index(), command -> asker.ask(node, command));
  }

  private boolean rootsEqual() {
    return roots().values().stream().distinct().count() == 1;
  }

  private SortedMap<Integer, String> roots() {
    TreeMap<Integer, String> roots = new TreeMap<>();
    for (SimNode node : nodes) {
      if (!node.up() && !node.start()) {
        roots.put(node.index(), "down");
        continue;
      }
      Reply.Status status = (Reply.Status) asker.ask(node, new Command.AdminStatus());
      sound(node, status);
      roots.put(node.index(), status.root() + " " + status.stats().versions());
    }
    return roots;
  }

  /** AVAIL: cut off from everybody, each node takes a local write within a second. */
  private void alone() {
    for (SimNode node : nodes) {
      for (SimNode peer : nodes) {
        if (peer == node) continue;
        network.cut(node.index(), peer.index());
        network.cut(peer.index(), node.index());
      }
    }
    simulator.runUntil(simulator.nowNanos() + 3 * SECOND);
    for (SimNode node : nodes) {
      byte[] text = "{\"alone\":true}".getBytes(StandardCharsets.UTF_8);
      Command put =
          new Command.Put(
              new Key("t", "alone-" + node.index()),
              Bytes.wrap(text),
              Precondition.NONE,
              List.of(),
              new Command.Terms("", "alone-" + node.index(), AckLevel.LOCAL));
      long asked = simulator.nowNanos();
      if (!(asker.ask(node, put) instanceof Reply.Written written)) {
        throw new OracleFailure("AVAIL", "node-" + node.index() + " did not take a write alone");
      }
      ledger.acknowledged(written.versions().getFirst().version().id(), "alone");
      if (simulator.nowNanos() - asked > AVAIL_NANOS) {
        throw new OracleFailure("AVAIL", "node-" + node.index() + " took more than a second");
      }
    }
    network.healAll();
  }

  /** Holds a sample of the acknowledgements against the disks, in the moment they are given. */
  private void probe(SimNode node, Reply.Written written) {
    int oneIn = written.level() == AckLevel.LOCAL ? 20 : 4;
    if (probe.probes() > PROBES_MAX || sampling.nextInt(oneIn) != 0) return;
    int backups = Math.min(ClusterConfig.BACKUPS, nodes.size() - 1);
    List<Digest> ids = written.versions().stream().map(result -> result.version().id()).toList();
    probe.check(nodes, node, ids, written.level().further(backups));
  }

  private void coldStart() {
    for (SimNode node : nodes) node.losePower();
    simulator.runUntil(simulator.nowNanos() + SECOND);
    for (SimNode node : nodes) node.start();
    simulator.runUntil(simulator.nowNanos() + SECOND);
  }

  /** Splits what nodes answer between the workload and the auditor's own questions. */
  private final class Outcomes implements SimNode.Outcomes {
    @Override
    public void answered(SimNode node, long ticket, Reply reply) {
      if (ticket < 0) {
        if (asker.waitsFor(node, ticket)) asker.replies.put(ticket, reply);
        return;
      }
      if (reply instanceof Reply.Written written) probe(node, written);
      workload.answered(node, ticket, reply);
    }

    @Override
    public void refused(SimNode node, long ticket, KdeltaException error) {
      if (ticket >= 0) workload.refused(node, ticket, error);
      else if (asker.waitsFor(node, ticket)) asker.errors.put(ticket, error);
    }

    @Override
    public void vanished(SimNode node) {
      workload.vanished(node);
    }
  }

  /**
   * Asks a question and lets the world go on until it is answered. What goes on may be a fault that
   * asks questions itself.
   */
  private final class Asker {
    private static final long PATIENCE_NANOS = 10 * SECOND;

    private final TreeMap<Long, Reply> replies = new TreeMap<>();
    private final TreeMap<Long, KdeltaException> errors = new TreeMap<>();
    private final TreeSet<Long> open = new TreeSet<>();
    private final TreeSet<Long> givenUp = new TreeSet<>();
    private long lastTicket;

    /** Whether somebody waits for this answer; if nobody does any more, it may come once. */
    boolean waitsFor(SimNode node, long ticket) {
      if (open.remove(ticket)) return true;
      if (givenUp.remove(ticket)) return false;
      throw new OracleFailure("O11", "node-" + node.index() + " answers " + ticket + " twice");
    }

    /** Throws what the node refuses with. */
    Reply ask(SimNode node, Command command) {
      long ticket = --lastTicket;
      int life = node.life();
      long deadline = simulator.nowNanos() + PATIENCE_NANOS;
      open.add(ticket);
      node.offer(new Event.Arrived(ticket, command, deadline));
      while (simulator.nowNanos() <= deadline) {
        simulator.runUntil(simulator.nowNanos() + 100_000);
        Reply answered = replies.remove(ticket);
        if (answered != null) return answered;
        KdeltaException refused = errors.remove(ticket);
        if (refused != null) throw refused;
        if (node.life() != life) {
          open.remove(ticket);
          givenUp.add(ticket);
          throw new KdeltaException.Unreachable(List.of("node-" + node.index()));
        }
      }
      throw new OracleFailure("O11", "node-" + node.index() + " never answers " + command);
    }
  }

  /** A run that broke a promise: what, the seed, and what led to it. */
  public static final class Failed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String oracle;

    Failed(long seed, Throwable cause, List<String> lines) {
      super(
          "seed "
              + seed
              + " fails: "
              + cause
              + "\nreplay: mvn -pl cluster-tests -am verify -Dkdelta.seed="
              + seed
              + "\n"
              + String.join("\n", lines),
          cause);
      this.oracle = cause instanceof OracleFailure failure ? failure.oracle() : "crash";
    }

    /** The oracle that saw it, or "crash" when the product itself threw. */
    public String oracle() {
      return oracle;
    }
  }
}
