package io.kdelta.core;

import io.kdelta.causal.CausalToken;
import io.kdelta.error.KdeltaException;

/**
 * Takes the outcome of one command: exactly one of the two methods is called, once, on the core
 * thread. An implementation hands over and returns; it never waits and never throws.
 */
public interface Responder {
  /** The command was carried out; see {@link Effect.Answer}. */
  void answered(Reply reply, CausalToken token);

  /** The command failed; see {@link Effect.Refuse}. */
  void refused(KdeltaException error, CausalToken token);
}
