package io.kdelta.server;

import io.kdelta.causal.NodeId;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.Pulse;
import io.kdelta.core.Reply;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * The numbers of a node among its peers: membership, and what is shipped to whom. Read from the
 * last picture of {@link NodeHealth}, twice a second at most. The only label is the name of a
 * member; its counters outlive its links.
 */
final class PeerMetrics {
  /**
   * One number of each linked node.
   *
   * @param value reads it
   */
  private record Series(MultiGauge gauge, ToDoubleFunction<Pulse.Peer> value) {}

  /**
   * A number that only grows, of each node that was ever linked: it stays when the link is gone.
   *
   * @param value reads it
   * @param seen by name of the node, what it last was
   */
  private record Sum(
      String name,
      String description,
      ToLongFunction<Pulse.Peer> value,
      Map<String, AtomicLong> seen) {}

  private final MeterRegistry registry;
  private final NodeHealth health;
  private final List<Series> series = new ArrayList<>();
  private final List<Sum> sums = new ArrayList<>();
  private final MultiGauge load;

  PeerMetrics(MeterRegistry registry, NodeHealth health) {
    this.registry = registry;
    this.health = health;
    gauge("kdelta.membership.health", "doubt of itself, 1 to 8", Pulse::health);
    counter("kdelta.membership.probes", "members that were probed", Pulse::probes);
    counter("kdelta.membership.probes.missed", "probes without an answer", Pulse::missed);
    counter("kdelta.membership.suspicions", "members found suspect", Pulse::suspected);
    counter("kdelta.membership.deaths", "members called dead", Pulse::dead);
    counter("kdelta.membership.refutations", "accusations refuted", Pulse::refuted);
    gauge("kdelta.membership.format", "peer format that all speak", Pulse::format);
    counter("kdelta.replication.receipts", "receipts that told something new", Pulse::receipts);
    counter("kdelta.replication.slots.lost", "streams that could not go on", Pulse::lost);
    sum("kdelta.peer.shipped.bytes", "frames sent, unpacked", Pulse.Peer::bytes);
    sum("kdelta.peer.shipped.wire.bytes", "the same as packed", Pulse.Peer::wireBytes);
    sum("kdelta.peer.shipped.frames", "how many", Pulse.Peer::frames);
    series("kdelta.peer.queued.bytes", "frames not given back as credit", Pulse.Peer::underWay);
    series("kdelta.peer.queued.peak.bytes", "the most these ever were", Pulse.Peer::peak);
    series("kdelta.peer.credit.bytes", "frames that may be sent before", Pulse.Peer::credit);
    series("kdelta.peer.slots", "logs that it follows here", Pulse.Peer::streams);
    series("kdelta.peer.lag.versions", "own versions that it has not receipted", Pulse.Peer::lag);
    load =
        MultiGauge.builder("kdelta.peer.load")
            .description("what the store of a member owes, of a hundred")
            .register(registry);
  }

  /** Takes over who is there now. */
  void refresh() {
    Reply.MemberList members = health.members();
    if (members == null) return;
    TreeMap<NodeId, String> names = new TreeMap<>();
    List<MultiGauge.Row<?>> loads = new ArrayList<>();
    for (Reply.MemberList.Node node : members.nodes()) {
      Member member = node.member();
      names.put(member.node(), member.card().name());
      loads.add(MultiGauge.Row.of(label(member.card().name()), member.facts().load()));
    }
    load.register(loads, true);
    for (Sum sum : sums) {
      for (Pulse.Peer peer : members.pulse().peers()) {
        String name = names.get(peer.node());
        if (name != null)
          counted(sum, name).accumulateAndGet(sum.value().applyAsLong(peer), Math::max);
      }
    }
    for (Series one : series) {
      List<MultiGauge.Row<?>> rows = new ArrayList<>();
      for (Pulse.Peer peer : members.pulse().peers()) {
        String name = names.getOrDefault(peer.node(), peer.node().hex());
        rows.add(MultiGauge.Row.of(label(name), one.value().applyAsDouble(peer)));
      }
      one.gauge().register(rows, true);
    }
  }

  /** Made when its node is first seen. */
  private AtomicLong counted(Sum sum, String name) {
    return sum.seen()
        .computeIfAbsent(
            name,
            _ -> {
              AtomicLong last = new AtomicLong();
              FunctionCounter.builder(sum.name(), last, AtomicLong::doubleValue)
                  .description(sum.description())
                  .tags(label(name))
                  .register(registry);
              return last;
            });
  }

  private void sum(String name, String description, ToLongFunction<Pulse.Peer> value) {
    sums.add(new Sum(name, description, value, new ConcurrentHashMap<>()));
  }

  private static Tags label(String name) {
    return Tags.of("peer", name);
  }

  private void series(String name, String description, ToDoubleFunction<Pulse.Peer> value) {
    MultiGauge gauge = MultiGauge.builder(name).description(description).register(registry);
    series.add(new Series(gauge, value));
  }

  private void gauge(String name, String description, ToDoubleFunction<Pulse> value) {
    Gauge.builder(name, health, h -> read(h, value)).description(description).register(registry);
  }

  private void counter(String name, String description, ToDoubleFunction<Pulse> value) {
    FunctionCounter.builder(name, health, h -> read(h, value))
        .description(description)
        .register(registry);
  }

  private static double read(NodeHealth health, ToDoubleFunction<Pulse> value) {
    Reply.MemberList members = health.members();
    return members == null ? 0 : value.applyAsDouble(members.pulse());
  }
}
