package io.kdelta.causal;

import io.kdelta.causal.Distinction.Domain;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.BatchHasher;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.HashBatch;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the bytes of a document are; the code is part of the format. */
public enum ContentType {
  /** No document: a delete. */
  NONE(0, null),
  /** Canonical JSON. */
  JSON(1, Domain.JSON),
  /** Opaque bytes. */
  OPAQUE(2, Domain.OPAQUE),
  /** A vector: model name, u32 dimension, little-endian float32. */
  VECTOR(3, Domain.VECTOR);

  private final int code;
  private final @Nullable Domain domain;

  ContentType(int code, @Nullable Domain domain) {
    this.code = code;
    this.domain = domain;
  }

  /** The type of a code; null for one that this format does not know (4 is reserved). */
  static @Nullable ContentType ofCode(int code) {
    return code >= 0 && code < values().length ? values()[code] : null;
  }

  /** The byte that stands for this type. */
  public int code() {
    return code;
  }

  /** The ContentId of a document of this type; zero where there is no document. */
  public Digest idOf(Bytes document) {
    return domain == null ? Digest.ZERO : Distinction.of(domain, document);
  }

  /** The same of many documents at once. */
  List<Digest> idsOf(List<Bytes> documents, BatchHasher hasher) {
    if (domain == null) return Collections.nCopies(documents.size(), Digest.ZERO);
    HashBatch batch = Distinction.batch(domain);
    for (Bytes document : documents) document.feed(batch::add);
    return hasher.hash(batch);
  }
}
