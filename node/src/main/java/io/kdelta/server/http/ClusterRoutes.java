package io.kdelta.server.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.DrainRequest;
import io.kdelta.proto.v1.DrainResponse;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.LeaveRequest;
import io.kdelta.proto.v1.ListSessionsRequest;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.ReconcileRequest;
import io.kdelta.proto.v1.RemoveMemberRequest;
import io.kdelta.proto.v1.RemoveMemberResponse;
import io.kdelta.proto.v1.Session;
import io.kdelta.wire.JsonShapes;
import java.util.List;

/** The cluster as the answering node sees it, and who comes and goes. Stateless. */
final class ClusterRoutes {
  private final ClusterGrpc.ClusterImplBase cluster;

  ClusterRoutes(ClusterGrpc.ClusterImplBase cluster) {
    this.cluster = cluster;
  }

  List<Route> routes() {
    return List.of(
        Route.of("GET /v1/cluster/status", List.of(), this::status),
        Route.of("GET /v1/cluster/members", List.of(), this::members),
        Route.of("GET /v1/cluster/log", List.of("limit"), this::log),
        Route.of("POST /v1/cluster/reconcile", List.of("with"), this::reconcile),
        Route.of("POST /v1/cluster/leave", List.of(), this::leave),
        Route.of("POST /v1/cluster/drain", List.of(), this::drain),
        Route.of("POST /v1/cluster/remove/{node}", List.of(), this::remove));
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
    return sessions(call.ask(cluster::listSessions, request).getSessionsList());
  }

  private Answer reconcile(HttpCall call) {
    ReconcileRequest request =
        ReconcileRequest.newBuilder().setPeer(call.params().text("with")).build();
    int seconds = HttpLimits.CALL_SECONDS_MAX;
    return sessions(call.ask(cluster::reconcile, request, seconds).getSessionsList());
  }

  private static Answer sessions(List<Session> sessions) {
    return Answer.json(JsonShapes.list("sessions", sessions, JsonShapes::session));
  }

  private Answer leave(HttpCall call) {
    ObjectNode json = self(call);
    LeaveRequest request = LeaveRequest.getDefaultInstance();
    json.put("told", call.ask(cluster::leave, request, HttpLimits.CALL_SECONDS_MAX).getTold());
    return Answer.json(json);
  }

  private Answer drain(HttpCall call) {
    ObjectNode json = self(call);
    DrainRequest request = DrainRequest.getDefaultInstance();
    DrainResponse drained = call.ask(cluster::drain, request, HttpLimits.CALL_SECONDS_MAX);
    json.put("told", drained.getTold());
    json.put("shipped", drained.getShipped());
    return Answer.json(json);
  }

  /** Where others find the answering node, for it is this one that goes. */
  private ObjectNode self(HttpCall call) {
    ObjectNode json = JsonShapes.object();
    for (Member member : ask(call).getNodesList()) {
      if (member.getSelf()) json.put("address", member.getAddress());
    }
    return json;
  }

  private Answer remove(HttpCall call) {
    String node = call.variable("node");
    RemoveMemberRequest request = RemoveMemberRequest.newBuilder().setNode(node).build();
    RemoveMemberResponse removed = call.ask(cluster::removeMember, request);
    ObjectNode json = JsonShapes.object();
    json.put("node", node);
    json.put("id", removed.getNodeId());
    json.put("told", removed.getTold());
    return Answer.json(json);
  }
}
