package io.kdelta.client;

import io.kdelta.tls.TlsFiles;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a client goes about its calls.
 *
 * @param servers HOST:PORT each, at least one; the first one that answers is kept to
 * @param patience how long a call may take with all its repetitions
 * @param attempt how long one server has for an answer before the next one is asked
 * @param rounds how often all servers are asked at most before a call fails, whatever time is left
 * @param backoff the pauses between two rounds
 * @param tls what is shown and whom is trusted; absent: nothing is encrypted
 */
public record ClientSettings(
    List<String> servers,
    Duration patience,
    Duration attempt,
    int rounds,
    Backoff backoff,
    Optional<TlsFiles> tls) {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration ATTEMPT = Duration.ofSeconds(6);

  /** IllegalArgumentException for what makes no sense. */
  public ClientSettings {
    servers = List.copyOf(servers);
    if (servers.isEmpty()) throw new IllegalArgumentException("no server");
    if (!patience.isPositive() || !attempt.isPositive()) {
      throw new IllegalArgumentException("a time of " + patience + " or " + attempt);
    }
    if (rounds < 1) throw new IllegalArgumentException(rounds + " rounds");
  }

  /** Without TLS. */
  public ClientSettings(
      List<String> servers, Duration patience, Duration attempt, int rounds, Backoff backoff) {
    this(servers, patience, attempt, rounds, backoff, Optional.empty());
  }

  /**
   * For servers that come and go: half a minute for a call, six seconds for a server (a node takes
   * five to find that a level is not met), as many rounds as there is time for.
   */
  public static ClientSettings of(List<String> servers) {
    return new ClientSettings(servers, PATIENCE, ATTEMPT, Integer.MAX_VALUE, Backoff.DEFAULT);
  }

  /**
   * The same with another time for a call, of which one server may have {@code attempt} at most.
   */
  public ClientSettings within(Duration time, Duration forOneServer) {
    return new ClientSettings(servers, time, forOneServer, rounds, backoff, tls);
  }

  /** The same with so many rounds. */
  public ClientSettings rounds(int most) {
    return new ClientSettings(servers, patience, attempt, most, backoff, tls);
  }

  /** The same over TLS; {@link TlsFiles#NONE} trusts whom the JDK trusts. */
  public ClientSettings tls(TlsFiles files) {
    return new ClientSettings(servers, patience, attempt, rounds, backoff, Optional.of(files));
  }
}
