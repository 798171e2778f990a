package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.core.WatchFrom;
import io.kdelta.memory.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the watchers among the clients were told: each goes on with the token of its last answer, on
 * whatever node it asks.
 */
final class Watchers {
  /** One watch of one client. */
  static final class Watcher {
    private final String name;
    private final Request.Watch watch;
    private final List<Envelope> told = new ArrayList<>();
    private @Nullable Bytes token;

    private Watcher(String name, Request.Watch watch) {
      this.name = name;
      this.watch = watch;
    }

    String name() {
      return name;
    }

    Request.Watch watch() {
      return watch;
    }

    /** Everything it was told, in order. */
    List<Envelope> told() {
      return told;
    }

    /** Whether a node has told it where it begins. */
    boolean begun() {
      return token != null;
    }

    /** What it asks next. */
    Command.Watch question() {
      WatchFrom from = token == null ? watch.from().place() : new WatchFrom.Token(token);
      return watch.command(from);
    }

    void hear(Reply.Changes changes) {
      told.addAll(changes.versions());
      token = changes.token();
    }
  }

  private final TreeMap<String, Watcher> watchers = new TreeMap<>();

  /** The watch that a question of a client is part of. */
  Watcher of(int client, Request.Watch watch) {
    String name = "client " + client + ", " + watch;
    return watchers.computeIfAbsent(name, n -> new Watcher(n, watch));
  }

  /** All of them, in order of their names. */
  List<Watcher> all() {
    return List.copyOf(watchers.values());
  }
}
