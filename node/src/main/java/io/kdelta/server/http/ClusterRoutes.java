package io.kdelta.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.ListSessionsRequest;
import io.kdelta.proto.v1.Member;
import io.kdelta.wire.JsonShapes;
import java.util.List;

/** The cluster as the answering node sees it; nothing here changes it. Stateless. */
final class ClusterRoutes {
  private final ClusterGrpc.ClusterImplBase cluster;

  ClusterRoutes(ClusterGrpc.ClusterImplBase cluster) {
    this.cluster = cluster;
  }

  List<Route> routes() {
    return List.of(
        Route.of("GET /v1/cluster/status", List.of(), this::status),
        Route.of("GET /v1/cluster/members", List.of(), this::members),
        Route.of("GET /v1/cluster/log", List.of("limit"), this::log));
  }

  private Answer status(HttpCall call) {
    ClusterStatus status = ask(call);
    return Answer.json(JsonShapes.list("nodes", status.getNodesList(), node -> node(status, node)));
  }

  /** The answering node's own line tells how far it is with what it lacks. */
  private static ObjectNode node(ClusterStatus status, Member node) {
    ObjectNode json = JsonShapes.member(node);
    if (node.getSelf() && status.hasCatchUp()) {
      json.set("catchUp", JsonShapes.catchUp(status.getCatchUp()));
    }
    return json;
  }

  private Answer members(HttpCall call) {
    return Answer.json(JsonShapes.list("members", ask(call).getNodesList(), JsonShapes::person));
  }

  private ClusterStatus ask(HttpCall call) {
    return call.ask(cluster::getClusterStatus, GetClusterStatusRequest.getDefaultInstance());
  }

  private Answer log(HttpCall call) {
    ListSessionsRequest request =
        ListSessionsRequest.newBuilder().setPageSize(call.params().count("limit")).build();
    return Answer.json(
        JsonShapes.list(
            "sessions",
            call.ask(cluster::listSessions, request).getSessionsList(),
            JsonShapes::session));
  }
}
