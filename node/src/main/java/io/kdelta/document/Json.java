package io.kdelta.document;

import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A JSON value in memory, as {@link CanonicalJson} reads and writes it.
 *
 * <p>Immutable values without owner or thread. Invariant: a value that {@link CanonicalJson#read}
 * answered is equal to another one exactly when their canonical bytes are equal.
 */
public sealed interface Json {
  /** The literal {@code null}: a value, not an absence. */
  record Null() implements Json {}

  /** {@code true} or {@code false}. */
  record Truth(boolean value) implements Json {}

  /**
   * A number.
   *
   * @param text its canonical form, see {@link NumberForm}
   */
  record Numeral(String text) implements Json {}

  /**
   * A string.
   *
   * @param value the characters that are meant, escapes resolved; no lone surrogates
   */
  record Text(String value) implements Json {}

  /** An array. */
  record Items(List<Json> items) implements Json {
    public Items {
      items = List.copyOf(items);
    }
  }

  /**
   * An object.
   *
   * @param members in the order of RFC 8785, which is that of {@link String#compareTo}: UTF-16 code
   *     units
   */
  record Members(NavigableMap<String, Json> members) implements Json {
    public Members {
      members = Collections.unmodifiableNavigableMap(new TreeMap<>(members));
    }
  }
}
