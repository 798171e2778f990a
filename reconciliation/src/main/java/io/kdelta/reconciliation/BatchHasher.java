package io.kdelta.reconciliation;

import java.util.List;

/**
 * How many messages are hashed at once: a pure function for any thread, and the same one whoever
 * computes it, so a node chooses by the processor that it runs on.
 */
@FunctionalInterface
public interface BatchHasher {
  /**
   * With the SHA-256 of the JDK, one message after the other. The faster way on processors with
   * instructions for SHA-256, and wherever {@link #SIDE_BY_SIDE} is not known to be.
   */
  BatchHasher ONE_BY_ONE = HashBatch::oneByOne;

  /** With {@link Sha256Lanes}, which tells where that is faster. */
  BatchHasher SIDE_BY_SIDE = batch -> new Sha256Lanes(batch).digests();

  /** The SHA-256 of each message of the batch, in its order. */
  List<Digest> hash(HashBatch batch);
}
