package io.kdelta.causal;

import io.kdelta.causal.Distinction.Domain;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.ByteReader;
import io.kdelta.memory.ByteWriter;
import io.kdelta.reconciliation.Digest;

/**
 * The client's own name for a write, so that a retry is recognised; travels with the version.
 *
 * <p>A value without owner or thread.
 *
 * @param id 1 to 128 bytes of UTF-8, chosen by the client
 * @param index place of the write within its batch, from 0
 * @param count how many writes the batch has, at least 1
 */
public record Request(String id, int index, int count) {
  /** The longest request id, in UTF-8 bytes. */
  public static final int ID_BYTES_MAX = 128;

  /** The most writes that one request may hold. */
  public static final int COUNT_MAX = 1 << 20;

  /** Throws {@link KdeltaException.Invalid} when a part breaks its rule. */
  public Request {
    int size = Key.utf8("request_id", id).size();
    if (size == 0) throw new KdeltaException.Invalid("request_id", "is empty");
    if (size > ID_BYTES_MAX) {
      throw new KdeltaException.Invalid("request_id", size + " bytes, more than " + ID_BYTES_MAX);
    }
    if (count < 1 || count > COUNT_MAX || index < 0 || index >= count) {
      throw new KdeltaException.Invalid("request_id", "write " + index + " of " + count);
    }
  }

  /** A request of a single write. */
  public static Request single(String id) {
    return new Request(id, 0, 1);
  }

  /** Reads id behind a u8 length, u32 index, u32 count. */
  static Request read(ByteReader in) {
    String id = Key.text("request_id", Fields.readShortest(in));
    int index = in.readInt();
    return new Request(id, index, in.readInt());
  }

  /** Writes id behind a u8 length, u32 index, u32 count. */
  void write(ByteWriter out) {
    Fields.writeShortest(out, Key.utf8("request_id", id));
    out.writeInt(index).writeInt(count);
  }

  /**
   * What a write asks for, in one digest: kind, key, content type, ContentId, note and author. The
   * same request id with another body is a conflict.
   */
  public static Digest bodyHash(Version version) {
    ByteWriter out = new ByteWriter(256);
    out.writeByte(version.kind().code());
    Fields.writeShortest(out, version.key().namespaceBytes());
    Fields.writeShort(out, version.key().keyBytes());
    out.writeByte(version.contentType().code());
    Fields.writeDigest(out, version.content());
    Fields.writeShort(out, Key.utf8("note", version.note()));
    Fields.writeShortest(out, version.author());
    return Distinction.of(Domain.REQUEST, out.toBytes());
  }
}
