package io.kdelta.sim;

import io.kdelta.causal.Key;
import io.kdelta.core.Reply;
import io.kdelta.document.Precondition;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import java.util.TreeMap;

/**
 * What each client has seen last of each key, as its state id: what a write that is to happen only
 * over that names (if_state). Kept by the clients.
 */
final class LastSeen {
  private final TreeMap<Integer, TreeMap<String, Digest>> states = new TreeMap<>();

  /** What that client knows. */
  Request.Seen of(int client) {
    return path -> {
      TreeMap<String, Digest> seen = states.get(client);
      Digest state = seen == null ? null : seen.get(path);
      return state == null ? Precondition.IF_ABSENT : Precondition.ifState(state);
    };
  }

  /** It was answered. */
  void answered(Action.Ask ask, Reply reply) {
    switch (reply) {
      case Reply.Value value -> saw(ask, value.version().version().key(), value.stateId());
      case Reply.HeadList heads -> saw(ask, heads.key(), heads.stateId());
      case Reply.Written written -> wrote(ask, written);
      case Reply.Resolved resolved -> {
        if (resolved.written() != null) wrote(ask, resolved.written());
      }
      default -> {
        // Nothing about keys.
      }
    }
  }

  /** It takes what it has written for all there is; where other heads stayed it will be told. */
  private void wrote(Action.Ask ask, Reply.Written written) {
    for (Reply.Written.Result result : written.versions()) {
      saw(ask, result.version().key(), result.version().id());
    }
  }

  private void saw(Action.Ask ask, Key key, Digest state) {
    states
        .computeIfAbsent(ask.client(), client -> new TreeMap<>())
        .put(key.namespace() + "/" + key.key(), state);
  }

  /** It was refused: of a key without a value it knows that. */
  void refused(Action.Ask ask, KdeltaException error) {
    TreeMap<String, Digest> seen = states.get(ask.client());
    if (seen == null || !(error instanceof KdeltaException.NotFound)) return;
    switch (ask.request()) {
      case Request.Get get -> seen.remove(get.path());
      case Request.Heads heads -> seen.remove(heads.path());
      default -> {
        // What a write did not find says nothing that it could name.
      }
    }
  }
}
