package io.kdelta.core;

import io.kdelta.memory.Bytes;

/** Where a watch begins. */
public sealed interface WatchFrom {
  /** With what becomes visible from now on. */
  record Now() implements WatchFrom {}

  /** With the oldest version that there is. */
  record Start() implements WatchFrom {}

  /** With the heads of all keys that have a value now; then with what becomes visible. */
  record Snapshot() implements WatchFrom {}

  /**
   * Behind the place that a reply named, on whatever node.
   *
   * @param bytes {@link Reply.Changes#token}
   */
  record Token(Bytes bytes) implements WatchFrom {}
}
