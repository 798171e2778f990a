package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The name of a document: a namespace and a key in it.
 *
 * <p>A value without owner or thread, equal by its two parts. Order is that of the unsigned UTF-8
 * bytes, namespace first. It keeps the point part of the rows of the key, so that whoever makes a
 * key, which is the edge, has done that work for the core.
 */
public final class Key implements Comparable<Key> {
  /** The longest namespace, in bytes. */
  public static final int NAMESPACE_BYTES_MAX = 128;

  /** The longest key, in UTF-8 bytes. */
  public static final int KEY_BYTES_MAX = 1_024;

  private static final char REPLACEMENT = '\uFFFD';

  private final String namespace;
  private final String key;
  private final byte[] point;
  private final Bytes group;

  /**
   * Names a document; throws {@link KdeltaException.Invalid} when either part breaks its rule.
   *
   * @param namespace 1 to 128 bytes of {@code [A-Za-z0-9._-]}, not starting with a dot; names that
   *     start with an underscore are the system's own
   * @param key 1 to 1,024 bytes of valid UTF-8 without NUL
   */
  public Key(String namespace, String key) {
    checkNamespace(namespace);
    Bytes bytes = utf8("key", key);
    int size = bytes.size();
    if (size == 0) throw new KdeltaException.Invalid("key", "is empty");
    if (size > KEY_BYTES_MAX) {
      throw new KdeltaException.Invalid("key", size + " bytes, more than " + KEY_BYTES_MAX);
    }
    if (key.indexOf('\0') >= 0) throw new KdeltaException.Invalid("key", "contains NUL");
    this.namespace = namespace;
    this.key = key;
    this.point = Keyspace.point(namespace, bytes);
    this.group = Bytes.wrap(point);
  }

  /** The first part. */
  public String namespace() {
    return namespace;
  }

  /** The second part. */
  public String key() {
    return key;
  }

  /** Throws {@link KdeltaException.Invalid} when {@code namespace} is not a legal name. */
  public static void checkNamespace(String namespace) {
    if (namespace.isEmpty()) throw new KdeltaException.Invalid("namespace", "is empty");
    if (namespace.length() > NAMESPACE_BYTES_MAX) {
      throw new KdeltaException.Invalid(
          "namespace", namespace.length() + " characters, more than " + NAMESPACE_BYTES_MAX);
    }
    if (namespace.charAt(0) == '.') {
      throw new KdeltaException.Invalid("namespace", "starts with a dot");
    }
    for (int i = 0; i < namespace.length(); i++) {
      if (!legal(namespace.charAt(i))) {
        throw new KdeltaException.Invalid(
            "namespace", "character " + (i + 1) + " is not one of A-Z a-z 0-9 '.' '_' '-'");
      }
    }
  }

  /** Whether the namespace is one of the system's own. */
  public boolean system() {
    return namespace.charAt(0) == '_';
  }

  /** The namespace's bytes. */
  public Bytes namespaceBytes() {
    return group.slice(Keyspace.NAMESPACE_AT, keyAt());
  }

  /** The key's UTF-8 bytes. */
  public Bytes keyBytes() {
    return group.slice(keyAt());
  }

  /** The point part of all rows of this key. */
  Bytes group() {
    return group;
  }

  /** The same for reads without garbage; nobody writes to it. */
  byte[] point() {
    return point;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Key that && group.equals(that.group);
  }

  @Override
  public int hashCode() {
    return 31 * namespace.hashCode() + key.hashCode();
  }

  @Override
  public int compareTo(Key other) {
    int order = namespace.compareTo(other.namespace);
    return order != 0 ? order : keyBytes().compareTo(other.keyBytes());
  }

  /** As the command line writes it: {@code namespace/key}. */
  @Override
  public String toString() {
    return namespace + "/" + key;
  }

  /** The strict UTF-8 bytes of {@code text}; a lone surrogate is Invalid. */
  static Bytes utf8(String field, String text) {
    if (text.isEmpty()) return Bytes.EMPTY;
    if (!holdsSurrogate(text)) return Bytes.utf8(text);
    try {
      return Bytes.copyOf(StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text)));
    } catch (CharacterCodingException e) {
      throw new KdeltaException.Invalid(field, "is not valid Unicode: a surrogate stands alone");
    }
  }

  /** The text of strict UTF-8 {@code bytes}; anything else is Invalid. */
  static String text(String field, Bytes bytes) {
    if (bytes.isEmpty()) return "";
    // What is malformed comes back as the replacement character; one that was meant takes the
    // longer way as well.
    String text = bytes.utf8();
    if (text.indexOf(REPLACEMENT) < 0) return text;
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.buffer()).toString();
    } catch (CharacterCodingException e) {
      throw new KdeltaException.Invalid(field, "is not valid UTF-8");
    }
  }

  private int keyAt() {
    return Keyspace.NAMESPACE_AT + namespace.length();
  }

  private static boolean holdsSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) return true;
    }
    return false;
  }

  private static boolean legal(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '.'
        || c == '_'
        || c == '-';
  }
}
