package io.kdelta.storage;

import java.util.ArrayDeque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Pieces of work that the engine knows nothing of, one after the other in the order in which they
 * were asked for. They wait for no flush and no merge, and hold none up. Owner: the core thread.
 */
final class Chores {
  private final ArrayDeque<Piece> waiting = new ArrayDeque<>();
  private @Nullable Piece out;

  /** A piece; its results are its own affair. */
  static final class Piece implements StorageWork {
    private final Runnable body;
    private final Runnable afterwards;

    private Piece(Runnable body, Runnable afterwards) {
      this.body = body;
      this.afterwards = afterwards;
    }

    @Override
    public Kind kind() {
      return Kind.CHORE;
    }

    @Override
    public void run() {
      body.run();
    }
  }

  void add(Runnable body, Runnable afterwards) {
    waiting.add(new Piece(body, afterwards));
  }

  /** The next piece, when there is one and none is out. */
  Optional<Piece> take() {
    if (out != null) return Optional.empty();
    out = waiting.poll();
    return Optional.ofNullable(out);
  }

  /** Takes the piece back. */
  void done(Piece piece) {
    if (piece != out) throw new AssertionError("not the piece that is out");
    out = null;
    piece.afterwards.run();
  }
}
