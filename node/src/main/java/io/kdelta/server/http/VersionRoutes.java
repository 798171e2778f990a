package io.kdelta.server.http;

import com.google.rpc.Code;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.DiffVersionsRequest;
import io.kdelta.proto.v1.DiffVersionsResponse;
import io.kdelta.proto.v1.ExportVersionsRequest;
import io.kdelta.proto.v1.ExportVersionsResponse;
import io.kdelta.proto.v1.GetVersionRequest;
import io.kdelta.proto.v1.ListAncestorsRequest;
import io.kdelta.proto.v1.ListCommonAncestorsRequest;
import io.kdelta.proto.v1.ListConflictsRequest;
import io.kdelta.proto.v1.ListConflictsResponse;
import io.kdelta.proto.v1.ListDescendantsRequest;
import io.kdelta.proto.v1.ListHeadsRequest;
import io.kdelta.proto.v1.ListVersionsRequest;
import io.kdelta.proto.v1.ListVersionsResponse;
import io.kdelta.proto.v1.ResolveRequest;
import io.kdelta.proto.v1.ResolveResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.wire.JsonShapes;
import java.util.List;

/** The causal graph behind the documents. Stateless. */
final class VersionRoutes {
  private final VersionsGrpc.VersionsImplBase versions;

  VersionRoutes(VersionsGrpc.VersionsImplBase versions) {
    this.versions = versions;
  }

  List<Route> routes() {
    List<String> none = List.of();
    List<String> limit = List.of("limit");
    List<String> pages = List.of("limit", "page");
    return List.of(
        Route.of("GET /v1/history/{ns}/{key}", List.of("limit", "page", "since"), this::history),
        Route.of("GET /v1/heads/{ns}/{key}", List.of("at", "stable"), this::heads),
        Route.of("GET /v1/diff/{ns}/{key}", List.of("from", "to"), this::diff),
        Route.of("GET /v1/versions/{id}", none, this::version),
        Route.of("GET /v1/versions/{id}/ancestors", limit, this::ancestors),
        Route.of("GET /v1/versions/{id}/descendants", limit, this::descendants),
        Route.of("GET /v1/versions/{id}/common/{other}", none, this::common),
        Route.of("GET /v1/conflicts", pages, this::conflicts),
        Route.of("GET /v1/conflicts/{ns}", pages, this::conflicts),
        Route.of(
            "POST /v1/resolve/{ns}/{key}",
            List.of("take", "merge", "dry-run", "ack", "note"),
            this::resolve),
        Route.of("GET /v1/export/{ns}", List.of("history", "limit", "page"), this::export));
  }

  private Answer version(HttpCall call) {
    GetVersionRequest request = GetVersionRequest.newBuilder().setId(call.variable("id")).build();
    Version version = call.ask(versions::getVersion, request);
    return Answer.json(JsonShapes.version(version)).with("Kdelta-Version", version.getId());
  }

  private Answer history(HttpCall call) {
    Params params = call.params();
    ListVersionsRequest.Builder request =
        ListVersionsRequest.newBuilder()
            .setNamespace(call.namespace())
            .setKey(call.key())
            .setPageSize(params.count("limit"))
            .setPageToken(params.text("page"));
    params.time("since").ifPresent(request::setSince);
    ListVersionsResponse response = call.ask(versions::listVersions, request.build());
    return KvRoutes.page(list(response.getVersionsList()), response.getNextPageToken());
  }

  Answer heads(HttpCall call) {
    ListHeadsRequest.Builder request =
        ListHeadsRequest.newBuilder().setNamespace(call.namespace()).setKey(call.key());
    KvRoutes.moment(call.params()).ifPresent(request::setAt);
    return Answer.json(JsonShapes.heads(call.ask(versions::listHeads, request.build())));
  }

  private Answer ancestors(HttpCall call) {
    ListAncestorsRequest request =
        ListAncestorsRequest.newBuilder()
            .setId(call.variable("id"))
            .setPageSize(call.params().count("limit"))
            .build();
    return list(call.ask(versions::listAncestors, request).getVersionsList());
  }

