package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.BatchHasher;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a received version must be before it is believed: a function of its bytes and its parents
 * alone, never of local settings, so every node decides the same (reconciliation.md section 2.8).
 *
 * <p>Pure functions for any thread. That the id fits the bytes, that the parents are sorted and
 * few, and the sizes of all parts are invariants of {@link Version} and {@link Envelope}.
 */
public final class Verification {
  private static final int VECTOR_HEADER_BYTES = 5;

  private Verification() {}

  /**
   * Why the document is not the one that the version names; null when it is. This says nothing
   * about the version: the next envelope may bring the right document.
   */
  public static @Nullable String documentFlaw(Envelope envelope) {
    Version version = envelope.version();
    if (version.deleted()) {
      return envelope.document().isEmpty() ? null : "a delete carries a document";
    }
    Digest content = version.contentType().idOf(envelope.document());
    return content.equals(version.content())
        ? null
        : "the document is not the one that the version names";
  }

  /** Whether none of the envelopes has a {@link #documentFlaw}, found out of all at once. */
  static boolean haveNamedDocuments(List<Envelope> envelopes, BatchHasher hasher) {
    for (ContentType type : ContentType.values()) {
      List<Envelope> alike = new ArrayList<>();
      List<Bytes> documents = new ArrayList<>();
      for (Envelope each : envelopes) {
        if (each.version().contentType() != type) continue;
        if (each.version().deleted()) {
          if (documentFlaw(each) != null) return false;
          continue;
        }
        alike.add(each);
        documents.add(each.document());
      }
      List<Digest> ids = type.idsOf(documents, hasher);
      for (int i = 0; i < alike.size(); i++) {
        if (!ids.get(i).equals(alike.get(i).version().content())) return false;
      }
    }
    return true;
  }

  /** Why the document that a version names makes it invalid for ever; null when it does not. */
  public static @Nullable String contentFlaw(Envelope envelope, ContentSchema schema) {
    ContentType type = envelope.version().contentType();
    if (type == ContentType.NONE) return null;
    String flaw = type == ContentType.VECTOR ? vectorFlaw(envelope.document()) : null;
    return flaw != null ? flaw : schema.flaw(type, envelope.document());
  }

  /** Why {@code parent} can not be a parent of {@code version}; null when it can. */
  public static @Nullable String parentFlaw(Version version, Version parent) {
    if (!parent.key().equals(version.key())) {
      return "parent " + parent.id() + " is a version of another key";
    }
    if (!version.time().after(parent.time())) {
      return "its time is not later than that of its parent " + parent.id();
    }
    return null;
  }

  /**
   * Why the time of {@code version} is beyond the range, given the latest time of all its parents;
   * null when it is not.
   */
  public static @Nullable String timeFlaw(Version version, Timestamp latestParent) {
    if (!version.time().after(Timestamp.MAX)) return null;
    boolean nextStep = version.time().packed() == latestParent.packed() + 1;
    return nextStep ? null : "its time lies beyond the range of the format";
  }

  /** Model name behind a u8 length, u32 dimension, then that many float32. */
  private static @Nullable String vectorFlaw(Bytes document) {
    try {
      if (document.size() < VECTOR_HEADER_BYTES) return "the vector is cut short";
      ByteReader in = new ByteReader(document, "vector");
      Key.text("model", Fields.readShortest(in));
      in.read(in.readCount(Float.BYTES) * Float.BYTES);
      in.end();
      return null;
    } catch (KdeltaException.Invalid e) {
      return e.getMessage();
    }
  }
}
