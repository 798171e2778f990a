package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.env.Entropy;
import java.util.List;

/** No sessions: everybody is taken to be met, and streams and relay alone bring what is missing. */
final class StreamOnly implements Sessions {
  private final Host host;

  StreamOnly(Replica replica, Entropy entropy, Host host) {
    this.host = host;
  }

  @Override
  public void up(NodeId node, boolean met, long now) {
    host.agreed(node, now);
  }

  @Override
  public void down(NodeId node, long now) {}

  @Override
  public void message(NodeId node, PeerMessage.OfSession message, Weight weight, long now) {}

  @Override
  public void heard(NodeId node, Member.Facts facts, long now) {}

  @Override
  public void grown(long now) {}

  @Override
  public Traffic.Sessions totals() {
    return Traffic.Sessions.NONE;
  }

  @Override
  public void mended(long now) {}

  @Override
  public void doubt(NodeId node, String reason, long now) {}

  @Override
  public boolean stored(Event.Stored stored, long now) {
    return false;
  }

  @Override
  public boolean adopted(Event.Adopted adopted, long now) {
    return false;
  }

  @Override
  public boolean notStored(Event.NotStored refusal, long now) {
    return false;
  }

  @Override
  public void durable(long now) {}

  @Override
  public void reconcileNow(Event.ReconcileNow request, long now) {
    host.effect(new Effect.Reconciled(request.ticket(), List.of()));
  }

  @Override
  public void forgive(long nanos) {}

  @Override
  public void tick(long now) {}

  @Override
  public long deadline() {
    return Long.MAX_VALUE;
  }

  @Override
  public List<Session> past() {
    return List.of();
  }
}
