package io.kdelta.reconciliation;

import io.kdelta.reconciliation.Message.Fail.Code;
import java.util.List;
import java.util.Optional;

/** What a session asks of its driver, to be done in the order of the list. */
public sealed interface Effect {
  /** Send this message on the session's stream. */
  record Send(Message message) implements Effect {}

  /**
   * Send these versions on the same stream, parents first; none was pushed before in this session.
   *
   * @param ids in ascending order
   */
  record Push(List<Digest> ids) implements Effect {
    /** Keeps its own copy of the list. */
    public Push {
      ids = List.copyOf(ids);
    }
  }

  /**
   * The session is over and both sides are equal, but for what one of them refuses.
   *
   * @param root of snapshot and received, less what the peer refuses
   * @param refused how many ids both sides left out; 0 = the sets are equal
   * @param dots the positions that the peer told in this session
   * @param base what the next session with this peer may refer to
   */
  record Done(Digest root, long refused, DotSummary dots, Optional<SharedDots> base)
      implements Effect {}

  /**
   * The session is over without agreement; what was received is kept all the same.
   *
   * @param code why
   * @param byPeer whether the peer ended it
   */
  record Abort(Code code, boolean byPeer) implements Effect {}
}
