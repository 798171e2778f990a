package io.kdelta.tls;

import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;

/**
 * What one end of a connection shows and whom it trusts, as its files say, and as they say after
 * they were replaced: whoever shakes hands from then on gets the new ones, and connections that are
 * open stay. Files that cannot be used, for they are half written or do not fit together, leave
 * everything as it was, and the operator is told once.
 *
 * <p>TLS 1.3 or 1.2. The name of a server is checked by whoever dials it, against the alternative
 * names of its certificate (RFC 9525); of a client only who signed it. Thread-safe.
 */
public final class Credentials {
  /** How often files are looked at by default. */
  public static final Duration LOOK = Duration.ofSeconds(5);

  /** From so long before the end of the own certificate on the operator is told of it. */
  private static final Duration END_NEAR = Duration.ofDays(7);

  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  /** Who comes back within that time is not asked for a certificate again. */
  private static final int SESSION_SECONDS_MAX = 300;

  private final TlsFiles files;
  private final Time time;
  private final long lookNanos;
  private final Consumer<String> notices;
  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager ofServers;
  private final AdvancedTlsX509TrustManager ofClients;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock. */
  private List<String> seen;

  private volatile long lookedNanos;
  private volatile Loaded current;

  /**
   * What the files held.
   *
   * @param chain empty: this end shows no certificate
   * @param key of the first of the chain
   * @param trusted empty: whom the JDK trusts
   */
  private record Loaded(
      List<X509Certificate> chain, Optional<PrivateKey> key, List<X509Certificate> trusted) {}

  private Credentials(TlsFiles files, Time time, Duration look, Consumer<String> notices) {
    this.files = files;
    this.time = time;
    this.lookNanos = look.toNanos();
    this.notices = notices;
    this.seen = prints();
    this.current = read();
    this.lookedNanos = time.nanos();
    try {
      this.ofServers = AdvancedTlsX509TrustManager.newBuilder().build();
      this.ofClients =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
              .build();
      if (files.ca().isEmpty()) {
        ofServers.useSystemDefaultTrustCerts();
        ofClients.useSystemDefaultTrustCerts();
      }
    } catch (GeneralSecurityException e) {
      throw new KdeltaException.Invalid("tls", "the JDK trusts nobody: " + e);
    }
    use(current);
  }

  /**
   * Reads the files.
   *
   * @param look how long after a look the next one is due
   * @param notices takes lines for the operator, on the thread that looks
   * @throws KdeltaException.Invalid when they cannot be used
   */
  public static Credentials load(
      TlsFiles files, Time time, Duration look, Consumer<String> notices) {
    Credentials credentials = new Credentials(files, time, look, notices);
    credentials.warn();
    return credentials;
  }

  /** When the certificate of this end ends to be valid; empty when it shows none. */
  public Optional<Instant> end() {
    List<X509Certificate> chain = current.chain();
    return chain.isEmpty()
        ? Optional.empty()
        : Optional.of(chain.getFirst().getNotAfter().toInstant());
  }

  /** For a gRPC server. */
  public SslContext server(ClientAuth clients) {
    return build(
        SslContextBuilder.forServer(keys)
            .trustManager(ofClients)
            .clientAuth(clients)
            .sessionTimeout(SESSION_SECONDS_MAX));
  }

  /** For a gRPC channel. */
  public SslContext client() {
    SslContextBuilder builder = SslContextBuilder.forClient().trustManager(ofServers);
    return build(current.chain().isEmpty() ? builder : builder.keyManager(keys));
  }

  /** For a server of the JDK, which asks for certificates of clients by its own parameters. */
  public SSLContext jdkServer() {
    SSLContext context = jdk(ofClients);
    context.getServerSessionContext().setSessionTimeout(SESSION_SECONDS_MAX);
    return context;
  }

  /** For a client of the JDK. */
  public SSLContext jdkClient() {
    return jdk(ofServers);
  }

  /** The versions of the protocol that are spoken. */
  public static String[] protocols() {
    return PROTOCOLS.clone();
  }

  /** Reads the files anew if they were replaced, and the last look was long enough ago. */
  public void look() {
    if (time.nanos() - lookedNanos < lookNanos || !lock.tryLock()) return;
    try {
      lookedNanos = time.nanos();
      List<String> now = prints();
      if (now.equals(seen)) return;
      seen = now;
      Loaded read = read();
      use(read);
      current = read;
      notices.accept("TLS: the new certificates are in use" + until());
      warn();
    } catch (KdeltaException.Invalid e) {
      notices.accept(
          "WARNING: TLS: files were replaced and cannot be used, the old ones stay"
              + until()
              + ": "
              + e.getMessage());
    } finally {
      lock.unlock();
    }
  }

