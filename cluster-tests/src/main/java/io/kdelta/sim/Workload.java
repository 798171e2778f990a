package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.cluster.AckLevel;
import io.kdelta.core.Command;
import io.kdelta.core.Event;
import io.kdelta.core.Reply;
import io.kdelta.document.Choice;
import io.kdelta.document.Moment;
import io.kdelta.document.Precondition;
import io.kdelta.document.Write;
import io.kdelta.env.Entropy;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Clients that write and read a few keys on all nodes, each from its own stream of chance, and tell
 * the {@link Ledger} what came of it. Every write goes out under a marker of its own (its note);
 * some are retried under their request id when their outcome is unknown.
 */
final class Workload implements SimNode.Outcomes {
  private static final long DEADLINE_NANOS = 5_000_000_000L;
  private static final String NAMESPACE = "t";

  /** One request on its way. */
  private record Asked(
      int client, SimNode node, Command command, List<String> markers, int attempt) {}

  private final Simulator simulator;
  private final Trace trace;
  private final Ledger ledger;
  private final List<Entropy> dice = new ArrayList<>();
  private final TreeMap<Long, Asked> asked = new TreeMap<>();
  private final int keys;
  private final long pauseNanos;
  private List<SimNode> nodes = List.of();
  private boolean stopped;
  private long lastTicket;
  private long lastMarker;

  /**
   * @param clients how many run side by side
   * @param keys how many keys they share: few keys, many conflicts
   * @param pauseNanos longest pause of a client between two requests
   */
  Workload(
      Simulator simulator,
      Trace trace,
      Ledger ledger,
      Entropy entropy,
      int clients,
      int keys,
      long pauseNanos) {
    this.simulator = simulator;
    this.trace = trace;
    this.ledger = ledger;
    this.keys = keys;
    this.pauseNanos = pauseNanos;
    for (int i = 0; i < clients; i++) dice.add(entropy.split("client " + i));
  }

  void start(List<SimNode> cluster) {
    nodes = List.copyOf(cluster);
    for (int client = 0; client < dice.size(); client++) next(client);
  }

  /** No new requests; those on their way still get their answers. */
  void stop() {
    stopped = true;
  }

  private void next(int client) {
    long pause = Math.floorMod(dice.get(client).nextLong(), pauseNanos);
    simulator.after(
        pause,
        () -> {
          if (!stopped) ask(client);
        });
  }

  private void ask(int client) {
    Entropy chance = dice.get(client);
    // A client has a favourite node and strays now and then.
    int at = chance.nextInt(4) > 0 ? client % nodes.size() : chance.nextInt(nodes.size());
    List<String> markers = new ArrayList<>();
    Command command = command(client, chance, markers);
    send(new Asked(client, nodes.get(at), command, List.copyOf(markers), 1));
  }

  private Command command(int client, Entropy chance, List<String> markers) {
    Key key = key(chance);
    int kind = chance.nextInt(100);
    if (kind < 50) {
      Command.Terms terms = terms(client, chance, markers);
      return new Command.Put(key, document(chance, terms.note()), guard(chance), List.of(), terms);
    }
    if (kind < 58) {
      return new Command.Delete(key, Precondition.NONE, List.of(), terms(client, chance, markers));
    }
    if (kind < 66) return batch(client, chance, markers);
    if (kind < 74) {
      return new Command.Resolve(
          key,
          new Choice.Value(document(chance, "resolved")),
          false,
          Precondition.NONE,
          terms(client, chance, markers));
    }
    if (kind < 94) return new Command.Get(key, new Moment.Latest());
    return new Command.Heads(key, new Moment.Latest());
  }

  private Command batch(int client, Entropy chance, List<String> markers) {
    List<Write> items = new ArrayList<>();
    int first = chance.nextInt(keys);
    int count = 2 + chance.nextInt(3);
    for (int i = 0; i < count; i++) {
      String marker = marker(client);
      markers.add(marker);
      Key key = new Key(NAMESPACE, "k" + (first + i) % (keys + 4));
      items.add(Write.put(key, document(chance, marker)).because(marker));
    }
    return new Command.Batch(
        items, new Command.Terms(requestId(client, chance), "", level(chance)));
  }

  private Key key(Entropy chance) {
    // Skewed: the small numbers are the busy ones.
    return new Key(NAMESPACE, "k" + chance.nextInt(1 + chance.nextInt(keys)));
  }

  private static Precondition guard(Entropy chance) {
    return chance.nextInt(10) == 0 ? Precondition.IF_ABSENT : Precondition.NONE;
  }

