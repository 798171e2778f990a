package io.kdelta.document;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Draft;
import io.kdelta.causal.Key;
import io.kdelta.causal.Version;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One write that a client asks for.
 *
 * <p>Immutable; any thread. Invariant: the document of a put is canonical JSON. It is checked where
 * the write is made, which is off the core thread: a version with any other document would be
 * refused by every peer for ever.
 */
public final class Write {
  private final Key key;
  private final Version.Kind kind;
  private final Bytes document;
  private final Precondition precondition;
  private final List<Digest> parents;
  private final String note;

  private Write(
      Key key,
      Version.Kind kind,
      Bytes document,
      Precondition precondition,
      List<Digest> parents,
      String note) {
    this.key = key;
    this.kind = kind;
    this.document = document;
    this.precondition = precondition;
    this.parents = List.copyOf(parents);
    this.note = note;
  }

  /** Puts canonical JSON; anything else is Invalid. */
  public static Write put(Key key, Bytes document) {
    requireCanonical(document);
    return new Write(key, Version.Kind.PUT, document, Precondition.NONE, List.of(), "");
  }

  /** Puts what {@code text} says, in canonical form; Invalid for text that {@code form} refuses. */
  public static Write put(Key key, Bytes text, CanonicalJson form) {
    Bytes document = form.canonical(text);
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

  /** This write over versions of the key that its writer saw; none: over all heads of the node. */
  public Write over(List<Digest> seen) {
    return new Write(key, kind, document, precondition, seen, note);
  }

  /** This write with a reason. */
  public Write because(String reason) {
    return new Write(key, kind, document, precondition, parents, reason);
  }

  /** What to write. */
  public Key key() {
    return key;
  }

  /** Put or delete. */
  public Version.Kind kind() {
    return kind;
  }

  /** Canonical JSON; empty for a delete. */
  public Bytes document() {
    return document;
  }

  /** What must hold. */
  public Precondition precondition() {
    return precondition;
  }

  /** The versions that the writer saw; empty: all heads of the node. */
  public List<Digest> parents() {
    return parents;
  }

  /** Why; empty for none. */
  public String note() {
    return note;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Write write
        && key.equals(write.key)
        && kind == write.kind
        && document.equals(write.document)
        && precondition.equals(write.precondition)
        && parents.equals(write.parents)
        && note.equals(write.note);
  }

  @Override
  public int hashCode() {
    return Objects.hash(key, kind, document, precondition, parents, note);
  }

  @Override
  public String toString() {
    return kind + " " + key + ", " + document.size() + " bytes";
  }

  /** Invalid when {@code document} is not canonical JSON. */
  static void requireCanonical(Bytes document) {
    String flaw = DocumentSchema.INSTANCE.flaw(ContentType.JSON, document);
    if (flaw != null) throw new KdeltaException.Invalid("document", flaw);
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
