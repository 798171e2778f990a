package io.kdelta.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.tls.Credentials;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLParameters;

/**
 * What of a node is encrypted: all of it or nothing. With TLS its gRPC port, the streams that it
 * dials to peers and its HTTP port show one certificate; peers always show theirs where there is a
 * CA, clients where they have to. Probes and metrics need none. Thread-safe.
 */
final class NodeTls {
  /** Of HTTP: without a certificate for whoever runs the node, who may have none. */
  private static final Set<String> OPEN = Set.of("/healthz", "/readyz", "/metrics");

  private final Optional<NodeConfig.Tls> config;
  private final Optional<Credentials> credentials;
  private final Optional<SslContext> dialling;

  private NodeTls(Optional<NodeConfig.Tls> config, Optional<Credentials> credentials) {
    this.config = config;
    this.credentials = credentials;
    this.dialling = credentials.map(Credentials::client);
  }

  /** Reads the files; CannotStart says which of them is of no use, and why. */
  static NodeTls load(Optional<NodeConfig.Tls> config, Time time, Consumer<String> notices)
      throws CannotStart {
    if (config.isEmpty()) return new NodeTls(config, Optional.empty());
    NodeConfig.Tls tls = config.get();
    try {
      Credentials loaded = Credentials.load(tls.files(), time, tls.look(), notices);
      return new NodeTls(config, Optional.of(loaded));
    } catch (KdeltaException.Invalid e) {
      throw new CannotStart("--" + e.getMessage(), "kdelta help start tells what it wants", e);
    }
  }

  /** The credentials; empty when nothing is encrypted. */
  Optional<Credentials> credentials() {
    return credentials;
  }

  /** Looks at the files every so often. */
  void watch(ScheduledExecutorService timer) {
    if (config.isEmpty() || credentials.isEmpty()) return;
    long millis = Math.max(1, config.get().look().toMillis());
    Runnable look = credentials.get()::look;
    var _ = timer.scheduleWithFixedDelay(look, millis, millis, TimeUnit.MILLISECONDS);
  }

  /** Encrypts what a server serves. */
  NettyServerBuilder carry(NettyServerBuilder server) {
    credentials.ifPresent(found -> server.sslContext(found.server(clients())));
    return server;
  }

  /** Encrypts what is said to a peer. */
  NettyChannelBuilder carry(NettyChannelBuilder channel) {
    return dialling.isPresent() ? channel.sslContext(dialling.get()) : channel.usePlaintext();
  }

  /** Whether the streams of peers are to be refused without a certificate. */
  boolean knowsPeers() {
    return config.map(tls -> tls.files().ca().isPresent()).orElse(false);
  }

  /** The server of the HTTP port, bound and not started. */
  HttpServer http(InetSocketAddress address, int backlog) throws IOException {
    if (credentials.isEmpty()) return HttpServer.create(address, backlog);
    HttpsServer server = HttpsServer.create(address, backlog);
    server.setHttpsConfigurator(
        new HttpsConfigurator(credentials.get().jdkServer()) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters chosen = getSSLContext().getDefaultSSLParameters();
            chosen.setProtocols(Credentials.protocols());
            // Asked for, not demanded: who probes has none. admits() demands.
            chosen.setWantClientAuth(knowsPeers());
            parameters.setSSLParameters(chosen);
          }
        });
    return server;
  }

  /** Whether a request over HTTP may be looked at: clients that have to show a certificate do. */
  boolean admits(HttpExchange exchange) {
    boolean demanded = config.map(NodeConfig.Tls::clientsAuthenticate).orElse(false);
    return !demanded
        || OPEN.contains(exchange.getRequestURI().getPath())
        || (exchange instanceof HttpsExchange https && PeersOnly.known(https.getSSLSession()));
  }

  private ClientAuth clients() {
    if (config.map(NodeConfig.Tls::clientsAuthenticate).orElse(false)) return ClientAuth.REQUIRE;
    return knowsPeers() ? ClientAuth.OPTIONAL : ClientAuth.NONE;
  }
}
