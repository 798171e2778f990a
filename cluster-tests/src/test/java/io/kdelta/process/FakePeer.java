package io.kdelta.process;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import io.kdelta.causal.ContentType;
import io.kdelta.causal.Dot;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Frame;
import io.kdelta.causal.Incarnation;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.cluster.ClusterId;
import io.kdelta.cluster.Member;
import io.kdelta.cluster.PeerCodec;
import io.kdelta.cluster.PeerMessage;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.PeerGrpc;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who speaks the protocol of peers over a real stream and says what it likes. Its versions
 * are sound unless whoever uses it makes them otherwise. One thread.
 */
final class FakePeer implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 30;
  private static final long YEAR_2026_MICROS = 1_767_225_600_000_000L;

  private final ManagedChannel channel;
  private final StreamObserver<io.kdelta.proto.v1.Envelope> out;
  private final LinkedBlockingQueue<Said> heard = new LinkedBlockingQueue<>();
  private final NodeId node;
  private final Incarnation log;

  /** What the node said; null: it has ended the stream. */
  private record Said(@Nullable PeerMessage message) {}

  private FakePeer(ManagedChannel channel, Random random) {
    this.channel = channel;
    this.node = new NodeId(random.nextLong(), random.nextLong());
    this.log = new Incarnation(random.nextLong(), random.nextLong());
    this.out = PeerGrpc.newStub(channel).exchange(new Listening());
  }

  /** A stream on which nothing is said yet. The channel ends with it. */
  static FakePeer mute(ManagedChannel channel, Random random) {
    return new FakePeer(channel, random);
  }

  /** One that has said hello and was greeted. */
  static FakePeer met(ManagedChannel channel, Random random, String cluster) {
    FakePeer peer = new FakePeer(channel, random);
    peer.say(peer.hello(ClusterId.named(cluster), false));
    peer.await(PeerMessage.Facts.class);
    return peer;
  }

  PeerMessage hello(ClusterId cluster, boolean settled) {
    return new PeerMessage.Hello(cluster, settled, 1, card());
  }

  Member.Card card() {
    return card(node, "127.0.0.1:1");
  }

  static Member.Card card(NodeId node, String address) {
    int format = PeerCodec.OLDEST;
    return new Member.Card(node, "liar", List.of(address), "", "", "", format, format);
  }

  NodeId node() {
    return node;
  }

  Incarnation log() {
    return log;
  }

  void say(PeerMessage message) {
    say(PeerCodec.encode(message));
  }

  void say(Bytes payload) {
    try {
      out.onNext(
          io.kdelta.proto.v1.Envelope.newBuilder()
              .setPayload(ByteString.copyFrom(payload.toArray()))
              .build());
    } catch (IllegalStateException ended) {
      // The node has ended the stream, which is what it may do.
    }
  }

  /** The next message of that kind; fails when the stream ends before. */
  <T extends PeerMessage> T await(Class<T> type) {
    while (true) {
      PeerMessage message = next().message();
      assertNotNull(message, "the stream has ended before a " + type.getSimpleName());
      if (type.isInstance(message)) return type.cast(message);
    }
  }

  /** Waits until the node has ended the stream. */
  void awaitEnd() {
    while (next().message() != null) {}
  }

  /** Waits until the node has taken in everything that was said before. */
  void awaitTaken() {
    say(new PeerMessage.Ping(42, List.of()));
    while (await(PeerMessage.Ack.class).number() != 42) {}
  }

  /** Waits until the node has taken in what was said before, or has ended the stream over it. */
  void awaitTakenOrEnd() {
    say(new PeerMessage.Ping(42, List.of()));
    while (true) {
      PeerMessage message = next().message();
      if (message == null) return;
      if (message instanceof PeerMessage.Ack ack && ack.number() == 42) return;
    }
  }

  /** What the node says until it has taken in what was said before, or has ended the stream. */
  List<PeerMessage> heardMeanwhile() {
    List<PeerMessage> all = new ArrayList<>();
    say(new PeerMessage.Ping(43, List.of()));
    while (true) {
      PeerMessage message = next().message();
      if (message == null) return all;
      if (message instanceof PeerMessage.Ack ack && ack.number() == 43) return all;
      all.add(message);
    }
  }

  private Said next() {
    try {
      Said said = heard.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertNotNull(said, "the node says nothing");
      return said;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A version of this peer, at that place of its log. */
  Envelope version(String key, String document, List<Digest> parents, Timestamp time, long seq) {
    Bytes content = Bytes.utf8(document);
    Version version =
        Version.of(
            Version.Kind.PUT,
            new Key("liar", key),
            parents,
            time,
            node,
            Bytes.EMPTY,
            ContentType.JSON,
            ContentType.JSON.idOf(content),
            "");
    return new Envelope(version, List.of(new Dot(log, seq)), null, content, Bytes.EMPTY);
  }

  Envelope version(String key, String document, List<Digest> parents, long seq) {
    return version(key, document, parents, Timestamp.ofMicros(YEAR_2026_MICROS), seq);
  }

  /** The version in a frame of its own. */
  PeerMessage ship(Envelope envelope, @Nullable Digest before, @Nullable Digest after) {
    Dot place = envelope.dots().getFirst();
    List<Frame.Entry> entries = List.of(new Frame.Entry(envelope, false));
    return new PeerMessage.Ship(
        new Frame(place.incarnation(), node, place.seq(), before, after, entries), false);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  private final class Listening implements StreamObserver<io.kdelta.proto.v1.Envelope> {
    @Override
    public void onNext(io.kdelta.proto.v1.Envelope envelope) {
      try {
        heard.add(new Said(PeerCodec.decode(Bytes.wrap(envelope.getPayload().toByteArray()))));
      } catch (KdeltaException.Invalid part) {
        // A part of a long message, of which nothing is expected here.
      }
    }

    @Override
    public void onError(Throwable failure) {
      heard.add(new Said(null));
    }

    @Override
    public void onCompleted() {
      heard.add(new Said(null));
    }
  }
}
