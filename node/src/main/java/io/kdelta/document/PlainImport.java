package io.kdelta.document;

import io.kdelta.causal.Key;
import io.kdelta.memory.ByteWriter;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;

/**
 * Turns lines {@code {"key": ..., "value": ...}} into puts that a second run does not repeat. Pure.
 *
 * <p>Invariant: the request id of a put is a hash of the namespace, the file's hash and the number
 * of the line, so the same line of the same file is the same request for ever. Source: issue 2.
 */
public final class PlainImport {
  /**
   * One line as a write.
   *
   * @param write the put
   * @param requestId its name, 64 hexadecimal digits
   */
  public record Put(Write write, String requestId) {}

  private final String namespace;
  private final Digest file;
  private final CanonicalJson json;

  /**
   * Imports into {@code namespace}.
   *
   * @param file SHA-256 of the whole file
   * @param json what a document may be
   */
  public PlainImport(String namespace, Digest file, CanonicalJson json) {
    Key.checkNamespace(namespace);
    this.namespace = namespace;
    this.file = file;
    this.json = json;
  }

  /**
   * The put of a line; Invalid when it is none.
   *
   * @param number the line's number in the file, from 1
   * @param line the bytes of the line without its end
   */
  public Put put(long number, Bytes line) {
    JsonLine fields = JsonLine.read(line);
    Key key = new Key(namespace, fields.text("key"));
    Bytes document = json.bounded(fields.value("value"));
    fields.refuseOthers("key", "value");
    return new Put(Write.put(key, document), requestId(number));
  }

  private String requestId(long number) {
    Bytes name = Bytes.utf8(namespace);
    ByteWriter out = new ByteWriter(name.size() + Digest.SIZE + Long.BYTES);
    out.write(name).write(file.toBytes()).writeLong(number);
    return Digest.sha256(out.toBytes().toArray()).hex();
  }
}
