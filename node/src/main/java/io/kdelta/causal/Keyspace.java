package io.kdelta.causal;

import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.RowKey;

/**
 * Where rows lie: the first byte of a row key's point part, and how each key is built.
 *
 * <p>Pure functions. Row keys are ordered as bytes, so numbers in them are big-endian.
 *
 * <pre>
 * keyspace       point part                                    suffix
 * 1 version      u8 size of namespace | namespace | key        0x00: the open heads
 *                                                              0x01 | ~time | ~VersionId: a version
 * 2 by id        VersionId
 * 3 content      ContentId
 * 4 position     incarnation | seq
 * 5 parked       missing parent                                VersionId
 * 6 request      request id                                    u32 index
 * 7 apply log    apply position
 * 8 tree         u8 slot | u32 index: a piece of a checkpoint
 * 9 system       name
 * 10 request age u64 microseconds | u32 index | request id
 * 11 lost        VersionId
 * 12 conflict    u8 size of namespace | namespace | key
 * </pre>
 *
 * Keyspaces from {@link #DERIVED_MIN} on belong to whoever derives something from the versions.
 */
public enum Keyspace {
  /** Versions and open heads, by key. */
  VERSION(1),
  /** Where the version of an id lies. */
  BY_ID(2),
  /** Documents of 4,096 bytes and more, once each. */
  CONTENT(3),
  /** Which version a place in a log holds. */
  POSITION(4),
  /** Versions that wait for a parent. */
  PARKED(5),
  /** What became of a request. */
  REQUEST(6),
  /** The order in which versions became visible. */
  APPLY(7),
  /** Pieces of the checkpoint of the tree and the cells. */
  TREE(8),
  /** Small facts by name. */
  SYSTEM(9),
  /** Requests from the oldest to the newest. */
  REQUEST_AGE(10),
  /** Versions known to be lost to corruption, with their key. */
  LOST(11),
  /** Keys with open heads, so that they are found without a walk over all keys. */
  CONFLICT(12);

  /** The first keyspace of derived data. */
  public static final int DERIVED_MIN = 0x40;

  /** Documents from this size on lie in the content keyspace. */
  public static final int CONTENT_BYTES_MIN = 4_096;

  /** The first byte of the suffix of a version. */
  static final byte VERSION_SUFFIX = 1;

  /** Bytes of the suffix of a version. */
  static final int VERSION_SUFFIX_BYTES = 1 + Long.BYTES + Digest.SIZE;

  /** Where the namespace begins in the point part of a version. */
  static final int NAMESPACE_AT = 2;

  private static final int HEADS_SUFFIX = 0;

  private final int code;

  Keyspace(int code) {
    this.code = code;
  }

  /** The first byte of every point part of this keyspace. */
  int code() {
    return code;
  }

  /** The first possible row of this keyspace. */
  public RowKey start() {
    return RowKey.first(Bytes.of(code));
  }

  /** The first possible row behind this keyspace. */
  public RowKey end() {
    return RowKey.first(Bytes.of(code + 1));
  }

  /** The point part of all rows of one key. */
  static Bytes group(Key key) {
    return key.group();
  }

  /** The same of the two parts of a key, as a fresh array. */
  static byte[] point(String namespace, Bytes key) {
    Bytes name = Bytes.utf8(namespace);
    byte[] point = new byte[NAMESPACE_AT + name.size() + key.size()];
    point[0] = (byte) VERSION.code;
    point[1] = (byte) name.size();
    name.copyTo(point, NAMESPACE_AT);
    key.copyTo(point, NAMESPACE_AT + name.size());
    return point;
  }

  /** What the point parts of all keys of a namespace start with. */
  static Bytes namespacePoint(String namespace) {
    return VERSION.pointOf(namespace);
  }

  /** The row of a key with open heads. */
  static RowKey conflict(Key key) {
    return RowKey.first(Bytes.concat(CONFLICT.pointOf(key.namespace()), key.keyBytes()));
  }

  /** The row of a key with open heads, by the group of the key. */
  static RowKey conflict(Bytes group) {
    return conflict(keyOf(group));
  }

  /** What the conflict rows of a namespace start with. */
  static Bytes conflictPoint(String namespace) {
    return CONFLICT.pointOf(namespace);
  }

  /** The key that a group, or the point part of a conflict row, belongs to. */
  static Key keyOf(Bytes group) {
    int namespaceEnd = NAMESPACE_AT + group.unsignedAt(1);
    return new Key(
        group.slice(NAMESPACE_AT, namespaceEnd).utf8(), group.slice(namespaceEnd).utf8());
  }

  static RowKey openHeads(Bytes group) {
    return new RowKey(group, Bytes.of(HEADS_SUFFIX));
  }

  static boolean isOpenHeads(RowKey row) {
    return row.suffix().size() == 1 && row.suffix().at(0) == HEADS_SUFFIX;
  }

  static RowKey version(Version version) {
    return version(group(version.key()), version.time(), version.id());
  }

