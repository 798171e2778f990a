package io.kdelta.cli;

import io.kdelta.tls.TlsFiles;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a shell, which stay open between its commands, and their sessions: what one
 * command has seen the next one asks for. One that was found dead is given up, so that the next
 * command opens another at once and does not wait until gRPC tries again; its session goes on.
 *
 * <p>Any thread; state is guarded by the lock.
 */
final class Connections implements AutoCloseable {
  /** What commands have to have in common to share a connection. */
  private record Kind(List<String> servers, String session, Optional<TlsFiles> tls) {}

  /** A connection and its session. */
  final class Kept {
    private final Session session;
    private final Supplier<GrpcDoor> opening;
    private @Nullable GrpcDoor door;

    private Kept(Session session, Supplier<GrpcDoor> opening) {
      this.session = session;
      this.opening = opening;
    }

    Session session() {
      return session;
    }

    /** The open one, or a new one. */
    GrpcDoor door() {
      lock.lock();
      try {
        GrpcDoor open = door;
        if (open == null) {
          open = opening.get();
          door = open;
          opened++;
        }
        return open;
      } finally {
        lock.unlock();
      }
    }

    /** No server answers over it. */
    void lost() {
      lock.lock();
      try {
        if (door != null) door.close();
        door = null;
      } finally {
        lock.unlock();
      }
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<Kind, Kept> all = new LinkedHashMap<>();
  private long opened;

  /**
   * A client over the connection of its kind, which closing it does not end.
   *
   * @param name of the session; empty: it has none
   * @param begin the session, where there is none of that kind
   */
  Client client(
      Servers servers,
      Duration timeout,
      String name,
      Optional<TlsFiles> tls,
      Supplier<Session> begin) {
    Kind kind = new Kind(servers.addresses(), name, tls);
    lock.lock();
    try {
      Kept kept = all.get(kind);
      if (kept == null) {
        Session session = begin.get();
        kept = new Kept(session, () -> new GrpcDoor(servers, timeout, session.carrier(), tls));
        all.put(kind, kept);
      }
      return new Client(servers, timeout, tls, kept);
    } finally {
      lock.unlock();
    }
  }

  /** How many were opened so far. */
  long opened() {
    lock.lock();
    try {
      return opened;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      for (Kept kept : all.values()) kept.lost();
      all.clear();
    } finally {
      lock.unlock();
    }
  }
}
