package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WriteResult;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Versions as JSON, everywhere the same: {@code {namespace, key, id, parents, time, node, kind,
 * value, note}}; what a command adds comes after.
 */
final class VersionJson {
  private static final int NODE_DIGITS = 8;
  private static final String NODE_ZERO = "0".repeat(32);

  private VersionJson() {}

  static ObjectNode of(Version version) {
    ObjectNode json = Json.object();
    json.put("namespace", version.getNamespace());
    json.put("key", version.getKey());
    json.put("id", version.getId());
    var parents = json.putArray("parents");
    version.getParentsList().forEach(parents::add);
    json.put("time", Times.full(version.getTime()));
    json.put("node", node(version.getNodeName(), version.getNode()));
    json.put("kind", kind(version.getKind()));
    json.set("value", Json.raw(version.getValue()));
    json.put("note", version.getNote().isEmpty() ? null : version.getNote());
    return json;
  }

  /** A write has no value of its own to show: the writer knows it. */
  static ObjectNode of(WriteResult result, String note) {
    ObjectNode json = Json.object();
    json.put("namespace", result.getNamespace());
    json.put("key", result.getKey());
    json.put("id", result.getId());
    var parents = json.putArray("parents");
    result.getParentsList().forEach(parents::add);
    json.put("time", Times.full(result.getTime()));
    json.put("node", node(result.getNodeName(), result.getNode()));
    json.put("kind", kind(result.getKind()));
    json.put("note", note.isEmpty() ? null : note);
    json.put("ack", ack(result.getAck()));
    json.put("repeated", result.getRepeatedWrite());
    return json;
  }

  /** What a terminal shows of a write. */
  static String line(WriteResult result) {
    return Output.safe(result.getNamespace() + "/" + result.getKey())
        + "  "
        + Column.head(result.getId(), 8)
        + "  "
        + Times.full(result.getTime())
        + "  "
        + node(result.getNodeName(), result.getNode())
        + "  ack="
        + ack(result.getAck());
  }

  static final List<Column> WRITE_COLUMNS =
      List.of(
          Column.text("KEY", "key"),
          new Column("ID", "id", Column.Kind.ID),
          new Column("TIME", "time", Column.Kind.TIME),
          Column.text("NODE", "node"),
          Column.text("KIND", "kind"),
          Column.text("ACK", "ack"));

  static final List<Column> VERSION_COLUMNS =
      List.of(
          Column.text("NAMESPACE", "namespace"),
          Column.text("KEY", "key"),
          Column.text("ID", "id"),
          Column.text("PARENTS", "parents"),
          Column.text("TIME", "time"),
          Column.text("NODE", "node"),
          Column.text("KIND", "kind"),
          Column.text("VALUE", "value"),
          Column.text("NOTE", "note"));

  static final List<Column> META_COLUMNS =
      Stream.concat(
              VERSION_COLUMNS.stream(),
              Stream.of(Column.count("HEADS", "heads"), Column.text("STATE", "state")))
          .toList();

  /** The name of a node, else the start of its id; an import has neither. */
  static String node(String name, String id) {
    if (!name.isEmpty()) return name;
    return id.isEmpty() || id.equals(NODE_ZERO) ? "import" : Column.head(id, NODE_DIGITS);
  }

  static String kind(Version.Kind kind) {
    return kind == Version.Kind.DELETE ? "delete" : "put";
  }

  static String ack(AckLevel level) {
    return level.name().substring("ACK_LEVEL_".length()).toLowerCase(Locale.ROOT);
  }
}