  static RowKey version(Bytes group, Timestamp time, Digest id) {
    ByteWriter out = new ByteWriter(VERSION_SUFFIX_BYTES);
    out.writeByte(VERSION_SUFFIX).writeBigEndianLong(~time.packed());
    Fields.writeDigest(out, inverted(id));
    return new RowKey(group, out.toBytes());
  }

  /** Before the newest version with a time of at most {@code latest}. */
  static RowKey versionsFrom(Bytes group, Timestamp latest) {
    ByteWriter out = new ByteWriter(1 + Long.BYTES);
    out.writeByte(VERSION_SUFFIX).writeBigEndianLong(~latest.packed());
    return new RowKey(group, out.toBytes());
  }

  /** The first possible group behind {@code group}: keys hold no NUL. */
  static RowKey afterGroup(Bytes group) {
    return RowKey.first(Bytes.concat(group, Bytes.of(0)));
  }

  /** The id in the key of a version row, be it visible or parked. */
  static Digest idOf(RowKey versionRow) {
    Bytes suffix = versionRow.suffix();
    if (versionRow.point().at(0) == PARKED.code) return Fields.digestAt(suffix, 0);
    return inverted(Fields.digestAt(suffix, 1 + Long.BYTES));
  }

  static RowKey byId(Digest id) {
    return BY_ID.row(id);
  }

  static RowKey content(Digest id) {
    return CONTENT.row(id);
  }

  static RowKey lost(Digest id) {
    return LOST.row(id);
  }

  /** The digest in the key of a row of by id, content, lost, or of a parked group. */
  static Digest digestOf(Bytes point) {
    return Fields.digestAt(point, 1);
  }

  static RowKey position(Incarnation incarnation, long seq) {
    ByteWriter out = POSITION.point(Incarnation.SIZE + Long.BYTES);
    incarnation.write(out);
    return RowKey.first(out.writeBigEndianLong(seq).toBytes());
  }

  static RowKey position(Dot dot) {
    return position(dot.incarnation(), dot.seq());
  }

  static Dot dotOf(RowKey position) {
    Bytes point = position.point();
    return new Dot(
        new Incarnation(point.bigEndianLongAt(1), point.bigEndianLongAt(9)),
        point.bigEndianLongAt(17));
  }

  static Bytes parkedOn(Digest missingParent) {
    return PARKED.row(missingParent).point();
  }

  static RowKey parked(Digest missingParent, Digest id) {
    return new RowKey(parkedOn(missingParent), Bytes.wrap(id.toBytes()));
  }

  static Bytes requestGroup(String requestId) {
    Bytes id = Key.utf8("request_id", requestId);
    return REQUEST.point(id.size()).write(id).toBytes();
  }

  static RowKey request(Request request) {
    return new RowKey(requestGroup(request.id()), ordered(request.index()));
  }

  static RowKey requestAge(long micros, Request request) {
    Bytes id = Key.utf8("request_id", request.id());
    ByteWriter out = REQUEST_AGE.point(Long.BYTES + Integer.BYTES + id.size());
    out.writeBigEndianLong(micros).write(ordered(request.index())).write(id);
    return RowKey.first(out.toBytes());
  }

  /** When the request of a request age row was recorded. */
  static long microsOf(RowKey requestAge) {
    return requestAge.point().bigEndianLongAt(1);
  }

  /** The request row that a request age row stands for. */
  static RowKey requestOf(RowKey requestAge) {
    Bytes point = requestAge.point();
    int indexAt = 1 + Long.BYTES;
    int idAt = indexAt + Integer.BYTES;
    Bytes id = point.slice(idAt);
    return new RowKey(REQUEST.point(id.size()).write(id).toBytes(), point.slice(indexAt, idAt));
  }

  static RowKey applied(long position) {
    return RowKey.first(APPLY.point(Long.BYTES).writeBigEndianLong(position).toBytes());
  }

  static long appliedOf(RowKey row) {
    return row.point().bigEndianLongAt(1);
  }

  static RowKey tree(int slot, int index) {
    ByteWriter out = TREE.point(1 + Integer.BYTES).writeByte(slot).write(ordered(index));
    return RowKey.first(out.toBytes());
  }

  static RowKey system(String name) {
    Bytes bytes = Key.utf8("name", name);
    return RowKey.first(SYSTEM.point(bytes.size()).write(bytes).toBytes());
  }

  static String nameOf(RowKey system) {
    return system.point().slice(1).utf8();
  }

  private Bytes pointOf(String namespace) {
    ByteWriter out = point(1 + namespace.length());
    Fields.writeShortest(out, Bytes.utf8(namespace));
    return out.toBytes();
  }

  private ByteWriter point(int sizeExpected) {
    return new ByteWriter(1 + sizeExpected).writeByte(code);
  }

  private RowKey row(Digest id) {
    ByteWriter out = point(Digest.SIZE);
    Fields.writeDigest(out, id);
    return RowKey.first(out.toBytes());
  }

  private static Bytes ordered(int index) {
    return new ByteWriter(Integer.BYTES).writeInt(Integer.reverseBytes(index)).toBytes();
  }

  private static Digest inverted(Digest id) {
    return new Digest(~id.first(), ~id.second(), ~id.third(), ~id.fourth());
  }
}
