package io.kdelta.server;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kdelta.cluster.Lane;
import io.kdelta.core.CoreThread;
import io.kdelta.core.Event;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.Envelope;
import io.kdelta.proto.v1.PeerGrpc;
import io.kdelta.tls.TlsFailure;
import io.kdelta.tls.TlsProbe;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The links to peers: carries out what the core asks of them (dial, send, hang up) and tells the
 * core what becomes of them. A link is one bidirectional gRPC stream; a dialled one has a channel
 * of its own. Thread-safe.
 */
final class PeerStreams extends PeerGrpc.PeerImplBase implements AutoCloseable {
  private static final int CONNECT_TIMEOUT_MILLIS = 2_000;
  private static final int ADDRESSES_MAX = 1_024;

  /** What the name of a peer stands for; may block. */
  interface Names {
    /** The name itself if it can be dialled as it is, else the addresses to dial instead. */
    List<String> resolve(String peer) throws UnknownHostException;
  }

  private final Calls calls;
  private final ScheduledExecutorService timer;
  private final EventLoops loops;
  private final int messageBytesMax;
  private final Names names;
  private final NodeTls tls;
  private final Consumer<String> notices;
  private final TracedWrites traced;

  /** Under which name an address was found, for the certificate may name that alone. */
  private final Recent<String> foundAs = new Recent<>(ADDRESSES_MAX);

  /** What was said last about a peer that TLS keeps away. */
  private final Recent<String> troubles = new Recent<>(ADDRESSES_MAX);

  private final AtomicLong lastLink = new AtomicLong();
  private final Map<Long, PeerLink> links = new ConcurrentHashMap<>();
  private volatile boolean closed;

  PeerStreams(
      Calls calls,
      ScheduledExecutorService timer,
      EventLoops loops,
      int messageBytesMax,
      Names names,
      NodeTls tls,
      Consumer<String> notices,
      TracedWrites traced) {
    this.traced = traced;
    this.names = names;
    this.tls = tls;
    this.notices = notices;
    this.calls = calls;
    this.timer = timer;
    this.loops = loops;
    this.messageBytesMax = messageBytesMax;
  }

  /** A peer opens a stream. */
  @Override
  public StreamObserver<Envelope> exchange(StreamObserver<Envelope> observer) {
    ServerCallStreamObserver<Envelope> out = (ServerCallStreamObserver<Envelope>) observer;
    CoreThread core;
    try {
      core = calls.core();
    } catch (StatusRuntimeException e) {
      out.onError(e);
      return new Deaf();
    }
    PeerLink link =
        new PeerLink(
            lastLink.incrementAndGet(),
            core::offer,
            timer,
            out,
            (reason, completed) -> {
              if (!completed) out.onError(Status.CANCELLED.withDescription(reason).asException());
            });
    out.disableAutoRequest();
    out.setOnReadyHandler(link::ready);
    out.setOnCancelHandler(() -> end(link));
    out.setOnCloseHandler(() -> end(link));
    up(core, link, null);
    out.request(1);
    return new StreamObserver<>() {
      @Override
      public void onNext(Envelope envelope) {
        received(link, envelope);
      }

      @Override
      public void onError(Throwable failure) {
        end(link);
      }

      @Override
      public void onCompleted() {
        link.peerCompleted();
        end(link);
      }
    };
  }

  /**
   * Opens a stream to {@code peer}, or finds out which addresses that is a name of; the core hears
   * of either. Asked anew with every dial: an address changes with the machine behind a name.
   */
  void dial(CoreThread core, String peer) {
    if (closed) return;
    var _ =
        Thread.ofVirtual()
            .name("kdelta-dial")
            .start(() -> {
              try {
                List<String> addresses = names.resolve(peer);
                if (addresses.equals(List.of(peer))) connect(core, peer);
                else {
                  for (String address : addresses) foundAs.put(address, peer);
                  tell(core, new Event.Resolved(peer, addresses));
                }
              } catch (UnknownHostException | KdeltaException e) {
                tell(core, new Event.DialFailed(peer));
              }
            });
  }

  private static void tell(CoreThread core, Event event) {
    // Refused only by a core that has stopped.
    var _ = core.offer(event);
  }

  private void connect(CoreThread core, String address) {
    if (closed) return;
    ManagedChannel channel = channel(address).build();
    Dialled dialled = new Dialled(core, address, channel);
    ClientCalls.asyncBidiStreamingCall(
        channel.newCall(PeerEnvelopes.EXCHANGE, CallOptions.DEFAULT), dialled);
  }

