package io.kdelta.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import io.kdelta.document.Blame;
import io.kdelta.document.CanonicalJson;
import io.kdelta.document.Json;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.ContentType;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListVersionsRequest;
import io.kdelta.proto.v1.ListVersionsResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.wire.TimeText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kdelta blame NS/KEY}: which version last set each member of a document. */
@Command(
    name = "blame",
    description = {
      "Show for each member of a document which version last set it.",
      "A member that a merge took from a branch is of the version there that set it. Members are"
          + " followed by their names, items of arrays by what an array shares with the one before"
          + " at its front and at its end, as in diff; nothing is guessed to have been renamed."
    })
final class BlameCommand implements Callable<Integer> {
  private static final List<Column> COLUMNS =
      List.of(
          Column.text("PATH", "path"),
          Column.text("VALUE", "value"),
          new Column("ID", "id", Column.Kind.ID),
          new Column("TIME", "time", Column.Kind.TIME),
          Column.text("NODE", "node"),
          Column.text("NOTE", "note"));
  private static final int PAGE_VERSIONS = 200;

  private final Invocation invocation;

  @Parameters(index = "0", paramLabel = "NS/KEY", description = "Whose members.")
  private String key = "";

  @Option(
      names = "--at",
      paramLabel = "TIME|VERSION|-N",
      description = "As of a time, a version, or N versions before the current one.")
  private @Nullable String at;

  BlameCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    KeyName name = KeyName.parse(key);
    GetRequest.Builder request =
        GetRequest.newBuilder().setNamespace(name.namespace()).setKey(name.key());
    if (at != null) request.setAt(Times.at(at));
    try (Client client = invocation.client()) {
      GetResponse response = client.call(KvGrpc.getGetMethod(), request.build());
      List<ObjectNode> items = members(client, name, response.getVersion().getId());
      invocation.output().list(new Listing("members", COLUMNS, BlameCommand::path, items));
      States.tellHeads(invocation, name, response.getHeadCount());
    }
    return ExitCode.DONE;
  }

  private static List<ObjectNode> members(Client client, KeyName name, String start) {
    TreeMap<String, Version> seen = new TreeMap<>();
    Blame blame = new Blame(start);
    for (Version version : history(client, name)) {
      seen.put(version.getId(), version.toBuilder().clearValue().build());
      if (!blame.add(step(version))) break;
    }
    List<ObjectNode> items = new ArrayList<>();
    for (Blame.Origin origin : blame.origins()) items.add(json(origin, seen));
    return items;
  }

  private static Pages<Version> history(Client client, KeyName name) {
    ListVersionsRequest.Builder request =
        ListVersionsRequest.newBuilder()
            .setNamespace(name.namespace())
            .setKey(name.key())
            .setPageSize(PAGE_VERSIONS);
    return new Pages<>(token -> {
      ListVersionsResponse page =
          client.call(VersionsGrpc.getListVersionsMethod(), request.setPageToken(token).build());
      return new Pages.Page<>(page.getVersionsList(), page.getNextPageToken());
    });
  }

  private static Blame.Step step(Version version) {
    long micros = version.getTime().getSeconds() * 1_000_000 + version.getTime().getNanos() / 1_000;
    return new Blame.Step(version.getId(), version.getParentsList(), document(version), micros);
  }

  /** What is no JSON is one member: it has no others. */
  private static Optional<Json> document(Version version) {
    if (version.getKind() == Version.Kind.DELETE) return Optional.empty();
    ByteString value = version.getValue();
    return version.getContentType() == ContentType.CONTENT_TYPE_JSON
        ? Optional.of(CanonicalJson.WIDEST.read(Bytes.wrap(value.toByteArray())))
        : Optional.of(new Json.Text(value.toStringUtf8()));
  }

  private static ObjectNode json(Blame.Origin origin, Map<String, Version> seen) {
    ObjectNode json = io.kdelta.cli.Json.object();
    Version version = seen.getOrDefault(origin.version(), Version.getDefaultInstance());
    json.put("path", origin.path());
    json.set(
        "value",
        io.kdelta.cli.Json.raw(
            ByteString.copyFromUtf8(CanonicalJson.write(origin.value()).utf8())));
    json.put("id", origin.version());
    json.put("time", TimeText.full(version.getTime()));
    json.put("node", VersionJson.node(version.getNodeName(), version.getNode()));
    json.put("note", version.getNote().isEmpty() ? null : version.getNote());
    return json;
  }

  private static String path(ObjectNode item) {
    return item.path("path").textValue();
  }
}
