package io.kdelta.document;

import io.kdelta.causal.ContentSchema;
import io.kdelta.causal.ContentType;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * What the documents of versions have to look like, checked on everything that a peer or an import
 * brings: JSON is canonical and within the widest limits, whatever this node's own limit is.
 *
 * <p>Pure; any thread.
 */
public final class DocumentSchema implements ContentSchema {
  /** The one there is. */
  public static final DocumentSchema INSTANCE = new DocumentSchema();

  private DocumentSchema() {}

  @Override
  public @Nullable String flaw(ContentType type, Bytes document) {
    return switch (type) {
      case NONE -> document.isEmpty() ? null : "a delete has no document";
      case JSON -> jsonFlaw(document);
      case OPAQUE, VECTOR -> null;
    };
  }

  private static @Nullable String jsonFlaw(Bytes document) {
    try {
      Bytes canonical = CanonicalJson.WIDEST.canonical(document);
      return canonical.equals(document) ? null : "the JSON is not in canonical form";
    } catch (KdeltaException.Invalid e) {
      return e.getMessage();
    }
  }
}
