package io.kdelta.server;

import io.grpc.stub.CallStreamObserver;
import io.kdelta.cluster.Lane;
import io.kdelta.core.Event;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.Envelope;
import io.kdelta.wire.Payload;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One stream to or from one peer: what the core sends waits here, in lanes, until the network takes
 * it; what comes in goes to the core, and when the core is full the stream waits.
 *
 * <p>Thread-safe. Invariant: the core hears of a link exactly once that it is up, and then exactly
 * once that it is down.
 */
final class PeerLink {
  private static final long RETRY_MILLIS = 5;
  private static final long HANGUP_MILLIS = 2_000;

  /** Traces that wait for a message to ride on; the latest are dropped. */
  static final int TRACES_MAX = 16;

  /** A larger message carries no traces: it has to fit what the peer takes. */
  private static final int CARRIER_BYTES_MAX = 64 << 10;

  /** Ends the call under the stream at once, and whatever belongs to it alone. */
  interface Call {
    /** {@code completed}: this side was closed in good order before. */
    void cancel(String reason, boolean completed);
  }

  private final long id;
  private final Predicate<Event> core;
  private final ScheduledExecutorService timer;
  private final CallStreamObserver<Envelope> out;
  private final Call call;
  private final ReentrantLock lock = new ReentrantLock();
  private final EnumMap<Lane, Queue> lanes = new EnumMap<>(Lane.class);
  private final ArrayDeque<Envelope.Trace> traces = new ArrayDeque<>();

  /** The peer is no longer written to. */
  private boolean closing;

  /** This side of the stream is closed; nothing may be said on it any more. */
  private boolean completed;

  private boolean down;

  /** Messages of one priority, in order. */
  private static final class Queue {
    private final ArrayDeque<Envelope> messages = new ArrayDeque<>();
    private long bytes;
  }

  /** {@code core}: takes news of the link, or answers false when it has no room for a message. */
  PeerLink(
      long id,
      Predicate<Event> core,
      ScheduledExecutorService timer,
      CallStreamObserver<Envelope> out,
      Call call) {
    this.id = id;
    this.core = core;
    this.timer = timer;
    this.out = out;
    this.call = call;
    for (Lane lane : Lane.values()) lanes.put(lane, new Queue());
  }

  long id() {
    return id;
  }

  /**
   * Takes a message for the peer. A peer that lets too much wait is hung up: it catches up later.
   */
  void send(Bytes message, Lane lane) {
    Envelope envelope =
        Envelope.newBuilder()
            .setPayload(Payload.string(message))
            .setPriority(priority(lane))
            .build();
    lock.lock();
    try {
      if (closing || down) return;
      Queue queue = lane(lane);
      if (queue.bytes + message.size() > EdgeLimits.PEER_QUEUE_BYTES_MAX) {
        closing = true;
        timer.execute(() -> cut("the peer is too slow"));
        return;
      }
      queue.messages.add(envelope);
      queue.bytes += message.size();
      drain();
    } finally {
      lock.unlock();
    }
  }

  /** Takes a trace for the peer, to go with what is said next, as far as there is room. */
  void trace(Envelope.Trace trace) {
    lock.lock();
    try {
      if (!closing && !down && traces.size() < TRACES_MAX) traces.add(trace);
    } finally {
      lock.unlock();
    }
  }

  /** The network can take more. */
  void ready() {
    lock.lock();
    try {
      drain();
    } finally {
      lock.unlock();
    }
  }

  /** A message of the peer came; asks for the next one as soon as the core has taken this one. */
  void received(Envelope envelope) {
    offer(new Event.PeerMessage(id, Payload.of(envelope.getPayload())));
  }

  private void offer(Event.PeerMessage message) {
    lock.lock();
    try {
      if (down) return;
    } finally {
      lock.unlock();
    }
    if (core.test(message)) {
      out.request(1);
    } else {
      var _ = timer.schedule(() -> offer(message), RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** Sends what waits and closes; a peer that does not take it in time is cut off. */
  void hangUp(String reason) {
    lock.lock();
    try {
      if (closing || down) return;
      closing = true;
      drain();
    } finally {
      lock.unlock();
    }
    var _ = timer.schedule(() -> cut(reason), HANGUP_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** The peer says no more: neither does this side. */
  void peerCompleted() {
    lock.lock();
    try {
      closing = true;
      complete();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the call under the stream, unless it has ended. */
  private void cut(String reason) {
    lock.lock();
    try {
      if (down) return;
      boolean before = completed;
      completed = true;
      call.cancel(reason, before);
    } finally {
      lock.unlock();
    }
  }

  private void complete() {
    if (completed || down) return;
    completed = true;
    out.onCompleted();
  }

  /** The stream has ended, whoever ended it. True the first time. */
  boolean ended() {
    lock.lock();
    try {
      if (down) return false;
      down = true;
      for (Queue queue : lanes.values()) queue.messages.clear();
      traces.clear();
    } finally {
      lock.unlock();
    }
    // Refused only by a core that has stopped, which wants to know nothing any more.
    var _ = core.test(new Event.PeerDown(id));
    return true;
  }

  private void drain() {
    while (!down && !completed && out.isReady()) {
      Envelope next = poll();
      if (next == null) {
        if (closing) complete();
        return;
      }
      out.onNext(traces.isEmpty() ? next : withTraces(next));
    }
  }

  private Envelope withTraces(Envelope message) {
    if (message.getPayload().size() > CARRIER_BYTES_MAX) return message;
    Envelope.Builder builder = message.toBuilder();
    while (!traces.isEmpty() && builder.getTracesCount() < TracedWrites.PER_MESSAGE_MAX) {
      builder.addTraces(traces.remove());
    }
    return builder.build();
  }

  private @Nullable Envelope poll() {
    for (Lane lane : Lane.values()) {
      Queue queue = lane(lane);
      Envelope next = queue.messages.poll();
      if (next == null) continue;
      queue.bytes -= next.getPayload().size();
      return next;
    }
    return null;
  }

  private Queue lane(Lane lane) {
    Queue queue = lanes.get(lane);
    if (queue == null) throw new AssertionError("no queue for " + lane);
    return queue;
  }

  private static Envelope.Priority priority(Lane lane) {
    return switch (lane) {
      case GOSSIP -> Envelope.Priority.GOSSIP;
      case SHIP -> Envelope.Priority.SHIP;
      case BULK -> Envelope.Priority.BULK;
    };
  }
}
