package io.kdelta.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.At;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.ExistsRequest;
import io.kdelta.proto.v1.ExistsResponse;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.GetStatsRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListKeysRequest;
import io.kdelta.proto.v1.ListKeysResponse;
import io.kdelta.proto.v1.ListNamespacesRequest;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.wire.BatchLine;
import io.kdelta.wire.JsonShapes;
import java.util.List;
import java.util.Optional;

/** Documents by key. Stateless. */
final class KvRoutes {
  private final KvGrpc.KvImplBase kv;
  private final VersionRoutes versions;

  /** {@code versions} answers a read that asks for all heads. */
  KvRoutes(KvGrpc.KvImplBase kv, VersionRoutes versions) {
    this.kv = kv;
    this.versions = versions;
  }

  List<Route> routes() {
    List<String> none = List.of();
    List<String> stable = List.of("stable");
    List<String> delete = List.of("if", "ack", "note", "parents");
    List<String> put = List.of("if", "if-absent", "ack", "note", "parents");
    return List.of(
        Route.of("GET /v1/kv/{ns}", List.of("prefix", "limit", "page", "stable"), this::keys),
        Route.of("GET /v1/kv/{ns}/{key}", List.of("at", "stable", "meta", "heads"), this::get),
        Route.of("PUT /v1/kv/{ns}/{key}", put, this::put),
        Route.of("DELETE /v1/kv/{ns}/{key}", delete, this::delete),
        Route.of("GET /v1/exists/{ns}/{key}", stable, this::exists),
        Route.of("POST /v1/batch", List.of("ack", "note"), this::batch),
        Route.of("GET /v1/namespaces", none, this::namespaces),
        Route.of("GET /v1/stats", none, this::stats),
        Route.of("GET /v1/stats/{ns}", none, this::stats));
  }

  private Answer get(HttpCall call) {
    Params params = call.params();
    if (params.flag("heads")) return versions.heads(call);
    GetRequest.Builder request =
        GetRequest.newBuilder().setNamespace(call.namespace()).setKey(call.key());
    Optional<At> at = moment(params);
    at.ifPresent(request::setAt);
    GetResponse response = call.ask(kv::get, request.build());
    boolean tagged = at.isEmpty();
    if (tagged && !params.flag("meta") && call.holds(response.getState())) {
      return described(Answer.empty(304), response, true);
    }
    if (!params.flag("meta")) {
      return described(Answer.document(response.getVersion().getValue()), response, tagged);
    }
    ObjectNode json = JsonShapes.version(response.getVersion());
    json.put("heads", response.getHeadCount());
    json.put("state", response.getState());
    return described(Answer.json(json), response, tagged);
  }

  private static Answer described(Answer answer, GetResponse response, boolean tagged) {
    return answer
        .with("ETag", tagged ? "\"" + response.getState() + "\"" : "")
        .with("Kdelta-Version", response.getVersion().getId())
        .with("Kdelta-Heads", Integer.toString(response.getHeadCount()));
  }

  /** The moment that a read asks for; empty for now. */
  static Optional<At> moment(Params params) {
    if (!params.flag("stable")) return params.at("at");
    if (params.has("at")) throw new KdeltaException.Invalid("at", "excludes stable");
    return Optional.of(At.newBuilder().setStable(true).build());
  }

  private Answer exists(HttpCall call) {
    ExistsRequest request =
        ExistsRequest.newBuilder()
            .setNamespace(call.namespace())
            .setKey(call.key())
            .setStable(call.params().flag("stable"))
            .build();
    ExistsResponse response = call.ask(kv::exists, request);
    ObjectNode json = JsonShapes.object();
    json.put("namespace", call.namespace());
    json.put("key", call.key());
    json.put("exists", response.getExists());
    return Answer.json(json);
  }

  private Answer put(HttpCall call) {
    PutRequest.Builder request =
        PutRequest.newBuilder()
            .setNamespace(call.namespace())
            .setKey(call.key())
            .setValue(call.body())
            .setAck(call.ack())
            .setNote(call.params().text("note"))
            .setRequestId(call.requestId())
            .addAllParents(call.parents());
    String state = call.ifState();
    boolean absent = call.ifAbsent();
    if (absent && !state.isEmpty()) {
      throw new KdeltaException.Invalid("if", "excludes if-absent");
    }
    if (absent) request.setIfAbsent(true);
    if (!state.isEmpty()) request.setIfState(state);
    return written(call.ask(kv::put, request.build()), call.params().text("note"));
  }

  private Answer delete(HttpCall call) {
    DeleteRequest request =
        DeleteRequest.newBuilder()
            .setNamespace(call.namespace())
            .setKey(call.key())
            .setIfState(call.ifState())
            .setAck(call.ack())
            .setNote(call.params().text("note"))
            .setRequestId(call.requestId())
            .addAllParents(call.parents())
            .build();
    return written(call.ask(kv::delete, request), call.params().text("note"));
  }

  /** What a write became. */
  static Answer written(WriteResult result, String note) {
    return Answer.json(JsonShapes.write(result, note))
        .with("Kdelta-Version", result.getId())
        .with("Kdelta-Heads-Superseded", Integer.toString(result.getHeadsSuperseded()))
        .with("Kdelta-Heads-Left", Integer.toString(result.getHeadsLeft()));
  }

  private Answer batch(HttpCall call) {
    String note = call.params().text("note");
    BatchWriteRequest.Builder request =
        BatchWriteRequest.newBuilder().setAck(call.ack()).setRequestId(call.requestId());
    BodyLines.each(
        call.body(), (line, number) -> request.addOperations(operation(line, note, number)));
    if (request.getOperationsCount() == 0) {
      throw new KdeltaException.Invalid("batch", "is empty: a line is {\"op\":\"put\",\"key\":...");
    }
    return Answer.json(
        JsonShapes.list(
            "versions",
            call.ask(kv::batchWrite, request.build()).getResultsList(),
            result -> JsonShapes.write(result, note)));
  }

  private static BatchWriteRequest.Operation operation(byte[] line, String note, int number) {
    try {
      return BatchLine.read(line, note);
    } catch (KdeltaException.Invalid e) {
      throw new KdeltaException.Invalid("line " + number, e.reason());
    }
  }

  private Answer keys(HttpCall call) {
    Params params = call.params();
    ListKeysRequest request =
        ListKeysRequest.newBuilder()
            .setNamespace(call.namespace())
            .setPrefix(params.text("prefix"))
            .setPageSize(params.count("limit"))
            .setPageToken(params.text("page"))
            .setStable(params.flag("stable"))
            .build();
    ListKeysResponse response = call.ask(kv::listKeys, request);
    return page(
        Answer.json(JsonShapes.list("keys", response.getKeysList(), TextNode::valueOf)),
        response.getNextPageToken());
  }

  /** A list that may go on. */
  static Answer page(Answer answer, String next) {
    return answer.with("Kdelta-Next", PercentText.encode(next));
  }

  private Answer namespaces(HttpCall call) {
    return Answer.json(
        JsonShapes.list(
            "namespaces",
            call.ask(kv::listNamespaces, ListNamespacesRequest.getDefaultInstance())
                .getNamespacesList(),
            JsonShapes::stats));
  }

  private Answer stats(HttpCall call) {
    GetStatsRequest request = GetStatsRequest.newBuilder().setNamespace(call.namespace()).build();
    return Answer.json(JsonShapes.stats(call.ask(kv::getStats, request)));
  }
}
