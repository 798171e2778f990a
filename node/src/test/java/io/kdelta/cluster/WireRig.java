package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** A wire whose other ends are a list: what was sent to whom, and how much that was. */
final class WireRig implements Wire {
  /** One message on its way. */
  record Sent(NodeId node, PeerMessage message) {}

  final TreeSet<NodeId> linked = new TreeSet<>();
  final List<Sent> sent = new ArrayList<>();

  static NodeId node(int number) {
    return new NodeId(0, number);
  }

  static Member.Card card(int number) {
    return new Member.Card(
        node(number), "node-" + number, List.of("n" + number + ":1"), "", "", "test", 1, 1);
  }

  static ClusterConfig config(ClusterConfig.Limits limits) {
    return new ClusterConfig(
        node(1),
        "node-1",
        List.of("n1:1"),
        "",
        "",
        "test",
        Optional.empty(),
        List.of(),
        2,
        ClusterConfig.Pace.DEFAULT,
        limits);
  }

  /** What was sent since the last call, of one kind, to one node. */
  <T extends PeerMessage> List<T> take(Class<T> kind, NodeId node) {
    List<T> taken = new ArrayList<>();
    sent.removeIf(one -> {
      if (!one.node().equals(node) || !kind.isInstance(one.message())) return false;
      taken.add(kind.cast(one.message()));
      return true;
    });
    return taken;
  }

  @Override
  public boolean send(NodeId node, PeerMessage message, long now) {
    return sendCounting(node, message, now).isPresent();
  }

  @Override
  public Optional<Weight> sendCounting(NodeId node, PeerMessage message, long now) {
    if (!linked.contains(node)) return Optional.empty();
    sent.add(new Sent(node, message));
    int size = PeerCodec.encode(message).size();
    return Optional.of(new Weight(size, size));
  }

  @Override
  public List<NodeId> linked() {
    return List.copyOf(linked);
  }
}
