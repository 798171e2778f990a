package io.kdelta.cluster;

import java.util.ArrayList;
import java.util.List;

/**
 * The effects of the step that is running, in order, and the tags that answers are matched by.
 *
 * <p>One per {@link Cluster}, shared by its parts; owned by the core thread.
 */
final class Outbox {
  private List<Effect> effects = new ArrayList<>();
  private long tags;

  /** Asks for one more effect. */
  void add(Effect effect) {
    effects.add(effect);
  }

  /** A line for the operator. */
  void notice(String text) {
    effects.add(new Effect.Notice(text));
  }

  /** A tag never used before in this process. */
  long tag() {
    return ++tags;
  }

  /** Everything asked for since the last call. */
  List<Effect> drain() {
    List<Effect> drained = effects;
    effects = new ArrayList<>();
    return drained;
  }
}
