package io.kdelta.sim;

import io.kdelta.causal.CausalToken;
import io.kdelta.cluster.ClusterConfig;
import io.kdelta.cluster.PeerCodec;
import io.kdelta.core.CoreConfig;
import io.kdelta.core.Reply;
import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.BatchHasher;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * A simulated world: nodes, network, clients with their ledger, one clock and one queue, and the
 * oracles that watch it. It does nothing by itself but let time pass; what happens to it from
 * outside comes through {@link Stage}.
 */
final class World {
  /** Often enough that what rots while a node runs is found in a run. */
  private static final long SCRUB_SECONDS = 20;

  /** In one seed of so many, every other node begins with an older program. */
  private static final int OLD_ONE_IN = 4;

  private final Setup setup;
  private final Entropy entropy;
  private final Simulator simulator = new Simulator();
  private final Trace trace = new Trace();
  private final Histories histories = new Histories();
  private final Ledger ledger = new Ledger();
  private final SimNetwork network;
  private final List<SimNode> nodes = new ArrayList<>();
  private final TreeSet<Integer> gone = new TreeSet<>();
  private final Asker asker = new Asker(simulator);
  private final Clients clients = new Clients(simulator, trace, ledger, this::at, this::severed);
  private final Liar liar;
  private final Atlas atlas;
  private final List<Oracle> oracles;

  World(Setup setup) {
    this.setup = setup;
    this.entropy = new SimEntropy(setup.seed());
    this.network = new SimNetwork(simulator, entropy.split("network"), trace);
    for (int i = 0; i < setup.nodes(); i++) nodes.add(node(i));
    this.liar =
        new Liar(setup.nodes(), "liar:7878", simulator, network, trace, entropy.split("liar"));
    this.atlas = new Atlas(this);
    this.oracles = Oracles.of(this);
    trace.tell((node, what) -> {
      for (Oracle oracle : oracles) oracle.noted(node, what);
    });
    clients.watch(new Watcher());
  }

  private SimNode node(int index) {
    List<String> others = new ArrayList<>();
    for (int other = 0; other < setup.nodes(); other++)
      if (other != index) others.add(address(other));
    return new SimNode(
        index,
        simulator,
        network,
        trace,
        entropy.split("node " + index),
        setup.pace(),
        config(index, index == 0 ? List.of() : List.of(address(0))),
        config(index, others),
        new Outcomes());
  }

  private CoreConfig config(int index, List<String> seeds) {
    CoreConfig.Member member =
        new CoreConfig.Member(
            name(index),
            List.of(address(index)),
            "",
            "",
            "simulated",
            Optional.of("sim"),
            seeds,
            setup.backups(),
            ClusterConfig.Pace.DEFAULT,
            Setup.NARROW.withSessions(setup.sessions()).withSnapshots(setup.snapshots()));
    CoreConfig newest =
        new CoreConfig(
            name(index),
            member,
            setup.storage(),
            Setup.BOUNDS.withScrub(SCRUB_SECONDS),
            BatchHasher.SIDE_BY_SIDE);
    boolean old = setup.seed() % OLD_ONE_IN == 1 && index % 2 == 0;
    return old ? newest.withFormat(PeerCodec.OLDEST) : newest;
  }

  /** What people call a node. */
  static String name(int index) {
    return "node-" + index;
  }

  private static String address(int index) {
    return name(index) + ":7878";
  }

  private boolean severed(int one, int other) {
    return network.severed(one, other);
  }

  /** The node that answers at an address; a liar's leads to none. */
  Optional<SimNode> at(String address) {
    return nodes.stream().filter(node -> node.address().equals(address)).findFirst();
  }

  Setup setup() {
    return setup;
  }

  /** A stream of chance of its own. */
  Entropy chance(String purpose) {
    return entropy.split(purpose);
  }

  Simulator simulator() {
    return simulator;
  }

  long nowNanos() {
    return simulator.nowNanos();
  }

  Trace trace() {
    return trace;
  }

  Histories histories() {
    return histories;
  }

  Ledger ledger() {
    return ledger;
  }

  SimNetwork network() {
    return network;
  }

  List<SimNode> nodes() {
    return nodes;
  }

  SimNode node(Action.OnNode action) {
    return nodes.get(action.node());
  }

  Asker asker() {
    return asker;
  }

  Clients clients() {
    return clients;
  }

  /** The peer that lies, once it has met somebody. */
  Liar liar() {
    return liar;
  }

  /** Which disk keeps a good copy of what, and what has none. */
  Atlas atlas() {
    return atlas;
  }

  List<Oracle> oracles() {
    return oracles;
  }

  /** A node is gone for ever. */
  void lose(int node) {
    gone.add(node);
  }

  /** The nodes that are not gone for ever. */
  List<SimNode> standing() {
    return nodes.stream().filter(node -> !gone.contains(node.index())).toList();
  }

  /** How many backups a node counts on at least: of whoever was there all the time it knows. */
  int backups(SimNode node) {
    if (!node.founder()) return 0;
    long others = standing().stream().filter(SimNode::founder).count() - 1;
    return Math.clamp(others, 0, setup.backups());
  }

  /** The run is over: nodes that are still up give their memory back. */
  void end() {
    for (SimNode node : nodes) node.end();
  }

  /** A node as the auditor asks it. */
  CoreSubject subject(SimNode node) {
    return new CoreSubject(name(node.index()), command -> asker.ask(node, command));
  }

  /** Tells the oracles what clients ask and hear. */
  private final class Watcher implements Clients.Listener {
    @Override
    public void asked(Action.Ask ask, SimNode node) {
      for (Oracle oracle : oracles) oracle.asked(ask, node);
    }

    @Override
    public void ended(Action.Ask ask, Clients.Outcome outcome) {
      for (Oracle oracle : oracles) oracle.ended(ask, outcome);
    }
  }

  /** Splits what nodes answer between the clients and the auditor's own questions. */
  private final class Outcomes implements NodeOutcomes {
    @Override
    public void answered(SimNode node, long ticket, Reply reply, CausalToken token) {
      if (ticket < 0) {
        asker.answered(node, ticket, reply, token);
        return;
      }
      histories.answered(nowNanos(), node.index(), ticket, reply);
      if (reply instanceof Reply.Written written) {
        for (Oracle oracle : oracles) oracle.acknowledged(node, written);
      }
      clients.answered(node, ticket, reply, token);
    }

    @Override
    public void refused(SimNode node, long ticket, KdeltaException error, CausalToken token) {
      if (ticket < 0) {
        asker.refused(node, ticket, error, token);
        return;
      }
      histories.refused(nowNanos(), node.index(), ticket, error);
      clients.refused(node, ticket, error, token);
    }

    @Override
    public void left(SimNode node) {
      if (gone.contains(node.index())) return;
      atlas.leaves(node);
      gone.add(node.index());
    }

    @Override
    public void drained(SimNode node, boolean shipped) {
      for (Oracle oracle : oracles) oracle.drained(node, shipped);
    }

    @Override
    public void vanished(SimNode node) {
      histories.vanished(nowNanos(), node.index());
      clients.vanished(node);
    }
  }
}
