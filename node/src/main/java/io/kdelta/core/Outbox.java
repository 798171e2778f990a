package io.kdelta.core;

import io.kdelta.causal.CausalToken;
import io.kdelta.cluster.Lane;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.StorageWork;
import java.util.ArrayList;
import java.util.List;

/** Collects the effects of a turn in their order, and counts the answers. Owned by the core. */
final class Outbox {
  private List<Effect> effects = new ArrayList<>();
  private long replies;
  private long refusals;

  /** See {@link Effect.Answer}: of something that no token names. */
  void answer(long ticket, Reply reply) {
    answer(ticket, reply, CausalToken.NONE);
  }

  /** See {@link Effect.Answer}. */
  void answer(long ticket, Reply reply, CausalToken token) {
    replies++;
    effects.add(new Effect.Answer(ticket, reply, token));
  }

  /** See {@link Effect.Refuse}: tells nothing of the data. */
  void refuse(long ticket, KdeltaException error) {
    refuse(ticket, error, CausalToken.NONE);
  }

  /** See {@link Effect.Refuse}. */
  void refuse(long ticket, KdeltaException error, CausalToken token) {
    refusals++;
    effects.add(new Effect.Refuse(ticket, error, token));
  }

  /** See {@link Effect.Run}. */
  void run(StorageWork work) {
    effects.add(new Effect.Run(work));
  }

  /** See {@link Effect.Send}. */
  void send(long link, Bytes message, Lane lane) {
    effects.add(new Effect.Send(link, message, lane));
  }

  /** See {@link Effect.Dial}. */
  void dial(String address) {
    effects.add(new Effect.Dial(address));
  }

  /** See {@link Effect.Hangup}. */
  void hangup(long link, String reason) {
    effects.add(new Effect.Hangup(link, reason));
  }

  /** See {@link Effect.WakeAt}. */
  void wakeAt(long nanos) {
    effects.add(new Effect.WakeAt(nanos));
  }

  /** See {@link Effect.Notice}. */
  void notice(String text) {
    effects.add(new Effect.Notice(text));
  }

  /** See {@link Effect.Departed}. */
  void departed(boolean left, boolean shipped) {
    effects.add(new Effect.Departed(left, shipped));
  }

  /** See {@link Effect.Halt}. */
  void halt(KdeltaException cause) {
    effects.add(new Effect.Halt(cause));
  }

  /** What was collected since the last call. */
  List<Effect> take() {
    List<Effect> taken = effects;
    effects = new ArrayList<>();
    return taken;
  }

  /** Answers since the start. */
  long replies() {
    return replies;
  }

  /** Errors since the start. */
  long refusals() {
    return refusals;
  }
}
