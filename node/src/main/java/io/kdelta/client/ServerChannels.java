package io.kdelta.client;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.kdelta.env.HostTime;
import io.kdelta.tls.Credentials;
import io.kdelta.tls.TlsFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Logger;

/**
 * One connection a server, made when it is first asked, and which of the servers is asked now. Any
 * thread; state is guarded by the lock.
 */
public final class ServerChannels {
  private static final Logger LOG = Logger.getLogger(ServerChannels.class.getName());
  private static final int CONNECT_TIMEOUT_MILLIS = 2_000;
  private static final int INBOUND_BYTES_MAX = 40 << 20;

  private final List<String> addresses;
  private final TokenCarrier carrier;
  private final ReentrantLock lock = new ReentrantLock();
  private final TreeMap<String, ManagedChannel> channels = new TreeMap<>();
  private final Optional<Secured> secured;
  private int current;

  /** How to speak TLS. */
  private record Secured(Credentials credentials, SslContext context) {
    static Secured by(TlsFiles files) {
      Credentials loaded =
          Credentials.load(files, new HostTime(), Credentials.LOOK, ServerChannels::notice);
      return new Secured(loaded, loaded.client());
    }
  }

  /** Without TLS. */
  ServerChannels(List<String> addresses, TokenCarrier carrier) {
    this(addresses, carrier, Optional.empty());
  }

  /** Invalid when files of {@code tls} cannot be used. */
  ServerChannels(List<String> addresses, TokenCarrier carrier, Optional<TlsFiles> tls) {
    this.addresses = List.copyOf(addresses);
    this.carrier = carrier;
    this.secured = tls.map(Secured::by);
  }

  /**
   * A channel of the caller's own to {@code address}, who shuts it down.
   *
   * @throws io.kdelta.error.KdeltaException.Invalid when files of {@code tls} cannot be used
   */
  public static ManagedChannel open(String address, Optional<TlsFiles> tls) {
    return channel(address, tls.map(Secured::by));
  }

  private static ManagedChannel channel(String address, Optional<Secured> secured) {
    NettyChannelBuilder builder = NettyChannelBuilder.forTarget("dns:///" + address);
    if (secured.isPresent()) builder.sslContext(secured.get().context());
    else builder.usePlaintext();
    return builder
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .maxInboundMessageSize(INBOUND_BYTES_MAX)
        .disableRetry()
        .build();
  }

  private static void notice(String line) {
    LOG.warning(line);
  }

  List<String> addresses() {
    return addresses;
  }

  /** The address in use. */
  String current() {
    lock.lock();
    try {
      return addresses.get(current);
    } finally {
      lock.unlock();
    }
  }

  /** Goes on with the server after that one, unless somebody else has left it already. */
  void leave(String address) {
    lock.lock();
    try {
      if (addresses.get(current).equals(address)) current = (current + 1) % addresses.size();
    } finally {
      lock.unlock();
    }
  }

  /** The channel to a server; what the session has seen goes with every request over it. */
  Channel to(String address) {
    secured.ifPresent(found -> found.credentials().look());
    lock.lock();
    try {
      ManagedChannel channel = channels.computeIfAbsent(address, to -> channel(to, secured));
      return ClientInterceptors.intercept(channel, carrier);
    } finally {
      lock.unlock();
    }
  }

  /** A connection that failed is tried again with the next call, and not only a while later. */
  void tryAgain() {
    lock.lock();
    try {
      channels.values().forEach(ManagedChannel::resetConnectBackoff);
    } finally {
      lock.unlock();
    }
  }

  void close() {
    List<ManagedChannel> open;
    lock.lock();
    try {
      open = new ArrayList<>(channels.values());
    } finally {
      lock.unlock();
    }
    open.forEach(ManagedChannel::shutdownNow);
  }
}