  private Answer descendants(HttpCall call) {
    ListDescendantsRequest request =
        ListDescendantsRequest.newBuilder()
            .setId(call.variable("id"))
            .setPageSize(call.params().count("limit"))
            .build();
    return list(call.ask(versions::listDescendants, request).getVersionsList());
  }

  private Answer common(HttpCall call) {
    ListCommonAncestorsRequest request =
        ListCommonAncestorsRequest.newBuilder()
            .setFirst(call.variable("id"))
            .setSecond(call.variable("other"))
            .build();
    return list(call.ask(versions::listCommonAncestors, request).getVersionsList());
  }

  private Answer diff(HttpCall call) {
    DiffVersionsRequest.Builder request =
        DiffVersionsRequest.newBuilder().setNamespace(call.namespace()).setKey(call.key());
    call.params().at("from").ifPresent(request::setFrom);
    call.params().at("to").ifPresent(request::setTo);
    DiffVersionsResponse response = call.ask(versions::diffVersions, request.build());
    return Answer.json(JsonShapes.list("changes", response.getChangesList(), JsonShapes::change))
        .with("Kdelta-From", response.getFrom())
        .with("Kdelta-To", response.getTo());
  }

  private Answer conflicts(HttpCall call) {
    ListConflictsRequest request =
        ListConflictsRequest.newBuilder()
            .setNamespace(call.namespace())
            .setPageSize(call.params().count("limit"))
            .setPageToken(call.params().text("page"))
            .build();
    ListConflictsResponse response = call.ask(versions::listConflicts, request);
    return KvRoutes.page(
        Answer.json(
            JsonShapes.list("conflicts", response.getConflictsList(), JsonShapes::conflict)),
        response.getNextPageToken());
  }

  private Answer resolve(HttpCall call) {
    Params params = call.params();
    String note = params.text("note");
    boolean dryRun = params.flag("dry-run");
    ResolveRequest.Builder request =
        ResolveRequest.newBuilder()
            .setNamespace(call.namespace())
            .setKey(call.key())
            .setDryRun(dryRun)
            .setAck(call.ack())
            .setNote(note)
            .setRequestId(call.requestId());
    int ways = (params.has("take") ? 1 : 0) + (params.flag("merge") ? 1 : 0);
    if (ways + (call.body().isEmpty() ? 0 : 1) != 1) {
      throw new KdeltaException.Invalid("resolve", "give one of take, merge and a document");
    }
    if (params.has("take")) request.setTake(params.text("take"));
    else if (params.flag("merge")) request.setMerge(true);
    else request.setValue(call.body());
    ResolveResponse response = call.ask(versions::resolve, request.build());
    if (response.hasResult()) return KvRoutes.written(response.getResult(), note);
    if (response.getUnmergedCount() > 0 && !dryRun) throw unmerged(call, response);
    return Answer.json(JsonShapes.preview(call.namespace(), call.key(), response));
  }

  private static Refusal unmerged(HttpCall call, ResolveResponse response) {
    String name = call.namespace() + "/" + call.key();
    return Refusal.of(
        409,
        Code.ABORTED,
        "UNMERGED",
        name
            + ": both sides changed "
            + String.join(", ", response.getUnmergedList())
            + "; nothing was written",
        "take one version, or send the document that is to be");
  }

  private Answer export(HttpCall call) {
    Params params = call.params();
    ExportVersionsRequest request =
        ExportVersionsRequest.newBuilder()
            .setNamespace(call.namespace())
            .setHistory(params.flag("history"))
            .setPageSize(params.count("limit"))
            .setPageToken(params.text("page"))
            .build();
    ExportVersionsResponse response = call.ask(versions::exportVersions, request);
    return KvRoutes.page(list(response.getVersionsList()), response.getNextPageToken());
  }

  private static Answer list(List<Version> versions) {
    return Answer.json(JsonShapes.list("versions", versions, JsonShapes::version));
  }
}
