package io.kdelta.server.http;

import java.util.concurrent.Semaphore;

/** Memory that many requests share; who finds none is told to come again. Thread-safe. */
final class ByteRoom {
  private final Semaphore room;
  private final String what;

  /**
   * Room for so many bytes.
   *
   * @param what takes it, for the error
   */
  ByteRoom(int bytes, String what) {
    this.room = new Semaphore(bytes);
    this.what = what;
  }

  /** Takes room; a {@link Refusal} when there is not so much. */
  void take(int bytes) {
    if (!room.tryAcquire(bytes)) throw Refusal.overloaded("too many large " + what + " at once");
  }

  /** Gives it back. */
  void give(int bytes) {
    room.release(bytes);
  }
}
