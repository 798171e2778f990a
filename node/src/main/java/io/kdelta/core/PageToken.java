package io.kdelta.core;

import io.kdelta.causal.Key;
import io.kdelta.document.Answer;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import org.jspecify.annotations.Nullable;

/**
 * The text by which a client goes on with a list: opaque to it, stateless here, so it stays good
 * whatever is written meanwhile, on any node. Pure; any thread.
 *
 * <p>An empty text is the first page in requests, the end in replies. Any other that this class did
 * not write is Invalid.
 */
final class PageToken {
  private static final int DIGEST_DIGITS = 2 * Digest.SIZE;

  private PageToken() {}

  /** Behind a key of any namespace: {@code namespace/key}. */
  static String of(@Nullable Key after) {
    return after == null ? "" : after.toString();
  }

  /** Reads {@link #of(Key)}. */
  static @Nullable Key key(String token) {
    if (token.isEmpty()) return null;
    int slash = token.indexOf('/');
    if (slash < 0) throw flaw();
    try {
      return new Key(token.substring(0, slash), token.substring(slash + 1));
    } catch (KdeltaException.Invalid e) {
      throw flaw();
    }
  }

  /** Behind a version: its id. */
  static String of(@Nullable Digest after) {
    return after == null ? "" : after.hex();
  }

  /** Reads {@link #of(Digest)}. */
  static @Nullable Digest version(String token) {
    if (token.isEmpty()) return null;
    if (token.length() != DIGEST_DIGITS) throw flaw();
    try {
      return Digest.fromHex(token);
    } catch (IllegalArgumentException | KdeltaException.Invalid e) {
      throw flaw();
    }
  }

  /** A place in an export: the version or nothing, a colon, {@code namespace/key}. */
  static String of(Answer.Export.@Nullable Cursor after) {
    return after == null ? "" : of(after.version()) + ":" + of(after.key());
  }

  /** Reads {@link #of(Answer.Export.Cursor)}. */
  static Answer.Export.@Nullable Cursor place(String token) {
    if (token.isEmpty()) return null;
    int colon = token.indexOf(':');
    if (colon < 0) throw flaw();
    Key key = key(token.substring(colon + 1));
    if (key == null) throw flaw();
    return new Answer.Export.Cursor(key, version(token.substring(0, colon)));
  }

  private static KdeltaException.Invalid flaw() {
    return new KdeltaException.Invalid("page_token", "is not one that this list has given");
  }
}
