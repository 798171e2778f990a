package io.kdelta.cluster;

import io.kdelta.causal.Consignment;
import io.kdelta.causal.Envelope;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.FileList;
import java.util.List;
import java.util.Optional;

/** What became of a {@link SnapshotOrder}. */
public sealed interface SnapshotOutcome {
  /** The own files are pinned. */
  record Lent(FileList list) implements SnapshotOutcome {}

  /** A piece of a file, as it lies on the disk, and its seal. */
  record Piece(Bytes bytes, long seal) implements SnapshotOutcome {}

  /** The files that an earlier process gathered, if all of them are there. */
  record Recalled(Optional<FileList> list) implements SnapshotOutcome {}

  /** How many pieces of each file were there already, from its beginning. */
  record Begun(List<Integer> held) implements SnapshotOutcome {
    /** Copies the list. */
    public Begun {
      held = List.copyOf(held);
    }
  }

  /**
   * Versions read from the gathered files, their ids computed from their bytes.
   *
   * @param envelopes parents before children
   * @param packed the same, verified and laid out, where they are all versions of their keys
   * @param finished what a later reading may begin after, once these are stored
   * @param end whether there are no more
   */
  record Versions(
      List<Envelope> envelopes, Optional<Consignment> packed, Bytes finished, boolean end)
      implements SnapshotOutcome {
    /** Copies the list. */
    public Versions {
      envelopes = List.copyOf(envelopes);
    }
  }

  /**
   * Some more of the gathered files was loaded.
   *
   * @param versions that were verified so far
   * @param end whether all is loaded
   */
  record Loading(long versions, boolean end) implements SnapshotOutcome {}

  /** What was loaded is part of the store, and durable. */
  record Installed(long versions) implements SnapshotOutcome {}

  /** The files can not be loaded as a whole; their versions can be read. */
  record Unfit(String reason) implements SnapshotOutcome {}

  /** It is done. */
  record Done() implements SnapshotOutcome {}

  /**
   * It is not.
   *
   * @param rotten whether the bytes are wrong: they are of no use, nor is who sent them
   */
  record Failed(String reason, boolean rotten) implements SnapshotOutcome {}
}
