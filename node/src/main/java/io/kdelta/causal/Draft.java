package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A write that a client asks of this node, before it has a time and a dot.
 *
 * @param kind put or delete
 * @param key what to write
 * @param contentType what the document is; none for a delete
 * @param document its canonical bytes; empty for a delete
 * @param parents the versions it supersedes, in any order; null for all heads at this node
 * @param note why; empty for none
 * @param author public key, or empty
 * @param request the client's name for the write, if it gave one
 */
public record Draft(
    Version.Kind kind,
    Key key,
    ContentType contentType,
    Bytes document,
    @Nullable List<Digest> parents,
    String note,
    Bytes author,
    @Nullable Request request) {
  /** Copies the list. */
  public Draft {
    parents = parents == null ? null : List.copyOf(parents);
  }

  /** A put of canonical JSON over all heads. */
  public static Draft put(Key key, Bytes json) {
    return new Draft(Version.Kind.PUT, key, ContentType.JSON, json, null, "", Bytes.EMPTY, null);
  }

  /** A delete over all heads. */
  public static Draft delete(Key key) {
    return new Draft(
        Version.Kind.DELETE, key, ContentType.NONE, Bytes.EMPTY, null, "", Bytes.EMPTY, null);
  }

  /** This write over other parents. */
  public Draft over(List<Digest> others) {
    return new Draft(kind, key, contentType, document, others, note, author, request);
  }

  /** This write with a reason. */
  public Draft because(String reason) {
    return new Draft(kind, key, contentType, document, parents, reason, author, request);
  }

  /** This write under a name of the client's. */
  public Draft as(Request name) {
    return new Draft(kind, key, contentType, document, parents, note, author, name);
  }
}