  /** How a node talks to the one at that address. */
  NettyChannelBuilder channel(String address) {
    return tls.carry(loops.carry(NettyChannelBuilder.forTarget("dns:///" + address)))
        .overrideAuthority(authority(address))
        .disableRetry()
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .maxInboundMessageSize(messageBytesMax)
        .maxInboundMetadataSize(EdgeLimits.METADATA_BYTES_MAX)
        .keepAliveTime(EdgeLimits.KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(EdgeLimits.KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  /** The name that a certificate has to be for: the one that people wrote, if there was one. */
  private String authority(String address) {
    String name = foundAs.get(address);
    if (name == null || name.startsWith(HostNames.SRV)) return address;
    return name;
  }

  /** Says why a peer is kept away by TLS, once until that changes. */
  private void explain(String address, Throwable failure) {
    if (closed) return;
    if (tls.credentials().isPresent()) notice(address, TlsFailure.of(failure));
    // A plain word to a server of TLS ends without one: asking it what it wants blocks.
    else Thread.startVirtualThread(() -> notice(address, TlsProbe.of(address, failure)));
  }

  private void notice(String address, Optional<TlsFailure> trouble) {
    trouble
        .map(why -> "cannot link to " + address + ": " + why.what() + " (" + why.hint() + ")")
        .filter(line -> !line.equals(troubles.put(address, line)))
        .ifPresent(notices);
  }

  void send(long link, Bytes message, Lane lane) {
    PeerLink open = links.get(link);
    if (open != null) open.send(message, lane);
  }

  private void received(PeerLink link, Envelope envelope) {
    if (envelope.getTracesCount() > 0) traced.heard(envelope.getTracesList());
    link.received(envelope);
  }

  /** Tells every peer that is linked of a trace. */
  void trace(Envelope.Trace trace) {
    for (PeerLink link : links.values()) link.trace(trace);
  }

  void hangUp(long link, String reason) {
    PeerLink open = links.get(link);
    if (open != null) open.hangUp(reason);
  }

  /** Cuts every link. */
  @Override
  public void close() {
    closed = true;
    for (PeerLink link : links.values()) link.hangUp("the node stops");
  }

  private void up(CoreThread core, PeerLink link, @Nullable String dialled) {
    links.put(link.id(), link);
    if (!core.offer(new Event.PeerUp(link.id(), dialled))) link.hangUp("the core has stopped");
  }

  private void end(PeerLink link) {
    if (link.ended()) links.remove(link.id());
  }

  /** The incoming side of a stream that was refused. */
  private static final class Deaf implements StreamObserver<Envelope> {
    @Override
    public void onNext(Envelope envelope) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}
  }

  /** The answering side of a stream that this node opened. */
  private final class Dialled implements ClientResponseObserver<Envelope, Envelope> {
    private final CoreThread core;
    private final String address;
    private final ManagedChannel channel;

    /** Set on the first sign of life; read on threads of gRPC, one at a time. */
    private volatile @Nullable PeerLink link;

    /** The peer has said something. */
    private volatile boolean heard;

    Dialled(CoreThread core, String address, ManagedChannel channel) {
      this.core = core;
      this.address = address;
      this.channel = channel;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Envelope> requests) {
      requests.disableAutoRequestWithInitial(0);
      requests.setOnReadyHandler(() -> ready(requests));
    }

    private void ready(ClientCallStreamObserver<Envelope> requests) {
      PeerLink open = link;
      if (open == null) {
        open =
            new PeerLink(
                lastLink.incrementAndGet(),
                core::offer,
                timer,
                requests,
                (reason, _) -> requests.cancel(reason, null));
        link = open;
        up(core, open, address);
        requests.request(1);
      }
      open.ready();
    }

    @Override
    public void onNext(Envelope envelope) {
      PeerLink open = link;
      if (!heard) troubles.remove(address);
      heard = true;
      if (open != null) PeerStreams.this.received(open, envelope);
    }

    @Override
    public void onError(Throwable failure) {
      if (!heard) explain(address, failure);
      finish();
    }

    @Override
    public void onCompleted() {
      finish();
    }

    private void finish() {
      channel.shutdownNow();
      PeerLink open = link;
      if (open != null) {
        end(open);
      } else {
        tell(core, new Event.DialFailed(address));
      }
    }
  }
}
