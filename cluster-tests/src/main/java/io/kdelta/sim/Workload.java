package io.kdelta.sim;

import io.kdelta.cluster.AckLevel;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides what clients ask of which node and when, each client from its own stream of chance: they
 * write and read a few keys on all nodes; some retry under their request id when an outcome is
 * unknown. In half of all runs they carry tokens, and stray more. {@link Stage} performs it, {@link
 * Clients} tell what came of it.
 */
final class Workload implements Clients.Listener {
  private static final String NAMESPACE = "t/";
  private static final int ATTEMPTS = 4;

  /** One write in so many is to happen only over what its client has seen last. */
  private static final int SEEN_ONE_IN = 6;

  private static final long RETRY_NANOS = 500_000_000L;

  /** After so many answers in a row that a node is behind a client begins a new session. */
  private static final int PATIENCE = 3;

  private final Stage stage;
  private final Simulator simulator;
  private final List<Entropy> dice = new ArrayList<>();
  private final int nodes;
  private final int keys;
  private final long pauseNanos;
  private boolean stopped;
  private final String name;
  private final int firstClient;
  private final boolean sessions;
  private final int[] session;
  private final int[] behind;
  private long lastMarker;

  /** The clients of a whole run. */
  Workload(Stage stage, Swarm swarm) {
    this(stage, swarm, "workload", "c", 0);
  }

  /**
   * @param purpose names its stream of chance
   * @param name what its markers begin with
   * @param firstClient the number of its first client
   */
  Workload(Stage stage, Swarm swarm, String purpose, String name, int firstClient) {
    this.stage = stage;
    this.simulator = stage.world().simulator();
    this.nodes = swarm.setup().nodes();
    this.keys = swarm.keys();
    this.pauseNanos = swarm.pauseNanos();
    this.name = name;
    this.firstClient = firstClient;
    Entropy entropy = stage.world().chance(purpose);
    for (int i = 0; i < swarm.clients(); i++) dice.add(entropy.split("client " + i));
    this.sessions = entropy.split("sessions").nextInt(2) == 0;
    this.session = new int[swarm.clients()];
    this.behind = new int[swarm.clients()];
  }

  void start() {
    stage.world().clients().tell(this);
    for (int client = 0; client < dice.size(); client++) next(client);
  }

  /** No new requests; those on their way still get their answers. */
  void stop() {
    stopped = true;
  }

  /** Requests again, after {@link #stop}. */
  void goOn() {
    stopped = false;
    for (int client = 0; client < dice.size(); client++) next(client);
  }

  private void next(int client) {
    long pause = Math.floorMod(dice.get(client).nextLong(), pauseNanos);
    simulator.outside(
        simulator.nowNanos() + pause,
        () -> {
          if (!stopped) ask(client);
        });
  }

  private void ask(int client) {
    Entropy chance = dice.get(client);
    // A client has a favourite node and strays now and then.
    int at = chance.nextInt(sessions ? 2 : 4) > 0 ? client % nodes : chance.nextInt(nodes);
    int carries = sessions ? 1 + session[client] : 0;
    stage.perform(new Action.Ask(firstClient + client, at, request(client, chance), 1, carries));
  }

  private Request request(int client, Entropy chance) {
    String path = path(chance);
    int kind = chance.nextInt(100);
    if (kind < 50) {
      String marker = marker(client);
      Request.Terms terms = terms(client, chance);
      boolean ifAbsent = chance.nextInt(10) == 0;
      return new Request.Put(path, document(chance, marker), ifAbsent, marker, terms);
    }
    if (kind < 58) return new Request.Delete(path, marker(client), terms(client, chance));
    if (kind < 66) return batch(client, chance);
    if (kind < 74) {
      String document = document(chance, "resolved");
      return new Request.Resolve(path, document, marker(client), terms(client, chance));
    }
    if (kind < 94) return new Request.Get(path);
    return new Request.Heads(path);
  }

  private Request batch(int client, Entropy chance) {
    List<Request.Item> items = new ArrayList<>();
    int first = chance.nextInt(keys);
    int count = 2 + chance.nextInt(3);
    for (int i = 0; i < count; i++) {
      String marker = marker(client);
      String path = NAMESPACE + "k" + (first + i) % (keys + 4);
      items.add(new Request.Item(path, document(chance, marker), marker));
    }
    return new Request.Batch(items, terms(client, chance));
  }

  private String path(Entropy chance) {
    // Skewed: the small numbers are the busy ones.
    return NAMESPACE + "k" + chance.nextInt(1 + chance.nextInt(keys));
  }

  private Request.Terms terms(int client, Entropy chance) {
    String id = chance.nextInt(3) == 0 ? "" : "r" + name + client + "-" + ++lastMarker;
    return new Request.Terms(id, level(chance), chance.nextInt(SEEN_ONE_IN) == 0);
  }

  private String marker(int client) {
    return name + client + "-" + ++lastMarker;
  }

  private static @Nullable AckLevel level(Entropy chance) {
    return switch (chance.nextInt(6)) {
      case 0 -> null;
      case 1, 2 -> AckLevel.LOCAL;
      case 3 -> AckLevel.ONE;
      case 4 -> AckLevel.QUORUM;
      default -> AckLevel.ALL;
    };
  }

  /** Canonical JSON; one in sixteen is large enough to lie outside its version row. */
  private static String document(Entropy chance, String marker) {
    int pad = chance.nextInt(16) == 0 ? 4_000 + chance.nextInt(4_000) : chance.nextInt(60);
    return "{\"by\":\"" + marker + "\",\"pad\":\"" + "x".repeat(pad) + "\"}";
  }

  @Override
  public void ended(Action.Ask ask, Clients.Outcome outcome) {
    int client = ask.client() - firstClient;
    if (client < 0 || client >= dice.size()) return;
    behind[client] = outcome.error() instanceof KdeltaException.Behind ? behind[client] + 1 : 0;
    if (behind[client] == PATIENCE) {
      session[client]++;
      behind[client] = 0;
    }
    boolean unknown = outcome.end() == Clients.End.UNKNOWN;
    boolean retries = unknown && ask.attempt() < ATTEMPTS && !ask.request().id().isEmpty();
    if (!retries || stopped) {
      next(client);
      return;
    }
    Action.Ask again =
        new Action.Ask(ask.client(), ask.node(), ask.request(), ask.attempt() + 1, ask.session());
    simulator.outside(
        simulator.nowNanos() + RETRY_NANOS * ask.attempt(),
        () -> {
          if (!stopped) stage.perform(again);
        });
  }
}
