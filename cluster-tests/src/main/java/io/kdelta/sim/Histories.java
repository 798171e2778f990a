package io.kdelta.sim;

import io.kdelta.causal.Envelope;
import io.kdelta.core.Reply;
import io.kdelta.error.KdeltaException;
import java.util.List;

/**
 * What every client asked, when, and what it was told: a hash by which two runs of one seed are
 * compared. A version stands for all that is in it by its id.
 */
final class Histories {
  private final Trace told = new Trace();

  /** A client sends a request. */
  void asked(long nanos, Action.Ask ask) {
    told.note(nanos, ask.client(), ask.toString());
  }

  /** A node answers. */
  void answered(long nanos, int node, long ticket, Reply reply) {
    told.note(nanos, node, ticket + " " + words(reply));
  }

  /** A node refuses. */
  void refused(long nanos, int node, long ticket, KdeltaException error) {
    told.note(nanos, node, ticket + " " + error);
  }

  /** The process of a node ended, and with it every question that was open there. */
  void vanished(long nanos, int node) {
    told.note(nanos, node, "is gone");
  }

  /** Closes the histories: the hash of all of them. Call once. */
  String hash() {
    return told.hash();
  }

  private static String words(Reply reply) {
    return switch (reply) {
      case Reply.Written written -> written + " " + ids(written);
      case Reply.Resolved resolved -> {
        Reply.Written written = resolved.written();
        yield resolved + (written == null ? "" : " " + ids(written));
      }
      case Reply.Value value -> value + " " + value.version().version().id();
      case Reply.Changes changes -> changes.token().hex() + " " + ids(changes.versions());
      case Reply.HeadList heads -> heads + " " + ids(heads.heads());
      default -> reply.toString();
    };
  }

  private static List<String> ids(Reply.Written written) {
    return written.versions().stream().map(result -> result.version().id().hex()).toList();
  }

  private static List<String> ids(List<Envelope> envelopes) {
    return envelopes.stream().map(envelope -> envelope.version().id().hex()).toList();
  }
}
