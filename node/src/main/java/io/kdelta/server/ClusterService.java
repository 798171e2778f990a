package io.kdelta.server;

import io.grpc.stub.StreamObserver;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.ClusterStatus;
import io.kdelta.proto.v1.DrainRequest;
import io.kdelta.proto.v1.DrainResponse;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.LeaveRequest;
import io.kdelta.proto.v1.LeaveResponse;
import io.kdelta.proto.v1.ListSessionsRequest;
import io.kdelta.proto.v1.ListSessionsResponse;
import io.kdelta.proto.v1.ReconcileRequest;
import io.kdelta.proto.v1.ReconcileResponse;
import io.kdelta.proto.v1.RemoveMemberRequest;
import io.kdelta.proto.v1.RemoveMemberResponse;

/** The cluster as this node sees it: each call is one command. Any thread. */
final class ClusterService extends ClusterGrpc.ClusterImplBase {
  private final Calls calls;

  ClusterService(Calls calls) {
    this.calls = calls;
  }

  @Override
  public void getClusterStatus(
      GetClusterStatusRequest request, StreamObserver<ClusterStatus> observer) {
    calls.answer(
        observer, Command.ClusterStatus::new, reply -> Replies.members((Reply.MemberList) reply));
  }

  @Override
  public void listSessions(
      ListSessionsRequest request, StreamObserver<ListSessionsResponse> observer) {
    calls.answer(
        observer,
        () ->
            new Command.ReconcileLog(
                Requests.pageSize(request.getPageSize(), EdgeLimits.PAGE_MAX, EdgeLimits.PAGE_MAX)),
        reply ->
            ListSessionsResponse.newBuilder()
                .addAllSessions(Replies.sessions((Reply.SessionList) reply))
                .build());
  }

  @Override
  public void reconcile(ReconcileRequest request, StreamObserver<ReconcileResponse> observer) {
    calls.answer(
        observer,
        () -> new Command.Reconcile(request.getPeer().isEmpty() ? null : request.getPeer()),
        reply ->
            ReconcileResponse.newBuilder()
                .addAllSessions(Replies.sessions((Reply.SessionList) reply))
                .build());
  }

  @Override
  public void leave(LeaveRequest request, StreamObserver<LeaveResponse> observer) {
    calls.answer(
        observer,
        Command.Leave::new,
        reply -> LeaveResponse.newBuilder().setTold(((Reply.Left) reply).told()).build());
  }

  @Override
  public void drain(DrainRequest request, StreamObserver<DrainResponse> observer) {
    calls.answer(
        observer,
        Command.Drain::new,
        reply -> {
          Reply.Left drained = (Reply.Left) reply;
          return DrainResponse.newBuilder()
              .setTold(drained.told())
              .setShipped(drained.shipped())
              .build();
        });
  }

  @Override
  public void removeMember(
      RemoveMemberRequest request, StreamObserver<RemoveMemberResponse> observer) {
    calls.answer(
        observer,
        () -> new Command.Remove(request.getNode()),
        reply -> {
          Reply.Removed removed = (Reply.Removed) reply;
          return RemoveMemberResponse.newBuilder()
              .setNodeId(removed.node().hex())
              .setTold(removed.told())
              .build();
        });
  }
}
