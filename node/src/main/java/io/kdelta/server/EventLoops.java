package io.kdelta.server;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.IoHandlerFactory;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.ResourceLeakDetector;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * The threads that read and write the network for one node, clients and peers alike: few, so that
 * what arrives together is handled together. A small call is read, handed to the core, answered and
 * written on the loop of its connection, without another thread in between.
 *
 * <p>Nothing that blocks or takes long may run on them. Thread-safe.
 */
final class EventLoops implements AutoCloseable {
  private static final int SHUTDOWN_SECONDS_MAX = 2;

  static {
    // It keeps a stack trace of every hundredth buffer's life, for people who debug buffers.
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
  }

  private final EventLoopGroup group;
  private final Class<? extends ServerChannel> listening;
  private final Class<? extends Channel> dialling;

  EventLoops(int threads, ThreadFactory factory) {
    IoHandlerFactory io;
    if (Epoll.isAvailable()) {
      io = EpollIoHandler.newFactory();
      listening = EpollServerSocketChannel.class;
      dialling = EpollSocketChannel.class;
    } else {
      io = NioIoHandler.newFactory();
      listening = NioServerSocketChannel.class;
      dialling = NioSocketChannel.class;
    }
    group = new MultiThreadIoEventLoopGroup(threads, factory, io);
  }

  /** Makes the server run on these threads. */
  NettyServerBuilder carry(NettyServerBuilder server) {
    return server.bossEventLoopGroup(group).workerEventLoopGroup(group).channelType(listening);
  }

  /** Makes the channel, and whoever observes its calls, run on these threads. */
  NettyChannelBuilder carry(NettyChannelBuilder channel) {
    return channel.eventLoopGroup(group).channelType(dialling).directExecutor();
  }

  /** The loop whose thread this is; empty on any other thread. */
  Optional<Executor> current() {
    for (EventExecutor loop : group) {
      if (loop.inEventLoop()) return Optional.of(loop);
    }
    return Optional.empty();
  }

  /** Ends the threads soon; server and channels have ended before. */
  @Override
  public void close() {
    var _ = group.shutdownGracefully(0, SHUTDOWN_SECONDS_MAX, TimeUnit.SECONDS);
  }
}
