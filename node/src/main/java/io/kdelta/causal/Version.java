package io.kdelta.causal;

import io.kdelta.causal.Distinction.Domain;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One write of one key: immutable, content-addressed, with causal parents.
 *
 * <p>A value without owner or thread. It is its canonical bytes: fields are read where they lie,
 * and those that take making are made when first asked for (two threads that race make equal ones).
 * Invariant: {@link #id} is the distinction of {@link #canonical}. Everything that can be checked
 * without another version is checked when one is made; what needs the parents is checked by {@link
 * Verification}. A version of the store was checked before it was stored, and the sums of the
 * storage below stand for its bytes, so neither is done again.
 *
 * <p>Canonical bytes, integers little-endian:
 *
 * <pre>
 * size        field
 * 1           format, 1
 * 1           kind: 1 put, 2 delete
 * 1 + n       namespace behind a u8 length
 * 2 + n       key behind a u16 length
 * 1           count of parents, at most 64
 * 32 each     parents: VersionIds, strictly ascending
 * 8           time
 * 16          node; zero for an import
 * 1 + 0|32    author: an Ed25519 public key behind a u8 length, when there is one
 * 1           content type
 * 32          ContentId; zero for a delete
 * 2 + n       note behind a u16 length, at most 1,024 bytes of UTF-8
 * </pre>
 */
public final class Version {
  /** The most parents that a version may have. */
  public static final int PARENTS_MAX = 64;

  /** The longest note, in UTF-8 bytes. */
  public static final int NOTE_BYTES_MAX = 1_024;

  /** The largest document of the format, in bytes; a node's own limit may be lower. */
  public static final int DOCUMENT_BYTES_MAX = 16 << 20;

  /** Upper bound of {@link #canonical}'s size. */
  public static final int BYTES_MAX = 8_192;

  private static final int FORMAT = 1;
  private static final int AUTHOR_BYTES = 32;
  private static final int KIND_AT = 1;
  private static final int NAMESPACE_AT = 2;

  /** Canonical bytes of a version without its parts of variable size, or a few more. */
  private static final int FIXED_BYTES = 72;

  /** What a write does. */
  public enum Kind {
    /** Gives the key a value. */
    PUT(1),
    /** Takes the value away. */
    DELETE(2);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    /** The byte that stands for this kind. */
    int code() {
      return code;
    }
  }

  private final Bytes canonical;
  private final Digest id;
  private final int parentsAt;
  private @Nullable Key key;
  private @Nullable List<Digest> parents;

  private Version(Bytes canonical, Digest id) {
    this.canonical = canonical;
    this.id = id;
    int keyAt = NAMESPACE_AT + 1 + canonical.unsignedAt(NAMESPACE_AT);
    this.parentsAt = keyAt + 2 + canonical.unsignedShortAt(keyAt);
  }

  /**
   * Makes a version.
   *
   * @param parents strictly ascending
   * @param author 0 or 32 bytes
   * @param content the ContentId of the document; zero for a delete
   * @param note empty for none
   * @throws KdeltaException.Invalid naming the field that breaks its rule
   */
  public static Version of(
      Kind kind,
      Key key,
      List<Digest> parents,
      Timestamp time,
      NodeId node,
      Bytes author,
      ContentType contentType,
      Digest content,
      String note) {
    List<Digest> ordered = List.copyOf(parents);
    check(kind, ordered, time, author, contentType, content);
    Bytes reason = Key.utf8("note", note);
    checkNote(reason);
    ByteWriter out =
        new ByteWriter(
            FIXED_BYTES
                + key.group().size()
                + ordered.size() * Digest.SIZE
                + author.size()
                + reason.size());
    out.writeByte(FORMAT).writeByte(kind.code());
    Fields.writeShortest(out, key.namespaceBytes());
    Fields.writeShort(out, key.keyBytes());
    out.writeByte(ordered.size());
    for (Digest parent : ordered) Fields.writeDigest(out, parent);
    out.writeLong(time.packed());
    node.write(out);
    Fields.writeShortest(out, author);
    out.writeByte(contentType.code());
    Fields.writeDigest(out, content);
    Fields.writeShort(out, reason);
    Bytes canonical = out.toBytes();
    Version version = new Version(canonical, Distinction.of(Domain.VERSION, canonical));
    version.key = key;
    version.parents = ordered;
    return version;
  }

  /** Reads canonical bytes; whatever is not canonical is {@link KdeltaException.Invalid}. */
  public static Version decode(Bytes canonical) {
    ByteReader in = new ByteReader(canonical, "version");
    int format = in.readByte();
    if (format != FORMAT) throw in.invalid("format " + format + " is unknown");
    int kind = in.readByte();
    if (kind != 1 && kind != 2) throw in.invalid("kind " + kind + " is unknown");
    Key key =
        new Key(
            Key.text("namespace", Fields.readShortest(in)), Key.text("key", Fields.readShort(in)));
    int count = in.readByte();
    if (count > PARENTS_MAX) throw in.invalid(count + " parents, more than " + PARENTS_MAX);
    List<Digest> parents = new ArrayList<>(count);
    for (int i = 0; i < count; i++) parents.add(Fields.readDigest(in));
    Timestamp time = new Timestamp(in.readLong());
    NodeId.read(in);
    Bytes author = Fields.readShortest(in);
    int type = in.readByte();
    ContentType contentType = ContentType.ofCode(type);
    if (contentType == null) throw in.invalid("content type " + type + " is unknown");
    Digest content = Fields.readDigest(in);
    Bytes note = Fields.readShort(in);
    Key.text("note", note);
    in.end();
    check(kind == 1 ? Kind.PUT : Kind.DELETE, parents, time, author, contentType, content);
    checkNote(note);
    Version version = new Version(canonical, Distinction.of(Domain.VERSION, canonical));
    version.key = key;
    version.parents = List.copyOf(parents);
    return version;
  }

  /** A version that was stored under its id: its bytes were checked and hashed before they were. */
  static Version stored(Bytes canonical, Digest id) {
    return new Version(canonical, id);
  }

  /** The VersionId. */
  public Digest id() {
    return id;
  }

  /** The bytes that the id hashes. */
  public Bytes canonical() {
    return canonical;
  }

  /** What the write did. */
  public Kind kind() {
    return deleted() ? Kind.DELETE : Kind.PUT;
  }

  /** Whether the write took the value away. */
  public boolean deleted() {
    return canonical.at(KIND_AT) == Kind.DELETE.code();
  }

  /** What was written. */
  public Key key() {
    Key known = key;
    if (known == null) {
      int keyAt = NAMESPACE_AT + 1 + canonical.unsignedAt(NAMESPACE_AT);
      String namespace = canonical.slice(NAMESPACE_AT + 1, keyAt).utf8();
      known = new Key(namespace, canonical.slice(keyAt + 2, parentsAt).utf8());
      key = known;
    }
    return known;
  }

  /** The versions of the same key that this one supersedes, strictly ascending. */
  public List<Digest> parents() {
    List<Digest> known = parents;
    if (known == null) {
      Digest[] found = new Digest[parentCount()];
      for (int i = 0; i < found.length; i++) {
        found[i] = Fields.digestAt(canonical, parentsAt + 1 + i * Digest.SIZE);
      }
      known = List.of(found);
      parents = known;
    }
    return known;
  }

  /** How many parents it has. */
  public int parentCount() {
    return canonical.unsignedAt(parentsAt);
  }

  /** When: later than every parent's. */
  public Timestamp time() {
    return new Timestamp(canonical.longAt(timeAt()));
  }

  /** The node that accepted the write; none for an import. */
  public NodeId node() {
    int at = timeAt() + Long.BYTES;
    return new NodeId(canonical.bigEndianLongAt(at), canonical.bigEndianLongAt(at + 8));
  }

  /** The public key of the author, or empty. */
  public Bytes author() {
    int at = authorAt();
    return canonical.slice(at + 1, at + 1 + canonical.unsignedAt(at));
  }

  /** What the document is. */
  public ContentType contentType() {
    ContentType type = ContentType.ofCode(canonical.unsignedAt(typeAt()));
    if (type == null) throw new AssertionError("version " + id + " was stored unchecked");
    return type;
  }

  /** The ContentId; zero for a delete. */
  public Digest content() {
    return Fields.digestAt(canonical, typeAt() + 1);
  }

  /** Why this change was made; empty for none. */
  public String note() {
    return canonical.slice(typeAt() + 1 + Digest.SIZE + 2).utf8();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Version version && id.equals(version.id);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  @Override
  public String toString() {
    return kind() + " " + key() + " " + id.hex().substring(0, 8) + " at " + time();
  }

  private int timeAt() {
    return parentsAt + 1 + parentCount() * Digest.SIZE;
  }

  private int authorAt() {
    return timeAt() + Long.BYTES + NodeId.SIZE;
  }

  private int typeAt() {
    int at = authorAt();
    return at + 1 + canonical.unsignedAt(at);
  }

  private static void check(
      Kind kind,
      List<Digest> parents,
      Timestamp time,
      Bytes author,
      ContentType contentType,
      Digest content) {
    if (parents.size() > PARENTS_MAX) {
      throw new KdeltaException.Invalid(
          "parents", parents.size() + " parents, more than " + PARENTS_MAX);
    }
    for (int i = 1; i < parents.size(); i++) {
      if (parents.get(i - 1).compareTo(parents.get(i)) >= 0) {
        throw new KdeltaException.Invalid("parents", "are not strictly ascending");
      }
    }
    if (parents.isEmpty() && time.after(Timestamp.MAX)) {
      throw new KdeltaException.Invalid("time", time + " lies beyond the format's range");
    }
    if (author.size() != 0 && author.size() != AUTHOR_BYTES) {
      throw new KdeltaException.Invalid("author", author.size() + " bytes, not 0 or 32");
    }
    boolean empty = contentType == ContentType.NONE;
    if ((kind == Kind.DELETE) != empty) {
      throw new KdeltaException.Invalid("content type", contentType + " does not suit " + kind);
    }
    if (empty != content.equals(Digest.ZERO)) {
      throw new KdeltaException.Invalid("content", "a delete, and only a delete, names none");
    }
  }

  private static void checkNote(Bytes note) {
    if (note.size() > NOTE_BYTES_MAX) {
      throw new KdeltaException.Invalid("note", "is longer than " + NOTE_BYTES_MAX + " bytes");
    }
  }
}
