package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * What a document must look like, told by the floors above; a pure function of the bytes.
 *
 * <p>It must not depend on local settings, or two nodes would differ about what is valid.
 */
@FunctionalInterface
public interface ContentSchema {
  /** Takes any document: for tests of what lies below JSON. */
  ContentSchema ANY = (type, document) -> null;

  /** Why {@code document} is not a document of {@code type}; null when it is one. */
  @Nullable String flaw(ContentType type, Bytes document);
}
