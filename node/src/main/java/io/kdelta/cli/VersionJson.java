package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.wire.JsonShapes;
import java.util.List;
import java.util.stream.Stream;

/**
 * Versions as JSON, everywhere the same: {@code {namespace, key, id, parents, time, node, kind,
 * value, note}}; what a command adds comes after.
 */
final class VersionJson {
  private VersionJson() {}

  static ObjectNode of(Version version) {
    return JsonShapes.version(version);
  }

  /** A write has no value of its own to show: the writer knows it. */
  static ObjectNode of(WriteResult result, String note) {
    return JsonShapes.write(result, note);
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
    return JsonShapes.node(name, id);
  }

  static String kind(Version.Kind kind) {
    return JsonShapes.kind(kind);
  }

  static String ack(AckLevel level) {
    return JsonShapes.ack(level);
  }
}
