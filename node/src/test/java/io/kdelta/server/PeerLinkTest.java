package io.kdelta.server;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.stub.CallStreamObserver;
import io.kdelta.cluster.Lane;
import io.kdelta.core.Event;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.Envelope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: what is urgent overtakes, what waits is bounded, a full core slows the peer down, and the
 * end is told once. Method: a network that takes messages only when the test lets it.
 */
final class PeerLinkTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final List<Event> core = new CopyOnWriteArrayList<>();
  private final AtomicBoolean coreFull = new AtomicBoolean();
  private final List<String> cuts = new CopyOnWriteArrayList<>();
  private final Network network = new Network();
  private final PeerLink link =
      new PeerLink(
          7,
          event -> {
            boolean refused = event instanceof Event.PeerMessage && coreFull.get();
            if (!refused) core.add(event);
            return !refused;
          },
          timer,
          network,
          (reason, _) -> cuts.add(reason));

  private static final class Network extends CallStreamObserver<Envelope> {
    private final List<String> sent = new ArrayList<>();
    private final List<Integer> traces = new ArrayList<>();
    private final AtomicInteger requested = new AtomicInteger();
    private boolean ready;
    private int completions;

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {
      requested.addAndGet(count);
    }

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void onNext(Envelope envelope) {
      sent.add(envelope.getPayload().toStringUtf8());
      traces.add(envelope.getTracesCount());
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {
      completions++;
    }
  }

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  @Test
  void gossipOvertakesFramesAndFramesOvertakeBulk() {
    link.send(Bytes.utf8("bulk 1"), Lane.BULK);
    link.send(Bytes.utf8("ship 1"), Lane.SHIP);
    link.send(Bytes.utf8("bulk 2"), Lane.BULK);
    link.send(Bytes.utf8("gossip 1"), Lane.GOSSIP);
    link.send(Bytes.utf8("ship 2"), Lane.SHIP);
    assertEquals(List.of(), network.sent);
    network.ready = true;
    link.ready();
    assertEquals(List.of("gossip 1", "ship 1", "ship 2", "bulk 1", "bulk 2"), network.sent);
  }

  @Test
  void aPeerThatTakesNothingIsCutOff() {
    Bytes large = Bytes.wrap(new byte[1 << 20]);
    for (long size = 0; size <= EdgeLimits.PEER_QUEUE_BYTES_MAX; size += large.size()) {
      assertEquals(List.of(), cuts);
      link.send(large, Lane.SHIP);
    }
    await().atMost(PATIENCE).until(() -> cuts.size() == 1);
    network.ready = true;
    link.ready();
    assertEquals(List.of(), network.sent);
  }

  @Test
  void tracesRideOnWhatIsSaidAnyway() {
    network.ready = true;
    for (int i = 0; i < 1_000; i++) link.trace(Envelope.Trace.getDefaultInstance());
    assertEquals(List.of(), network.traces);
    link.send(Bytes.wrap(new byte[1 << 20]), Lane.SHIP);
    for (int i = 0; i < 3; i++) link.send(Bytes.utf8("gossip"), Lane.GOSSIP);
    int most = TracedWrites.PER_MESSAGE_MAX;
    assertEquals(PeerLink.TRACES_MAX, 2 * most);
    assertEquals(List.of(0, most, most, 0), network.traces);
  }

  @Test
  void aFullCoreSlowsThePeerDown() {
    coreFull.set(true);
    link.received(Envelope.getDefaultInstance());
    assertEquals(0, network.requested.get());
    coreFull.set(false);
    await().atMost(PATIENCE).until(() -> network.requested.get() == 1);
    assertEquals(1, core.size());
  }

  @Test
  void aHangUpSendsWhatWaits() {
    link.send(Bytes.utf8("last"), Lane.BULK);
    link.hangUp("bye");
    assertEquals(0, network.completions);
    network.ready = true;
    link.ready();
    link.ready();
    assertEquals(List.of("last"), network.sent);
    assertEquals(1, network.completions);
    link.send(Bytes.utf8("too late"), Lane.GOSSIP);
    assertEquals(List.of("last"), network.sent);
  }

  @Test
  void theEndIsToldOnce() {
    link.peerCompleted();
    assertTrue(link.ended());
    assertFalse(link.ended());
    link.hangUp("again");
    assertEquals(List.of(new Event.PeerDown(7)), core);
    assertEquals(1, network.completions);
  }
}
