package io.kdelta.cluster;

import io.kdelta.causal.Incarnation;
import io.kdelta.causal.NodeId;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.function.Function;
import java.util.function.ObjLongConsumer;

/**
 * What the driver of sessions may ask of the cluster that it is part of.
 *
 * @param member finds a member
 * @param agrees a session with that node has ended well
 */
record SessionHost(
    NodeId self,
    Identity identity,
    Outbox outbox,
    Links links,
    Holdings holdings,
    Function<NodeId, Optional<Member>> member,
    ObjLongConsumer<NodeId> agrees)
    implements Sessions.Host {
  @Override
  public ClusterId cluster() {
    return identity.cluster();
  }

  @Override
  public void effect(Effect effect) {
    outbox.add(effect);
  }

  @Override
  public long tag() {
    return outbox.tag();
  }

  @Override
  public Optional<Member> member(NodeId node) {
    return member.apply(node);
  }

  @Override
  public SortedSet<Incarnation> equal(NodeId node) {
    return holdings.agreed(node);
  }

  @Override
  public void agreed(NodeId node, long now) {
    agrees.accept(node, now);
  }

  @Override
  public boolean send(NodeId node, PeerMessage message, long now) {
    return links.send(node, message, now);
  }

  @Override
  public Optional<Weight> sendCounting(NodeId node, PeerMessage message, long now) {
    return links.sendCounting(node, message, now);
  }

  @Override
  public List<NodeId> linked() {
    return links.linked();
  }
}