  private String until() {
    return end().map(end -> "; the certificate is valid until " + end).orElse("");
  }

  private void warn() {
    Instant near = now().plus(END_NEAR);
    end()
        .filter(end -> end.isBefore(near))
        .ifPresent(end ->
            notices.accept(
                "WARNING: the certificate of --tls-cert is valid until "
                    + end
                    + "; replace the file, the node takes it as it runs"));
    files.key().ifPresent(this::warnOfReaders);
  }

  private void warnOfReaders(Path key) {
    Set<PosixFilePermission> permissions;
    try {
      permissions = Files.getPosixFilePermissions(key);
    } catch (IOException | UnsupportedOperationException e) {
      return;
    }
    // Of root's files a group may be meant to read one: that is how Kubernetes gives it to a pod.
    if ((permissions.contains(PosixFilePermission.GROUP_READ) && !ofRoot(key))
        || permissions.contains(PosixFilePermission.OTHERS_READ)) {
      notices.accept(
          "WARNING: others than its owner can read the key "
              + key
              + " ("
              + PosixFilePermissions.toString(permissions)
              + "): chmod 600 "
              + key);
    }
  }

  private static boolean ofRoot(Path file) {
    try {
      return Files.getAttribute(file, "unix:uid").equals(0);
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return false;
    }
  }

  private Loaded read() {
    List<X509Certificate> trusted =
        files.ca().map(file -> Pem.certificates("tls-ca", file)).orElse(List.of());
    if (files.certificate().isEmpty()) return new Loaded(List.of(), Optional.empty(), trusted);
    Path file = files.certificate().get();
    List<X509Certificate> chain = Pem.certificates("tls-cert", file);
    Path keyFile = files.key().orElseThrow();
    PrivateKey key = Pem.key("tls-key", keyFile);
    X509Certificate own = chain.getFirst();
    if (!Pem.fits(own, key)) {
      throw new KdeltaException.Invalid("tls-key", keyFile + " is not the key of " + file);
    }
    Instant end = own.getNotAfter().toInstant();
    if (end.isBefore(now())) {
      throw new KdeltaException.Invalid("tls-cert", file + " was valid until " + end);
    }
    return new Loaded(chain, Optional.of(key), trusted);
  }

  private void use(Loaded loaded) {
    try {
      if (!loaded.trusted().isEmpty()) {
        ofServers.updateTrustCredentials(loaded.trusted().toArray(X509Certificate[]::new));
        ofClients.updateTrustCredentials(loaded.trusted().toArray(X509Certificate[]::new));
      }
      if (loaded.key().isPresent()) {
        keys.updateIdentityCredentials(
            loaded.chain().toArray(X509Certificate[]::new), loaded.key().get());
      }
    } catch (IOException | GeneralSecurityException e) {
      throw new KdeltaException.Invalid("tls-ca", "cannot be used: " + e);
    }
  }

  /** What tells one state of the files from another; of a link, what it leads to. */
  private List<String> prints() {
    List<String> prints = new ArrayList<>();
    for (Optional<Path> file : List.of(files.ca(), files.certificate(), files.key())) {
      if (file.isEmpty()) continue;
      try {
        BasicFileAttributes facts = Files.readAttributes(file.get(), BasicFileAttributes.class);
        prints.add(facts.lastModifiedTime() + " " + facts.size() + " " + facts.fileKey());
      } catch (IOException e) {
        prints.add("none");
      }
    }
    return prints;
  }

  private Instant now() {
    return Instant.EPOCH.plusSeconds(TimeUnit.MICROSECONDS.toSeconds(time.epochMicros()));
  }

  private SSLContext jdk(TrustManager trusted) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {keys}, new TrustManager[] {trusted}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every JDK speaks TLS", e);
    }
  }

  private static SslContext build(SslContextBuilder builder) {
    try {
      return GrpcSslContexts.configure(builder).protocols(PROTOCOLS).build();
    } catch (SSLException e) {
      throw new KdeltaException.Invalid("tls", "cannot be used: " + e);
    }
  }
}
