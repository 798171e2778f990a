package io.kdelta.causal;

/**
 * Counts over visible versions, of one namespace or of all.
 *
 * @param versions versions, deletes included
 * @param keysLive keys with a value
 * @param keysEver keys with at least one version
 * @param merges versions with two or more parents
 * @param conflicts keys with two or more heads
 * @param deletes versions that are deletes
 * @param bytes bytes of all versions' documents, each counted however often its content is shared
 */
public record CausalStats(
    long versions,
    long keysLive,
    long keysEver,
    long merges,
    long conflicts,
    long deletes,
    long bytes) {
  /** Nothing. */
  public static final CausalStats NONE = new CausalStats(0, 0, 0, 0, 0, 0, 0);

  /** Keys whose every head is a delete. */
  public long keysDeleted() {
    return keysEver - keysLive;
  }

  /** The sum of two counts, or with negative parts the change of one. */
  public CausalStats plus(CausalStats other) {
    return new CausalStats(
        versions + other.versions,
        keysLive + other.keysLive,
        keysEver + other.keysEver,
        merges + other.merges,
        conflicts + other.conflicts,
        deletes + other.deletes,
        bytes + other.bytes);
  }
}
