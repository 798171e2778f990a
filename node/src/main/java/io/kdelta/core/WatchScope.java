package io.kdelta.core;

import io.kdelta.causal.Distinction;
import io.kdelta.causal.Key;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;

/**
 * Which keys a watch follows. An immutable value for any thread.
 *
 * @param namespace whose keys; empty for all namespaces but the system's own
 * @param prefix what the keys begin with; empty for all, as it must be without a namespace
 */
public record WatchScope(String namespace, String prefix) {
  private static final char SYSTEM = '_';

  /** Invalid for a prefix without a namespace, and for what is no namespace. */
  public WatchScope {
    if (!namespace.isEmpty()) {
      Key.checkNamespace(namespace);
    } else if (!prefix.isEmpty()) {
      throw new KdeltaException.Invalid("prefix", "needs a namespace");
    }
  }

  /** Whether it follows that key. */
  boolean holds(Key key) {
    if (namespace.isEmpty()) return key.namespace().charAt(0) != SYSTEM;
    return key.namespace().equals(namespace) && key.key().startsWith(prefix);
  }

  /** Names it in tokens. */
  long name() {
    ByteWriter out = new ByteWriter();
    out.writeSized(Bytes.utf8(namespace)).writeSized(Bytes.utf8(prefix));
    return Distinction.of(Distinction.Domain.WATCH, out.toBytes()).first();
  }
}
