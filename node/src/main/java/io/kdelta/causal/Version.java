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
 * <p>A value without owner or thread. Invariant: {@link #id} is the distinction of {@link
 * #canonical}, and both say the same as the fields. Everything that can be checked without another
 * version is checked when one is made; what needs the parents is checked by {@link Verification}.
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

  private final Kind kind;
  private final Key key;
  private final List<Digest> parents;
  private final Timestamp time;
  private final NodeId node;
  private final Bytes author;
  private final ContentType contentType;
  private final Digest content;
  private final String note;
  private final Bytes canonical;
  private final Digest id;

  private Version(
      Kind kind,
      Key key,
      List<Digest> parents,
      Timestamp time,
      NodeId node,
      Bytes author,
      ContentType contentType,
      Digest content,
      String note,
      @Nullable Bytes received) {
    this.kind = kind;
    this.key = key;
    this.parents = List.copyOf(parents);
    this.time = time;
    this.node = node;
    this.author = author;
    this.contentType = contentType;
    this.content = content;
    this.note = note;
    check();
    this.canonical = received == null ? encode() : received;
    this.id = Distinction.of(Domain.VERSION, canonical);
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
    return new Version(kind, key, parents, time, node, author, contentType, content, note, null);
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
    NodeId node = NodeId.read(in);
    Bytes author = Fields.readShortest(in);
    int type = in.readByte();
    ContentType contentType = ContentType.ofCode(type);
    if (contentType == null) throw in.invalid("content type " + type + " is unknown");
    Digest content = Fields.readDigest(in);
    String note = Key.text("note", Fields.readShort(in));
    in.end();
    return new Version(
        kind == 1 ? Kind.PUT : Kind.DELETE,
        key,
        parents,
        time,
        node,
        author,
        contentType,
        content,
        note,
        canonical);
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
    return kind;
  }

  /** Whether the write took the value away. */
  public boolean deleted() {
    return kind == Kind.DELETE;
  }

  /** What was written. */
  public Key key() {
    return key;
  }

  /** The versions of the same key that this one supersedes, strictly ascending. */
  public List<Digest> parents() {
    return parents;
  }

  /** When: later than every parent's. */
  public Timestamp time() {
    return time;
  }

  /** The node that accepted the write; none for an import. */
  public NodeId node() {
    return node;
  }

  /** The public key of the author, or empty. */
  public Bytes author() {
    return author;
  }

  /** What the document is. */
  public ContentType contentType() {
    return contentType;
  }

  /** The ContentId; zero for a delete. */
  public Digest content() {
    return content;
  }

  /** Why this change was made; empty for none. */
  public String note() {
    return note;
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
    return kind + " " + key + " " + id.hex().substring(0, 8) + " at " + time;
  }

  private void check() {
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
    if (deleted() != empty) {
      throw new KdeltaException.Invalid("content type", contentType + " does not suit " + kind);
    }
    if (empty != content.equals(Digest.ZERO)) {
      throw new KdeltaException.Invalid("content", "a delete, and only a delete, names none");
    }
    if (Key.utf8("note", note).size() > NOTE_BYTES_MAX) {
      throw new KdeltaException.Invalid("note", "is longer than " + NOTE_BYTES_MAX + " bytes");
    }
  }

  private Bytes encode() {
    ByteWriter out = new ByteWriter(160 + parents.size() * Digest.SIZE + note.length());
    out.writeByte(FORMAT).writeByte(kind.code());
    Fields.writeShortest(out, key.namespaceBytes());
    Fields.writeShort(out, key.keyBytes());
    out.writeByte(parents.size());
    for (Digest parent : parents) Fields.writeDigest(out, parent);
    out.writeLong(time.packed());
    node.write(out);
    Fields.writeShortest(out, author);
    out.writeByte(contentType.code());
    Fields.writeDigest(out, content);
    Fields.writeShort(out, Key.utf8("note", note));
    return out.toBytes();
  }
}
