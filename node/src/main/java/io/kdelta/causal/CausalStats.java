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

  /** What one version counts for on its own. */
  static CausalStats ofVersion(int parentCount, boolean deleted, int documentBytes) {
    return new CausalStats(1, 0, 0, parentCount > 1 ? 1 : 0, 0, deleted ? 1 : 0, documentBytes);
  }

  /** What a key counts for by its heads; nothing while it has none. */
  static CausalStats ofKey(Heads heads) {
    return new CausalStats(
        0, heads.live() ? 1 : 0, heads.isEmpty() ? 0 : 1, 0, heads.conflicting() ? 1 : 0, 0, 0);
  }

  /** What changes when a version becomes visible. */
  static CausalStats change(Version version, int documentBytes, Heads before, Heads after) {
    return ofVersion(version.parentCount(), version.deleted(), documentBytes)
        .plus(ofKey(after))
        .minus(ofKey(before));
  }

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

  /** The difference of two counts. */
  public CausalStats minus(CausalStats other) {
    return new CausalStats(
        versions - other.versions,
        keysLive - other.keysLive,
        keysEver - other.keysEver,
        merges - other.merges,
        conflicts - other.conflicts,
        deletes - other.deletes,
        bytes - other.bytes);
  }
}
