package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Row;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values of the rows that the store writes.
 *
 * <p>Pure functions. Integers are little-endian. A row that does not read as it was written is
 * {@link KdeltaException.Corrupt}: the storage below checks sums, so it is a bug or a lie.
 *
 * <pre>
 * version, parked: 1 format 1 | 1 flags: 1 a request follows, 2 the document lies in content
 *                  | 4 + n canonical bytes | 2 count of dots, 24 each | request as in an envelope
 *                  | 4 size of the document | the document, unless flagged | 2 + n proof
 * open heads:      4 count | each, by ascending id: 1 deleted, 8 time, 32 VersionId
 * by id:           1 state: 0 visible | 1 + n namespace | 2 + n key | 8 time
 *                  1 state: 1 parked | 32 missing parent
 * position:        1 flags: 1 h follows, 2 the next seq is of the same batch | 32 VersionId | 32 h
 * request:         4 count | 32 body hash | 32 VersionId | 8 microseconds
 * apply log:       32 VersionId
 * lost:            1 + n namespace | 2 + n key
 * conflict:        empty
 * </pre>
 */
final class StoredRows {
  /** State of a row by id: the version is part of the set. */
  static final int VISIBLE = 0;

  /** Flag of a version's row: a request follows the dots. */
  static final int HAS_REQUEST = 1;

  private static final int FORMAT = 1;

  /** What the row of a version takes beside its canonical bytes and its document, as a rule. */
  private static final int ROW_BYTES = 64;

  private static final int ELSEWHERE = 2;
  private static final int PARKED = 1;

  /** Where the canonical bytes begin in the row of a version. */
  static final int CANONICAL_AT = 6;

  /** Flag of a position's row: its chain value follows the id. */
  static final int CHAINED = 1;

  private static final int CONTINUES = 2;

  /** Where the version of an id is. */
  sealed interface Place {
    /** Part of the set: its row by key. */
    record Visible(Key key, Timestamp time) implements Place {}

    /** Waits, outside the set. */
    record Parked(Digest missingParent) implements Place {}
  }

  /** The version at a place in a log, its chain value if known, whether its batch goes on. */
  record Placed(Digest id, @Nullable Digest chain, boolean continues) {
    Placed chained(Digest h) {
      return new Placed(id, h, continues);
    }
  }

  private StoredRows() {}

  static boolean inline(Bytes document) {
    return document.size() < Keyspace.CONTENT_BYTES_MIN;
  }

  static Bytes version(Envelope envelope) {
    return version(
        envelope.version(),
        envelope.dots(),
        envelope.request(),
        envelope.document().size(),
        inline(envelope.document()) ? envelope.document() : null,
        envelope.proof());
  }

  /**
   * The same, and no copy where that is what was found: every byte of it is held against what would
   * be written.
   */
  static Bytes version(Envelope envelope, Bytes found) {
    Bytes document = envelope.document();
    boolean inline = inline(document);
    Bytes proof = envelope.proof();
    ByteWriter out = new ByteWriter(ROW_BYTES + envelope.version().canonical().size());
    Version version = envelope.version();
    head(out, version, envelope.dots(), envelope.request(), document.size(), inline);
    int head = out.size();
    Fields.writeShort(out, proof);
    int end = head + (inline ? document.size() : 0);
    Bytes written = out.handOver();
    boolean same =
        found.size() - end == written.size() - head
            && found.startsWith(written.slice(0, head))
            && (!inline || found.slice(head, end).equals(document))
            && found.slice(end).equals(written.slice(head));
    return same ? found : version(envelope);
  }

  static Bytes version(Stored stored) {
    return version(
        stored.version(),
        stored.dots(),
        stored.request(),
        stored.documentBytes(),
        stored.inline(),
        stored.proof());
  }

  private static Bytes version(
      Version version,
      List<Dot> dots,
      @Nullable Request request,
      int documentBytes,
      @Nullable Bytes document,
      Bytes proof) {
    int sizeInline = document == null ? 0 : document.size();
    ByteWriter out =
        new ByteWriter(64 + version.canonical().size() + dots.size() * Dot.SIZE + sizeInline);
    head(out, version, dots, request, documentBytes, document != null);
    if (document != null) out.write(document);
    Fields.writeShort(out, proof);
    return out.toBytes();
  }

  /** What lies before the document. */
  private static void head(
      ByteWriter out,
      Version version,
      List<Dot> dots,
      @Nullable Request request,
      int documentBytes,
      boolean inline) {
    int flags = (request == null ? 0 : HAS_REQUEST) | (inline ? 0 : ELSEWHERE);
    out.writeByte(FORMAT).writeByte(flags).writeSized(version.canonical());
    out.writeShort(dots.size());
    for (Dot dot : dots) dot.write(out);
    if (request != null) request.write(out);
    out.writeInt(documentBytes);
  }

  static Stored stored(Row row) {
    return stored(row.value(), Keyspace.idOf(row.key()), row.lsn());
  }

