package io.kdelta.cluster;

import io.kdelta.causal.NodeId;
import io.kdelta.memory.Bytes;
import io.kdelta.storage.FileList;

/**
 * File work of a snapshot, for {@link Effect.Snapshot}; done in the order in which it is asked for.
 */
public sealed interface SnapshotOrder {
  /**
   * The row by {@link Effect.Remember} that says what lies below incoming: u8 format 2, lender 16,
   * digest of the list 32, and the group after which a reading may go on. Format 1 had no lender.
   * Empty or absent: nothing.
   */
  String ROW = "catch-up";

  /**
   * Pin the own files and list them; answered by Lent. One lending at a time.
   *
   * @param pieceBytes bytes of a piece
   * @param check what pieces are to be held against
   */
  record Lend(int pieceBytes, FileList.Check check) implements SnapshotOrder {}

  /** Read a piece of what is lent; answered by Piece. */
  record ReadPiece(int file, int piece) implements SnapshotOrder {}

  /** Let go of what is lent, or will be; answered by Done. */
  record Return() implements SnapshotOrder {}

  /** Look for files that an earlier process has gathered; answered by Recalled. */
  record Recall() implements SnapshotOrder {}

  /** Begin to gather files of that lender; answered by Begun. */
  record Begin(FileList list, NodeId lender) implements SnapshotOrder {}

  /** Verify and keep the next piece of a file; answered by Done. */
  record Keep(int file, int piece, Bytes bytes, long seal) implements SnapshotOrder {}

  /** All pieces were kept: make that durable; answered by Done. */
  record Complete() implements SnapshotOrder {}

  /**
   * Open the gathered files for reading; answered by Done.
   *
   * @param after where an earlier reading stood; empty for the beginning
   */
  record Open(FileList list, Bytes after) implements SnapshotOrder {}

  /** Read versions of about so many bytes; answered by Versions. */
  record Read(int bytesMax) implements SnapshotOrder {}

  /**
   * Go on with loading the gathered files into a store that holds nothing, or begin; answered by
   * Loading, or by Unfit.
   *
   * @param bytesMax about how much of them
   */
  record Load(FileList list, int bytesMax) implements SnapshotOrder {}

  /** Make what was loaded to its end part of the store; answered by Installed, or by Unfit. */
  record Install() implements SnapshotOrder {}

  /** Do away with gathered files; answered by Done. */
  record Drop() implements SnapshotOrder {}
}
