package io.kdelta.reconciliation;

import io.kdelta.reconciliation.Message.Fail.Code;

/** What a session's driver tells it. */
public sealed interface Input {
  /** Begin; the initiator's first input and nobody else's. */
  record Start() implements Input {}

  /** The peer said this. */
  record Heard(Message message) implements Input {}

  /**
   * The peer sent bytes that are no message.
   *
   * @param reason what is wrong with them
   */
  record Garbled(String reason) implements Input {}

  /** A pushed version is held now, whether it was new or known already. */
  record Received(Digest id) implements Input {}

  /**
   * A pushed version is kept aside until its parent comes.
   *
   * @param id the version
   * @param missing its first parent that is not held
   */
  record Parked(Digest id, Digest missing) implements Input {}

  /** A pushed version is refused: this side will never hold it. */
  record Refused(Digest id) implements Input {}

  /** The driver ends the session. */
  record Stop(Code code) implements Input {}
}
