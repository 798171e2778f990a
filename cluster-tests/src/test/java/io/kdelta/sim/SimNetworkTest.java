package io.kdelta.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.cluster.Lane;
import io.kdelta.cluster.PeerCodec;
import io.kdelta.cluster.PeerMessage;
import io.kdelta.env.SimEntropy;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: every fault of the simulated network does what it is named after, and nothing else. Method:
 * two endpoints that write down what they hear, one fault at a time.
 */
final class SimNetworkTest {
  private static final long SECOND = 1_000_000_000L;
  private static final int A = 0;
  private static final int B = 1;

  private final Simulator simulator = new Simulator();
  private final SimNetwork network =
      new SimNetwork(simulator, new SimEntropy(1).split("network"), new Trace());
  private final Ear a = new Ear();
  private final Ear b = new Ear();
  private long link;

  /** Writes down what it hears. */
  private static final class Ear implements SimNetwork.Endpoint {
    final List<String> heard = new ArrayList<>();
    final List<String> events = new ArrayList<>();
    long lastLink;

    @Override
    public void linkUp(long link, String address) {
      lastLink = link;
      events.add("up");
    }

    @Override
    public void linkDown(long link) {
      events.add("down");
    }

    @Override
    public void dialFailed(String address) {
      events.add("failed");
    }

    @Override
    public void received(long link, Bytes payload) {
      heard.add(payload.utf8());
    }
  }

  private void connect() {
    network.listen(A, "a", a);
    network.listen(B, "b", b);
    network.dial(A, "b");
    run(SECOND);
    link = a.lastLink;
    assertEquals(List.of("up"), a.events);
    assertEquals(List.of("up"), b.events);
  }

  private void run(long nanos) {
    simulator.runUntil(simulator.nowNanos() + nanos);
  }

  private void say(int from, String... texts) {
    for (String text : texts) network.send(from, link, Lane.GOSSIP, Bytes.utf8(text));
  }

  @Test
  void aCloggedPathHoldsEverythingAndBreaksNothing() {
    connect();
    network.clog(A, B);
    say(A, "1", "2", "3");
    say(B, "x");
    network.dial(A, "b");
    run(60 * SECOND);
    assertEquals(List.of(), b.heard);
    assertEquals(List.of("x"), a.heard);
    assertEquals(List.of("up", "failed"), a.events);
    network.unclog(A, B);
    run(SECOND);
    assertEquals(List.of("1", "2", "3"), b.heard);
    assertEquals(List.of("up"), b.events);
  }

  @Test
  void whatIsOnItsWayWhenAPathClogsWaitsToo() {
    connect();
    say(A, "1");
    network.clog(A, B);
    run(SECOND);
    assertEquals(List.of(), b.heard);
    network.healAll();
    run(SECOND);
    assertEquals(List.of("1"), b.heard);
  }

  @Test
  void theQueueToAReaderThatStalledIsBounded() {
    connect();
    network.clog(A, B);
    byte[] piece = new byte[1 << 20];
    for (long sent = 0; sent <= SimNetwork.QUEUE_BYTES_MAX; sent += piece.length) {
      network.send(A, link, Lane.BULK, Bytes.wrap(piece));
    }
    run(SECOND);
    assertEquals(List.of("up", "down"), a.events);
    network.unclog(A, B);
    run(SECOND);
    assertEquals(List.of(), b.heard);
  }

  @Test
  void aCutPathBreaksItsLinksAfterAWhileAndTheOtherWayGoesOnUntilThen() {
    connect();
    network.cut(A, B);
    say(A, "1");
    say(B, "x");
    run(SECOND);
    assertEquals(List.of(), b.heard);
    assertEquals(List.of("x"), a.heard);
    run(SimNetwork.KEEP_ALIVE_NANOS);
    assertEquals(List.of("up", "down"), a.events);
    assertEquals(List.of("up", "down"), b.events);
  }

  @Test
  void aResetTakesTheMessageItFallsIntoAndWhatFollows() {
    connect();
    network.resetAt(A, B, 3);
    say(A, "1", "2", "3", "4");
    run(SECOND);
    assertEquals(List.of("1", "2"), b.heard);
    assertEquals(List.of("up", "down"), a.events);
    assertEquals(List.of("up", "down"), b.events);
  }

  @Test
  void aHalfOpenLinkSwallowsWhatTheSideSaysThatDoesNotKnow() {
    connect();
    network.halfOpen(A, B);
    run(SECOND);
    assertEquals(List.of("up"), a.events);
    assertEquals(List.of("up", "down"), b.events);
    say(A, "1");
    run(SimNetwork.KEEP_ALIVE_NANOS);
    assertEquals(List.of(), b.heard);
    assertEquals(List.of("up", "down"), a.events);
  }

  @Test
  void aNodeThatSleepsHearsNothingUntilItWakesAndIsLeftAfterAWhile() {
    connect();
    network.sleep(B);
    say(A, "1");
    run(2 * SECOND);
    assertEquals(List.of(), b.heard);
    network.awake(B);
    run(SECOND);
    assertEquals(List.of("1"), b.heard);
    network.sleep(B);
    run(SimNetwork.KEEP_ALIVE_NANOS + SECOND);
    assertTrue(a.events.contains("down"));
  }

  @Test
  void onlyRunsOfLogsCountAsFramesOnTheirWayAndEachOnce() {
    connect();
    network.weather(A, B, new SimNetwork.Weather(1_000_000, 50_000_000, 0, 1000, 0));
    PeerMessage answer = new PeerMessage.Versions(List.of());
    network.send(A, link, answer.lane(), PeerCodec.encode(answer));
    assertEquals(0, network.mostFramesOnWay(A));
    Incarnation log = new Incarnation(5, 6);
    NodeId node = new NodeId(7, 8);
    Version version =
        Version.of(
            Version.Kind.DELETE,
            new Key("t", "k"),
            List.of(),
            Timestamp.ofMicros(1),
            node,
            Bytes.EMPTY,
            ContentType.NONE,
            ContentType.NONE.idOf(Bytes.EMPTY),
            "");
    Envelope envelope =
        new Envelope(version, List.of(new Dot(log, 1)), null, Bytes.EMPTY, Bytes.EMPTY);
    Frame frame = new Frame(log, node, 1, null, null, List.of(new Frame.Entry(envelope, false)));
    Bytes run = PeerCodec.encode(new PeerMessage.Ship(frame, false));
    network.send(A, link, Lane.SHIP, run);
    assertEquals(run.size(), network.mostFramesOnWay(A));
    run(SECOND);
    assertEquals(run.size(), network.mostFramesOnWay(A));
  }

  @Test
  void weatherLosesDelaysDoublesAndReorders() {
    connect();
    network.weather(A, B, new SimNetwork.Weather(1_000_000, 50_000_000, 0, 500, 500));
    for (int i = 0; i < 100; i++) say(A, String.valueOf(i));
    run(10 * SECOND);
    assertTrue(b.heard.size() > 120, "doubled: " + b.heard.size());
    List<String> sorted = b.heard.stream().sorted().toList();
    assertFalse(sorted.equals(b.heard), "reordered");
    assertEquals(100, b.heard.stream().distinct().count());
    network.weather(A, B, new SimNetwork.Weather(1_000_000, 1_000_000, 1000, 0, 0));
    long lost = network.lost();
    say(A, "late");
    run(10 * SECOND);
    assertEquals(lost + 1, network.lost(), "what is lost is sent again, later, or the link breaks");
    assertTrue(b.heard.contains("late") || a.events.contains("down"));
  }
}
