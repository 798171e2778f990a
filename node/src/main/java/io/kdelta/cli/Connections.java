package io.kdelta.cli;

import io.kdelta.client.TokenCarrier;
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

  /** A session, and the connection that it uses now. */
  private static final class Kept {
    private final Session session;
    private @Nullable Lent open;

    private Kept(Session session) {
      this.session = session;
    }
  }

  /** A connection in the hands of commands, of which the last one ends it when it is given up. */
  final class Lent {
    private final Kept kept;
    private final Supplier<GrpcDoor> opening;
    private @Nullable HttpDoor http;
    private @Nullable GrpcDoor door;
    private int users;

    private Lent(Kept kept, @Nullable HttpDoor http, Supplier<GrpcDoor> opening) {
      this.kept = kept;
      this.http = http;
      this.opening = opening;
    }

    /** By HTTP, as long as somebody answered there; else null. */
    @Nullable HttpDoor http() {
      lock.lock();
      try {
        return http;
      } finally {
        lock.unlock();
      }
    }

    /** Nobody answers by HTTP. */
    void noHttp() {
      lock.lock();
      try {
        http = null;
      } finally {
        lock.unlock();
      }
    }

    /** The same, where somebody has needed it; else null. */
    @Nullable GrpcDoor opened() {
      lock.lock();
      try {
        return door;
      } finally {
        lock.unlock();
      }
    }

    /** By gRPC, opened by whoever needs it first. */
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

    Session session() {
      return kept.session;
    }

    /** No server answers over it: the next command gets another. */
    void lost() {
      lock.lock();
      try {
        if (kept.open == this) kept.open = null;
      } finally {
        lock.unlock();
      }
    }

    private void close() {
      if (door != null) door.close();
    }

    /** A command has ended. */
    void giveBack() {
      lock.lock();
      try {
        users--;
        if (users == 0 && kept.open != this) close();
      } finally {
        lock.unlock();
      }
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<Kind, Kept> all = new LinkedHashMap<>();
  private long opened;

  /**
   * A client over the connection of its kind, which it gives back when it is closed.
   *
   * @param name of the session; empty: it has none
   * @param begin the session, where there is none of that kind
   * @param http whether calls may go to the HTTP port
   */
  Client client(
      Servers servers,
      Duration timeout,
      String name,
      Optional<TlsFiles> tls,
      Supplier<Session> begin,
      boolean http) {
    Kind kind = new Kind(servers.addresses(), name, tls);
    lock.lock();
    try {
      Kept kept = all.get(kind);
      if (kept == null) {
        kept = new Kept(begin.get());
        all.put(kind, kept);
      }
      Lent lent = kept.open;
      if (lent == null) {
        TokenCarrier carrier = kept.session.carrier();
        String first = servers.addresses().getFirst();
        lent =
            new Lent(
                kept,
                http && tls.isEmpty() ? new HttpDoor(first, carrier) : null,
                () -> new GrpcDoor(servers, timeout, carrier, tls));
        kept.open = lent;
      }
      lent.users++;
      return new Client(servers, timeout, tls, lent);
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
      for (Kept kept : all.values()) {
        if (kept.open != null) kept.open.close();
        kept.open = null;
      }
      all.clear();
    } finally {
      lock.unlock();
    }
  }
}
