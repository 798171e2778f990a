package io.kdelta.server;

import io.kdelta.document.CanonicalJson;
import io.kdelta.error.KdeltaException;
import io.kdelta.tls.TlsFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a node is told before it starts. Immutable; made by {@link NodeSettings}.
 *
 * @param identity who it is among others
 * @param network where it listens
 * @param store where and what it keeps
 */
public record NodeConfig(Identity identity, Network network, Store store) {

  /**
   * Who the node is among others.
   *
   * @param name what people call it, 1 to 64 characters
   * @param zone its failure domain, may be empty
   * @param cluster the name that its cluster's id is derived from
   * @param join nodes to dial, {@code host:port} or {@code dns+srv:name} each
   * @param backups how many nodes are to hold each write of this one, 1 to 16
   */
  public record Identity(
      String name, String zone, Optional<String> cluster, List<String> join, int backups) {
    private static final int NAME_LENGTH_MAX = 64;
    private static final int BACKUPS_MAX = 16;

    public Identity {
      join = List.copyOf(join);
      requireName("name", name);
      if (zone.length() > NAME_LENGTH_MAX) {
        throw new KdeltaException.Invalid("zone", "longer than " + NAME_LENGTH_MAX);
      }
      if (cluster.isPresent()) requireName("cluster", cluster.get());
      if (backups < 1 || backups > BACKUPS_MAX) {
        throw new KdeltaException.Invalid("backups", backups + " is not from 1 to " + BACKUPS_MAX);
      }
    }

    private static void requireName(String field, String value) {
      boolean control = value.chars().anyMatch(Character::isISOControl);
      if (value.isBlank() || value.length() > NAME_LENGTH_MAX || control) {
        throw new KdeltaException.Invalid(
            field, "'" + value + "' is not a name of 1 to " + NAME_LENGTH_MAX + " characters");
      }
    }
  }

  /**
   * Where the node listens.
   *
   * @param listen gRPC, of clients and peers
   * @param http probes and metrics; absent: none
   * @param httpHosts names beside its addresses that HTTP may be asked under; .NAME: all below it
   * @param advertise where peers are told to dial this node; absent: where it listens
   * @param tls how it is encrypted; absent: not at all
   * @param insecure whether it may listen beyond loopback although nothing is encrypted
   */
  public record Network(
      Address listen,
      Optional<Address> http,
      List<String> httpHosts,
      Optional<Address> advertise,
      Optional<Tls> tls,
      boolean insecure) {
    public Network {
      httpHosts = List.copyOf(httpHosts);
      for (String host : httpHosts) requireHost(host);
      if (insecure && tls.isPresent()) {
        throw new KdeltaException.Invalid(
            "insecure", "is not meant together with --tls-cert: give one of the two");
      }
      if (!insecure && tls.isEmpty()) {
        requireLoopback("listen", listen);
        if (http.isPresent()) requireLoopback("http", http.get());
      }
    }

    private static void requireHost(String host) {
      if (host.matches("\\.?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")) return;
      throw new KdeltaException.Invalid(
          "http-host", "'" + host + "' is no name of a host, and not .NAME for all below one");
    }

    /** Whether others than this machine can reach the node. */
    public boolean exposed() {
      return !listen.loopback() || (http.isPresent() && !http.get().loopback());
    }

    private static void requireLoopback(String field, Address address) {
      if (!address.loopback()) {
        throw new KdeltaException.Invalid(
            field,
            address
                + " can be reached from other machines, and nothing would be encrypted or"
                + " authenticated; give --tls-cert FILE --tls-key FILE --tls-ca FILE, or"
                + " --insecure if the network is trusted");
      }
    }
  }

  /**
   * How the node is encrypted, for clients and peers alike.
   *
   * @param files what it shows, to those it dials too, and whose certificates it accepts
   * @param clientsAuthenticate whether every client has to show a certificate of the CA; peers have
   *     to wherever there is one
   * @param look how often the files are looked at, more than none
   */
  public record Tls(TlsFiles files, boolean clientsAuthenticate, Duration look) {
    public Tls {
      if (files.certificate().isEmpty()) {
        throw new KdeltaException.Invalid(
            "tls-cert", "a node that speaks TLS shows a certificate; give it and --tls-key FILE");
      }
      if (clientsAuthenticate && files.ca().isEmpty()) {
        throw new KdeltaException.Invalid(
            "tls-client-auth", "whose certificates are to be accepted? give --tls-ca FILE");
      }
      if (!look.isPositive()) throw new KdeltaException.Invalid("tls", "a look every " + look);
    }
  }

  /**
   * Where and what the node keeps.
   *
   * @param directory the data directory; unused when in memory
   * @param inMemory whether everything is gone when the process ends
   * @param documentBytesMax largest document, 1 to 16 MiB
   * @param scrubHours within how many hours all tables are read once, to find rot; 0 for never
   */
  public record Store(Path directory, boolean inMemory, int documentBytesMax, int scrubHours) {
    private static final int SCRUB_HOURS_MAX = 24 * 365;

    public Store {
      if (scrubHours < 0 || scrubHours > SCRUB_HOURS_MAX) {
        throw new KdeltaException.Invalid(
            "scrub-hours", scrubHours + " is not from 0 to " + SCRUB_HOURS_MAX);
      }
      if (documentBytesMax < 1 || documentBytesMax > CanonicalJson.BYTES_MAX) {
        throw new KdeltaException.Invalid(
            "document-bytes-max",
            documentBytesMax + " is not from 1 to " + CanonicalJson.BYTES_MAX);
      }
    }
  }
}
