package io.kdelta.server;

import io.kdelta.document.CanonicalJson;
import io.kdelta.error.KdeltaException;
import java.nio.file.Path;
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
   * @param advertise where peers are told to dial this node; absent: where it listens
   * @param insecure whether it may listen beyond loopback although nothing is encrypted
   */
  public record Network(
      Address listen, Optional<Address> http, Optional<Address> advertise, boolean insecure) {
    public Network {
      if (!insecure) {
        requireLoopback("listen", listen);
        if (http.isPresent()) requireLoopback("http", http.get());
      }
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
                + " can be reached from other machines, and nothing is encrypted or"
                + " authenticated yet; give --insecure if the network is trusted");
      }
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
