package io.kdelta.storage;

import io.kdelta.error.KdeltaException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Something a person asked of the store that takes many pieces of table work: a backup, a snapshot,
 * a full merge. The core asks {@link #done} after each piece. Owner: the core thread, except that
 * progress is written by the table thread while a piece is out.
 */
public final class Errand {
  /** What it is about. */
  public enum Kind {
    /** The store as it is, as a store of its own in another directory. */
    BACKUP,
    /** The same in a directory below the data, of hard links. */
    SNAPSHOT,
    /** The names of all snapshots. */
    LIST_SNAPSHOTS,
    /** A snapshot is of no use any more. */
    DROP_SNAPSHOT,
    /** All runs become one. */
    COMPACT,
    /** The files as they are, pinned and listed for another store. */
    LEND
  }

  /**
   * What it did.
   *
   * @param lsn everything up to it is in the copy
   * @param files in the copy
   * @param filesNew how many of them were not there before
   * @param bytes of all of them
   * @param bytesCopied how many were written: the others were there, or are links
   * @param names of snapshots
   */
  public record Report(
      long lsn, long files, long filesNew, long bytes, long bytesCopied, List<String> names) {
    static final Report NONE = new Report(0, 0, 0, 0, 0, List.of());

    public Report {
      names = List.copyOf(names);
    }
  }

  private final Kind kind;
  private final String name;
  private Optional<KdeltaException> failure = Optional.empty();
  private Report report = Report.NONE;
  private @Nullable Lending lending;
  private boolean done;
  private boolean abandoned;

  Errand(Kind kind, String name) {
    this.kind = kind;
    this.name = name;
  }

  /** What it is about. */
  public Kind kind() {
    return kind;
  }

  /** Of the snapshot; empty for anything else. */
  String name() {
    return name;
  }

  /** Whether it has ended, one way or the other. */
  public boolean done() {
    return done;
  }

  /** What it failed with; nothing of it counts then. */
  public Optional<KdeltaException> failure() {
    return failure;
  }

  /** What it did, once it is done. */
  public Report report() {
    return report;
  }

  /** Nobody waits for it any more: what it will have pinned is let go at once. */
  public void abandon() {
    abandoned = true;
    if (lending != null) lending.close();
  }

  /** What is lent, once it is done; to be closed. */
  public Optional<Lending> lending() {
    return Optional.ofNullable(lending);
  }

  void lend(Lending pinned) {
    lending = pinned;
    if (abandoned) pinned.close();
  }

  void end(Report result) {
    report = result;
    done = true;
  }

  void fail(KdeltaException cause) {
    failure = Optional.of(cause);
    done = true;
  }
}
