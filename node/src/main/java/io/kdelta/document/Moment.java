package io.kdelta.document;

import io.kdelta.causal.Timestamp;
import io.kdelta.error.KdeltaException;

/** Which moment in the life of a key a read asks for. Immutable values. */
public sealed interface Moment {
  /** Now. */
  static Moment now() {
    return new Latest();
  }

  /** The winner among the heads of now. */
  record Latest() implements Moment {}

  /**
   * The winner among the heads of the versions up to a time.
   *
   * @param micros microseconds since 1970, itself included whole
   */
  record Time(long micros) implements Moment {
    /** The last instant that is included. */
    Timestamp latest() {
      return Timestamp.ofMicros(micros).endOfMicros();
    }
  }

  /**
   * One version.
   *
   * @param prefix its id, or the first digits of it that no other version of the key has
   */
  record Id(String prefix) implements Moment {}

  /**
   * The version so many steps from the winner along first parents.
   *
   * @param steps 0 is the winner itself
   */
  record Back(int steps) implements Moment {
    /** Invalid for a number below 0. */
    public Back {
      if (steps < 0) throw new KdeltaException.Invalid("at", steps + " steps back");
    }
  }

  /**
   * The winner among the heads of what a majority of its replica set has synced: what the loss of
   * the disks of any minority can not take back.
   */
  record Stable() implements Moment {}

  /** As the user would name it, for messages. */
  default String text() {
    return switch (this) {
      case Latest() -> "now";
      case Time(long micros) -> Timestamp.ofMicros(micros).text();
      case Id(String prefix) -> prefix;
      case Back(int steps) -> "-" + steps;
      case Stable() -> "stable";
    };
  }
}
