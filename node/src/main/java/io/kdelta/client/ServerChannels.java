package io.kdelta.client;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One connection a server, made when it is first asked, and which of the servers is asked now. Any
 * thread; state is guarded by the lock.
 */
public final class ServerChannels {
  private static final int CONNECT_TIMEOUT_MILLIS = 2_000;
  private static final int INBOUND_BYTES_MAX = 40 << 20;

  private final List<String> addresses;
  private final TokenCarrier carrier;
  private final ReentrantLock lock = new ReentrantLock();
  private final TreeMap<String, ManagedChannel> channels = new TreeMap<>();
  private int current;

  ServerChannels(List<String> addresses, TokenCarrier carrier) {
    this.addresses = List.copyOf(addresses);
    this.carrier = carrier;
  }

  /** A channel of the caller's own to {@code address}, who shuts it down. */
  public static ManagedChannel open(String address) {
    return NettyChannelBuilder.forTarget("dns:///" + address)
        .usePlaintext()
        .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
        .maxInboundMessageSize(INBOUND_BYTES_MAX)
        .disableRetry()
        .build();
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
    lock.lock();
    try {
      ManagedChannel channel = channels.computeIfAbsent(address, ServerChannels::open);
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
