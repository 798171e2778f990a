package io.kdelta.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.util.RawValue;
import com.google.protobuf.ByteString;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.CatchUp;
import io.kdelta.proto.v1.Change;
import io.kdelta.proto.v1.ConflictedKey;
import io.kdelta.proto.v1.ListHeadsResponse;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.ResolveResponse;
import io.kdelta.proto.v1.Session;
import io.kdelta.proto.v1.Stats;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.WriteResult;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Messages of the contract as JSON, the same on the command line and on the HTTP port. Documents
 * are embedded as the text that the node keeps, never parsed and printed again, so that no number
 * changes on its way. Pure.
 */
public final class JsonShapes {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final int NODE_DIGITS = 8;
  private static final String NODE_ZERO = "0".repeat(32);

  private JsonShapes() {}

  /** An empty object. */
  public static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** JSON text as a node; empty text is null. */
  public static JsonNode raw(ByteString text) {
    return text.isEmpty()
        ? JsonNodeFactory.instance.nullNode()
        : JsonNodeFactory.instance.rawValueNode(new RawValue(text.toStringUtf8()));
  }

  /** One line. */
  public static String text(JsonNode node) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      write(out, node);
    } catch (IOException e) {
      throw new AssertionError("a tree that cannot be written", e);
    }
    return text.toString();
  }

  /** What a mapper of trees would write, without the hundreds of classes that make one. */
  private static void write(JsonGenerator out, JsonNode node) throws IOException {
    if (node instanceof ObjectNode object) {
      out.writeStartObject();
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        out.writeFieldName(field.getKey());
        write(out, field.getValue());
      }
      out.writeEndObject();
    } else if (node.isArray()) {
      out.writeStartArray();
      for (JsonNode item : node) write(out, item);
      out.writeEndArray();
    } else if (node instanceof POJONode embedded && embedded.getPojo() instanceof RawValue raw) {
      out.writeRawValue(String.valueOf(raw.rawValue()));
    } else if (node.isTextual()) {
      out.writeString(node.textValue());
    } else if (node.isBoolean()) {
      out.writeBoolean(node.booleanValue());
    } else if (node.isIntegralNumber()) {
      out.writeNumber(node.bigIntegerValue());
    } else if (node.isNumber()) {
      out.writeNumber(node.doubleValue());
    } else if (node.isNull()) {
      out.writeNull();
    } else {
      throw new AssertionError("a node of no kind of JSON: " + node.getNodeType());
    }
  }

  /** {@code {plural: [items]}}. */
  public static <T> ObjectNode list(String plural, List<T> items, Function<T, JsonNode> shape) {
    ObjectNode json = object();
    json.putArray(plural).addAll(items.stream().map(shape).toList());
    return json;
  }

  /** {@code {namespace, key, id, parents, time, node, kind, value, note}}, everywhere. */
  public static ObjectNode version(Version version) {
    ObjectNode json = object();
    json.put("namespace", version.getNamespace());
    json.put("key", version.getKey());
    json.put("id", version.getId());
    version.getParentsList().forEach(json.putArray("parents")::add);
    json.put("time", TimeText.full(version.getTime()));
    json.put("node", node(version.getNodeName(), version.getNode()));
    json.put("kind", kind(version.getKind()));
    json.set("value", raw(version.getValue()));
    json.put("note", version.getNote().isEmpty() ? null : version.getNote());
    return json;
  }

  /** A write has no value of its own to show: the writer knows it. */
  public static ObjectNode write(WriteResult result, String note) {
    ObjectNode json = object();
    json.put("namespace", result.getNamespace());
    json.put("key", result.getKey());
    json.put("id", result.getId());
    result.getParentsList().forEach(json.putArray("parents")::add);
    json.put("time", TimeText.full(result.getTime()));
    json.put("node", node(result.getNodeName(), result.getNode()));
    json.put("kind", kind(result.getKind()));
    json.put("note", note.isEmpty() ? null : note);
    json.put("ack", ack(result.getAck()));
    json.put("repeated", result.getRepeatedWrite());
    return json;
  }

  /** All heads of a key, the winner first. */
  public static ObjectNode heads(ListHeadsResponse response) {
    ObjectNode json = list("heads", response.getHeadsList(), JsonShapes::version);
    json.putArray("commonAncestors")
        .addAll(response.getCommonAncestorsList().stream().map(JsonShapes::version).toList());
    json.put("state", response.getState());
    return json;
  }

  /** What a resolution would write. */
  public static ObjectNode preview(String namespace, String key, ResolveResponse response) {
    ObjectNode json = object();
    json.put("namespace", namespace);
    json.put("key", key);
    json.put("dryRun", true);
    json.put("kind", response.getDeleted() ? "delete" : "put");
    json.set("value", raw(response.getValue()));
    response.getUnmergedList().forEach(json.putArray("unmerged")::add);
    response.getHeadsList().forEach(json.putArray("heads")::add);
    return json;
  }

  /** One place that differs. */
  public static ObjectNode change(Change change) {
    ObjectNode json = object();
    json.put("path", change.getPath());
    json.put("op", lower(change.getOp().name()));
    json.set("old", raw(change.getOldValue()));
    json.set("new", raw(change.getNewValue()));
    return json;
  }

  /** A key with more than one head, the winner first. */
  public static ObjectNode conflict(ConflictedKey conflict) {
    ObjectNode json = object();
    json.put("namespace", conflict.getNamespace());
    json.put("key", conflict.getKey());
    var heads = json.putArray("heads");
    for (ConflictedKey.Head head : conflict.getHeadsList()) {
      heads
          .addObject()
          .put("id", head.getId())
          .put("time", TimeText.full(head.getTime()))
          .put("deleted", head.getDeleted());
    }
    return json;
  }

  /** Counts of a namespace, or of the whole node: then it has no name. */
  public static ObjectNode stats(Stats stats) {
    ObjectNode json = object();
    json.put("namespace", stats.getNamespace().isEmpty() ? null : stats.getNamespace());
    json.put("keys", stats.getKeys());
    json.put("keysEver", stats.getKeysEver());
    json.put("versions", stats.getVersions());
    json.put("merges", stats.getMerges());
    json.put("conflicts", stats.getConflicts());
    json.put("deleted", stats.getDeleted());
    json.put("bytes", stats.getBytes());
    return json;
  }

  /** A member with its numbers. */
  public static ObjectNode member(Member member) {
    ObjectNode json = object();
    json.put("name", member.getName());
    json.put("address", member.getAddress());
    json.put("state", lower(member.getState().name()));
    json.put("zone", member.getZone());
    json.put("keys", member.getKeys());
    json.put("keysEver", member.getKeysEver());
    json.put("versions", member.getVersions());
    json.put("root", member.getRoot());
    json.put("lag", member.hasLag() ? member.getLag() : null);
    json.put("diskBytes", member.getDiskBytes());
    json.put("id", member.getId());
    json.put("self", member.getSelf());
    return json;
  }

  /** Who a member is, and what its program is. */
  public static ObjectNode person(Member member) {
    ObjectNode json = member(member).retain("name", "id", "address", "state", "zone", "self");
    json.put("load", member.getLoad()).put("software", member.getSoftware());
    json.put("formats", member.getFormatMin() + "-" + member.getFormatMax());
    return json;
  }

  /** How far a node is with what it lacks. */
  public static ObjectNode catchUp(CatchUp catchUp) {
    ObjectNode json = object();
    json.put("rung", catchUp.getRung());
    json.put("phase", catchUp.getPhase()).put("peer", catchUp.getPeer());
    json.put("bytes", catchUp.getBytes()).put("bytesTotal", catchUp.getBytesTotal());
    json.put("files", catchUp.getFiles()).put("filesTotal", catchUp.getFilesTotal());
    json.put("versions", catchUp.getVersions());
    json.put("versionsTotal", catchUp.getVersionsTotal()).put("millis", catchUp.getMillis());
    return json;
  }

  /** One ended reconciliation. */
  public static ObjectNode session(Session session) {
    ObjectNode json = object();
    json.put("peer", session.getPeer());
    session.getRungsList().forEach(json.putArray("rungs")::add);
    json.put("rounds", session.getRounds());
    json.put("versionsSent", session.getVersionsSent());
    json.put("versionsReceived", session.getVersionsReceived());
    json.put("bytesSent", session.getBytesSent());
    json.put("bytesReceived", session.getBytesReceived());
    json.put("differences", session.getVersionsSent() + session.getVersionsReceived());
    json.put("metadataBytes", session.getMetadataBytes());
    json.put("boundBytes", session.getBoundBytes());
    json.put("millis", session.getMillis());
    json.put("outcome", session.getOutcome());
    return json;
  }

  /** The name of a node, else the start of its id; an import has neither. */
  public static String node(String name, String id) {
    if (!name.isEmpty()) return name;
    if (id.isEmpty() || id.equals(NODE_ZERO)) return "import";
    return id.length() <= NODE_DIGITS ? id : id.substring(0, NODE_DIGITS);
  }

  /** {@code put} or {@code delete}. */
  public static String kind(Version.Kind kind) {
    return kind == Version.Kind.DELETE ? "delete" : "put";
  }

  /** {@code local}, {@code one}, {@code quorum} or {@code all}. */
  public static String ack(AckLevel level) {
    return lower(level.name().substring("ACK_LEVEL_".length()));
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
