package io.kdelta.causal;

import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.HashBatch;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;

/**
 * The names of content: SHA-256 over a length-prefixed domain tag and the bytes.
 *
 * <p>Pure functions. Domains keep a document, a version and a Merkle node from ever sharing a name.
 *
 * <pre>
 * u8 length of the tag | tag in ASCII | the bytes
 * </pre>
 */
public final class Distinction {
  /** What a distinction names. A tag is part of the format: never change one. */
  public enum Domain {
    /** The canonical bytes of a version. */
    VERSION("version"),
    /** A document of canonical JSON. */
    JSON("json"),
    /** A document of opaque bytes. */
    OPAQUE("opaque"),
    /** A vector with its model. */
    VECTOR("vector"),
    /** Two distinctions, the smaller first. */
    SYNTHESIS("synthesis"),
    /** The start of an incarnation's chain. */
    CHAIN("chain"),
    /** What a request asked for. */
    REQUEST("request"),
    /** The name of a cluster. */
    CLUSTER("cluster"),
    /** What a watch follows, and the place that it has reached in an apply log. */
    WATCH("watch");

    private final String tag;

    Domain(String tag) {
      this.tag = tag;
    }
  }

  private Distinction() {}

  /** The distinction of {@code bytes} in {@code domain}. */
  public static Digest of(Domain domain, Bytes bytes) {
    MessageDigest hasher = Digest.hasher();
    byte[] tag = domain.tag.getBytes(StandardCharsets.US_ASCII);
    hasher.update((byte) tag.length);
    hasher.update(tag);
    bytes.feed(hasher::update);
    return Digest.fromBytes(hasher.digest());
  }

  /** A batch whose digests are the distinctions of its messages in {@code domain}. */
  static HashBatch batch(Domain domain) {
    byte[] tag = domain.tag.getBytes(StandardCharsets.US_ASCII);
    byte[] prefix = new byte[1 + tag.length];
    prefix[0] = (byte) tag.length;
    System.arraycopy(tag, 0, prefix, 1, tag.length);
    return new HashBatch(prefix);
  }

  /**
   * The one operation on distinctions: a with a is a, and otherwise the distinction of the smaller
   * followed by the larger, so the order of the two does not matter.
   */
  public static Digest synthesize(Digest a, Digest b) {
    int order = a.compareTo(b);
    if (order == 0) return a;
    byte[] both = new byte[2 * Digest.SIZE];
    (order < 0 ? a : b).writeTo(both, 0);
    (order < 0 ? b : a).writeTo(both, Digest.SIZE);
    return of(Domain.SYNTHESIS, Bytes.wrap(both));
  }

  /** The synthesis of several distinctions from the first to the last; at least one. */
  public static Digest synthesize(List<Digest> distinctions) {
    Digest whole = distinctions.getFirst();
    for (Digest next : distinctions.subList(1, distinctions.size())) {
      whole = synthesize(whole, next);
    }
    return whole;
  }

  /** The chain value before the first version of {@code incarnation}. */
  public static Digest chainStart(Incarnation incarnation) {
    ByteWriter out = new ByteWriter(Incarnation.SIZE);
    incarnation.write(out);
    return of(Domain.CHAIN, out.toBytes());
  }

  /** The chain value after {@code id}: {@code SHA-256(before | id)}. */
  public static Digest chain(Digest before, Digest id) {
    byte[] both = new byte[2 * Digest.SIZE];
    before.writeTo(both, 0);
    id.writeTo(both, Digest.SIZE);
    return Digest.sha256(both);
  }
}
