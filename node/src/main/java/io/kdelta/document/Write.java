package io.kdelta.document;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Draft;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.List;

/**
 * One write that a client asks for.
 *
 * @param key what to write
 * @param kind put or delete
 * @param document canonical JSON; empty for a delete
 * @param precondition what must hold
 * @param parents the versions of the key that the writer saw; empty: all heads of this node
 * @param note why; empty for none
 */
public record Write(
    Key key,
    Version.Kind kind,
    Bytes document,
    Precondition precondition,
    List<Digest> parents,
    String note) {
  /** Copies the list. */
  public Write {
    parents = List.copyOf(parents);
  }

  /** Puts canonical JSON. */
  public static Write put(Key key, Bytes document) {
    return new Write(key, Version.Kind.PUT, document, Precondition.NONE, List.of(), "");
  }

  /** Deletes. */
  public static Write delete(Key key) {
    return new Write(key, Version.Kind.DELETE, Bytes.EMPTY, Precondition.NONE, List.of(), "");
  }

  /** This write under a condition. */
  public Write when(Precondition condition) {
    return new Write(key, kind, document, condition, parents, note);
  }

  /** This write over versions that its writer saw. */
  public Write over(List<Digest> seen) {
    return new Write(key, kind, document, precondition, seen, note);
  }

  /** This write with a reason. */
  public Write because(String reason) {
    return new Write(key, kind, document, precondition, parents, reason);
  }

  /** Whether it takes the value away. */
  boolean deletes() {
    return kind == Version.Kind.DELETE;
  }

  /** Whether its writer neither says what it saw nor under which condition to write. */
  boolean blind() {
    return parents.isEmpty() && precondition.none();
  }

  /** Roughly how many bytes of the log it takes, its version included. */
  long size() {
    return 256L
        + key.namespace().length()
        + key.keyBytes().size()
        + document.size()
        + note.length();
  }

  /** What the causal store is asked to write. */
  Draft draft() {
    ContentType type = deletes() ? ContentType.NONE : ContentType.JSON;
    List<Digest> seen = parents.isEmpty() ? null : parents;
    return new Draft(kind, key, type, document, seen, note, Bytes.EMPTY, null);
  }
}
