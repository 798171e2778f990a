package io.kdelta.storage;

import java.util.ArrayDeque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Pieces of work that the engine knows nothing of, one after the other in the order in which they
 * were asked for. They wait for no flush and no merge, and hold none up. Owner: the core thread.
 *
 * <p>Some are out at a time, so that the next one begins while the core takes in what came of the
 * one before. Invariant: whoever runs them, in whatever order, each begins when the one before has
 * ended, and what follows them is done in their order.
 */
final class Chores {
  private static final int OUT_MAX = 4;

  private final StorageWork.Kind kind;

  private final ArrayDeque<Piece> waiting = new ArrayDeque<>();
  private final ArrayDeque<Piece> out = new ArrayDeque<>();
  private @Nullable Piece last;

  /**
   * @param kind which thread they are for
   */
  Chores(StorageWork.Kind kind) {
    this.kind = kind;
  }

  /** A piece; its results are its own affair. */
  final class Piece implements StorageWork {
    private final Runnable body;
    private final Runnable afterwards;
    private @Nullable Piece before;
    private boolean ran;
    private boolean returned;

    private Piece(Runnable body, Runnable afterwards) {
      this.body = body;
      this.afterwards = afterwards;
    }

    @Override
    public Kind kind() {
      return kind;
    }

    /** It is back, on the core. */
    void done() {
      Chores.this.done(this);
    }

    /** Those before it first, should nobody have run them yet. */
    @Override
    public void run() {
      if (ran) return;
      ran = true;
      Piece earlier = before;
      before = null;
      if (earlier != null) earlier.run();
      body.run();
    }
  }

  void add(Runnable body, Runnable afterwards) {
    waiting.add(new Piece(body, afterwards));
  }

  /** The next piece, when there is one and not too many are out. */
  Optional<Piece> take() {
    if (out.size() == OUT_MAX || waiting.isEmpty()) return Optional.empty();
    Piece next = waiting.remove();
    // One that is back needs no running, and would keep all those before it in memory.
    next.before = out.isEmpty() ? null : last;
    last = next;
    out.add(next);
    return Optional.of(next);
  }

  /** Takes the piece back, and with it those before it, which it has run. */
  private void done(Piece piece) {
    if (piece.returned) return;
    if (!out.contains(piece)) throw new AssertionError("not a piece that is out");
    while (!piece.returned) {
      Piece next = out.remove();
      next.returned = true;
      next.afterwards.run();
    }
  }
}
