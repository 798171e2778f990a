package io.kdelta.document;

import io.kdelta.causal.ContentType;
import io.kdelta.causal.Envelope;
import io.kdelta.causal.Key;
import io.kdelta.causal.NodeId;
import io.kdelta.causal.Timestamp;
import io.kdelta.causal.Version;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns a recorded history, one version a line, into versions. Pure, one thread at a time.
 *
 * <p>A line is a JSON object: {@code key}; {@code value}, a document or null for a delete; {@code
 * at}, RFC 3339; {@code label}, a name that no other line has; {@code parents}, the labels of the
 * versions of the same key that this one supersedes, all of them on earlier lines.
 *
 * <p>Invariant: the same lines give the same VersionIds on any machine: the node is none, the time
 * is the later of {@code at} and one step above every parent's, the note is the label.
 */
public final class HistoryImport {
  /** What a later line needs to know of an earlier one. */
  private record Known(Key key, Digest id, Timestamp time) {}

  private final String namespace;
  private final CanonicalJson json;
  private final Map<String, Known> labels = new HashMap<>();

  /**
   * Imports into {@code namespace}.
   *
   * @param json what a document may be
   */
  public HistoryImport(String namespace, CanonicalJson json) {
    Key.checkNamespace(namespace);
    this.namespace = namespace;
    this.json = json;
  }

  /**
   * The version that the next line describes, without dots. Invalid when it describes none; the
   * line then counts as not read.
   *
   * @param line the bytes of the line without its end
   */
  public Envelope next(Bytes line) {
    JsonLine fields = JsonLine.read(line);
    Key key = new Key(namespace, fields.text("key"));
    String label = fields.text("label");
    Json value = fields.value("value");
    Timestamp time = Timestamp.parse(fields.text("at"));
    List<Digest> parents = new ArrayList<>();
    for (String name : fields.texts("parents")) {
      Known parent = parent(key, name);
      parents.add(parent.id());
      if (!time.after(parent.time())) time = parent.time().next();
    }
    fields.refuseOthers("key", "value", "at", "label", "parents");
    parents.sort(null);
    if (labels.containsKey(label)) {
      throw new KdeltaException.Invalid("label", "'" + label + "' was used by an earlier line");
    }
    Envelope envelope = envelope(key, value, parents, time, label);
    labels.put(label, new Known(key, envelope.version().id(), time));
    return envelope;
  }

  private Envelope envelope(
      Key key, Json value, List<Digest> parents, Timestamp time, String label) {
    boolean deleted = value instanceof Json.Null;
    ContentType type = deleted ? ContentType.NONE : ContentType.JSON;
    Bytes document = deleted ? Bytes.EMPTY : json.bounded(value);
    Version version =
        Version.of(
            deleted ? Version.Kind.DELETE : Version.Kind.PUT,
            key,
            parents,
            time,
            NodeId.NONE,
            Bytes.EMPTY,
            type,
            type.idOf(document),
            label);
    return new Envelope(version, List.of(), null, document, Bytes.EMPTY);
  }

  private Known parent(Key key, String label) {
    Known parent = labels.get(label);
    if (parent == null) {
      throw new KdeltaException.Invalid("parents", "no earlier line has the label '" + label + "'");
    }
    if (!parent.key().equals(key)) {
      throw new KdeltaException.Invalid(
          "parents", "'" + label + "' is of " + parent.key() + ", not of " + key);
    }
    return parent;
  }
}