  private Command.Terms terms(int client, Entropy chance, List<String> markers) {
    String marker = marker(client);
    markers.add(marker);
    return new Command.Terms(requestId(client, chance), marker, level(chance));
  }

  private String marker(int client) {
    return "c" + client + "-" + ++lastMarker;
  }

  private String requestId(int client, Entropy chance) {
    return chance.nextInt(3) == 0 ? "" : "r" + client + "-" + ++lastMarker;
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
  private static Bytes document(Entropy chance, String marker) {
    int pad = chance.nextInt(16) == 0 ? 4_000 + chance.nextInt(4_000) : chance.nextInt(60);
    String text = "{\"by\":\"" + marker + "\",\"pad\":\"" + "x".repeat(pad) + "\"}";
    return Bytes.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private void send(Asked request) {
    if (!request.node.up()) {
      failed(request, "node is down", true);
      return;
    }
    long ticket = ++lastTicket;
    asked.put(ticket, request);
    trace.note(
        simulator.nowNanos(),
        request.node.index(),
        "asked " + request.command.getClass().getSimpleName() + " " + request.markers);
    request.node.offer(
        new Event.Arrived(ticket, request.command, simulator.nowNanos() + DEADLINE_NANOS));
  }

  @Override
  public void answered(SimNode node, long ticket, Reply reply) {
    Asked request = asked.remove(ticket);
    if (request == null) return;
    trace.note(
        simulator.nowNanos(), node.index(), "answers " + request.markers + " " + summary(reply));
    String how = "by " + request.markers + " on node-" + node.index();
    switch (reply) {
      case Reply.Written written -> acknowledged(written, how);
      case Reply.Resolved resolved -> {
        if (resolved.written() != null) acknowledged(resolved.written(), how);
      }
      case Reply.Value value -> ledger.read(value.version().version().id(), how);
      case Reply.HeadList heads -> {
        for (Envelope head : heads.heads()) ledger.read(head.version().id(), how);
      }
      default -> throw new OracleFailure("ACK-TRUTH", "an answer of another kind: " + reply);
    }
    next(request.client);
  }

  private void acknowledged(Reply.Written written, String how) {
    for (Reply.Written.Result entry : written.versions()) {
      Digest id = entry.version().id();
      ledger.acknowledged(id, written.level() + " " + how);
    }
  }

  private static String summary(Reply reply) {
    return switch (reply) {
      case Reply.Written w -> w.level() + " " + w.versions().getFirst().version().id();
      case Reply.Value v -> "value " + v.version().version().id();
      default -> reply.getClass().getSimpleName();
    };
  }

  @Override
  public void refused(SimNode node, long ticket, KdeltaException error) {
    Asked request = asked.remove(ticket);
    if (request == null) return;
    trace.note(
        simulator.nowNanos(),
        node.index(),
        "refuses " + request.markers + " " + error.getClass().getSimpleName());
    failed(request, error.toString(), unknown(error));
  }

  /** Whether the write may still be there or appear: the class UNKNOWN of ACK-TRUTH. */
  private static boolean unknown(KdeltaException error) {
    return switch (error) {
      case KdeltaException.DurabilityUnmet _,
          KdeltaException.Unreachable _,
          KdeltaException.DiskFault _,
          KdeltaException.Corrupt _ ->
          true;
      default -> false;
    };
  }

  @Override
  public void vanished(SimNode node) {
    for (long ticket : List.copyOf(asked.keySet())) {
      Asked request = asked.get(ticket);
      if (request == null || request.node != node) continue;
      asked.remove(ticket);
      failed(request, "node went down", true);
    }
  }

  private void failed(Asked request, String how, boolean outcomeUnknown) {
    boolean first = request.attempt == 1;
    if (!outcomeUnknown && first) {
      for (String marker : request.markers) ledger.refused(marker, how);
    } else {
      for (String marker : request.markers) ledger.unknown(marker);
    }
    boolean retries = outcomeUnknown && request.attempt < 4 && !requestIdOf(request).isEmpty();
    if (!retries || stopped) {
      next(request.client);
      return;
    }
    Asked again =
        new Asked(
            request.client, request.node, request.command, request.markers, request.attempt + 1);
    simulator.after(
        500_000_000L * request.attempt,
        () -> {
          if (stopped) return;
          again.markers().forEach(ledger::retried);
          send(again);
        });
  }

  private static String requestIdOf(Asked request) {
    return switch (request.command) {
      case Command.Put put -> put.terms().requestId();
      case Command.Delete delete -> delete.terms().requestId();
      case Command.Batch batch -> batch.terms().requestId();
      case Command.Resolve resolve -> resolve.terms().requestId();
      default -> "";
    };
  }
}