  /** The version of a row that was stored under this id. */
  static Stored stored(Bytes value, Digest id, long lsn) {
    try {
      ByteReader in = new ByteReader(value, "version");
      Stored stored = stored(in, id, lsn);
      in.end();
      return stored;
    } catch (KdeltaException.Invalid e) {
      throw new KdeltaException.Corrupt("version " + id, 0, e.field() + " " + e.reason());
    }
  }

  private static Stored stored(ByteReader in, Digest id, long lsn) {
    if (in.readByte() != FORMAT) throw in.invalid("format is unknown");
    int flags = in.readByte();
    Version version = Version.stored(in.readSized(Version.BYTES_MAX), id);
    Dot[] dots = new Dot[in.readShort()];
    for (int i = 0; i < dots.length; i++) dots[i] = Dot.read(in);
    Request request = (flags & HAS_REQUEST) == 0 ? null : Request.read(in);
    int documentBytes = in.readInt();
    Bytes document = (flags & ELSEWHERE) == 0 ? in.read(documentBytes) : null;
    return new Stored(
        version, List.of(dots), request, documentBytes, document, Fields.readShort(in), lsn);
  }

  static Bytes heads(List<Head> heads) {
    ByteWriter out = new ByteWriter(4 + heads.size() * 41).writeInt(heads.size());
    for (Head head : heads) {
      out.writeByte(head.deleted() ? 1 : 0).writeLong(head.time().packed());
      Fields.writeDigest(out, head.id());
    }
    return out.toBytes();
  }

  static List<Head> heads(Row row) {
    return read(
        row,
        "heads",
        in -> {
          int count = in.readCount(41);
          List<Head> heads = new ArrayList<>(count);
          for (int i = 0; i < count; i++) {
            boolean deleted = in.readByte() == 1;
            Timestamp time = new Timestamp(in.readLong());
            heads.add(new Head(Fields.readDigest(in), time, deleted));
          }
          return heads;
        });
  }

  static Bytes visible(Version version) {
    ByteWriter out = new ByteWriter(64).writeByte(VISIBLE);
    write(out, version.key());
    return out.writeLong(version.time().packed()).toBytes();
  }

  static Bytes parked(Digest missingParent) {
    ByteWriter out = new ByteWriter(33).writeByte(PARKED);
    Fields.writeDigest(out, missingParent);
    return out.toBytes();
  }

  static Place place(Row row) {
    return read(
        row,
        "id",
        in ->
            in.readByte() == PARKED
                ? new Place.Parked(Fields.readDigest(in))
                : new Place.Visible(key(in), new Timestamp(in.readLong())));
  }

  static Bytes position(Placed placed) {
    int flags = (placed.chain() == null ? 0 : CHAINED) | (placed.continues() ? CONTINUES : 0);
    ByteWriter out = new ByteWriter(65).writeByte(flags);
    Fields.writeDigest(out, placed.id());
    if (placed.chain() != null) Fields.writeDigest(out, placed.chain());
    return out.toBytes();
  }

  static Placed position(Row row) {
    return read(
        row,
        "position",
        in -> {
          int flags = in.readByte();
          Digest id = Fields.readDigest(in);
          Digest chain = (flags & CHAINED) == 0 ? null : Fields.readDigest(in);
          return new Placed(id, chain, (flags & CONTINUES) != 0);
        });
  }

  static Bytes request(int count, Digest bodyHash, Digest version, long micros) {
    ByteWriter out = new ByteWriter(76).writeInt(count);
    Fields.writeDigest(out, bodyHash);
    Fields.writeDigest(out, version);
    return out.writeLong(micros).toBytes();
  }

  static RequestRecord request(Row row) {
    Bytes suffix = row.key().suffix();
    String id = row.key().point().slice(1).utf8();
    int index = Integer.reverseBytes(suffix.intAt(0));
    return read(
        row,
        "request",
        in -> {
          Request request = new Request(id, index, in.readInt());
          Digest bodyHash = Fields.readDigest(in);
          Digest version = Fields.readDigest(in);
          return new RequestRecord(request, bodyHash, version, in.readLong(), row.lsn());
        });
  }

  static Bytes digest(Digest id) {
    return Bytes.wrap(id.toBytes());
  }

  static Digest digest(Row row) {
    return read(row, "digest", Fields::readDigest);
  }

  static Bytes key(Key key) {
    ByteWriter out = new ByteWriter(64);
    write(out, key);
    return out.toBytes();
  }

  static Key key(Row row) {
    return read(row, "key", StoredRows::key);
  }

  private static Key key(ByteReader in) {
    String namespace = Fields.readShortest(in).utf8();
    return new Key(namespace, Fields.readShort(in).utf8());
  }

  private static void write(ByteWriter out, Key key) {
    Fields.writeShortest(out, key.namespaceBytes());
    Fields.writeShort(out, key.keyBytes());
  }

  private static <T> T read(Row row, String thing, java.util.function.Function<ByteReader, T> as) {
    try {
      ByteReader in = new ByteReader(row.value(), thing);
      T value = as.apply(in);
      in.end();
      return value;
    } catch (KdeltaException.Invalid e) {
      throw new KdeltaException.Corrupt(
          "row " + row.key().point(), 0, e.field() + " " + e.reason());
    }
  }
}
