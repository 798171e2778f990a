package io.kdelta.core;

import io.kdelta.env.Entropy;
import io.kdelta.env.Time;
import io.kdelta.vfs.Vfs;
import java.util.List;

/** The state machine of a node. */
@SuppressWarnings("DoNotCallSuggester")
public final class Core implements AutoCloseable {
  private Core() {}

  /**
   * Opens the data directory and recovers what is in it.
   *
   * @throws io.kdelta.error.KdeltaException.ReadOnly when another process holds the directory; the
   *     reason names it
   * @throws io.kdelta.error.KdeltaException.Corrupt when the log is damaged beyond what can be set
   *     aside
   */
  public static Core open(CoreConfig config, Vfs vfs, Time time, Entropy entropy) {
    throw new UnsupportedOperationException();
  }

  /** Takes one turn: at most 256 events, one time for all of them. */
  public List<Effect> turn(List<Event> events) {
    throw new UnsupportedOperationException();
  }

  /** The last turn: everything that still waits is refused as UNKNOWN for this reason. */
  List<Effect> stop(String reason) {
    throw new UnsupportedOperationException();
  }

  /** Counters as of the last turn. */
  public CoreStats stats() {
    throw new UnsupportedOperationException();
  }

  /** Releases the files and the lock of the data directory. Nothing is answered after it. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
