package io.kdelta.server;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.proto.v1.DiffVersionsRequest;
import io.kdelta.proto.v1.DiffVersionsResponse;
import io.kdelta.proto.v1.ExportVersionsRequest;
import io.kdelta.proto.v1.ExportVersionsResponse;
import io.kdelta.proto.v1.GetVersionRequest;
import io.kdelta.proto.v1.ImportVersionsRequest;
import io.kdelta.proto.v1.ImportVersionsResponse;
import io.kdelta.proto.v1.ListAncestorsRequest;
import io.kdelta.proto.v1.ListAncestorsResponse;
import io.kdelta.proto.v1.ListCommonAncestorsRequest;
import io.kdelta.proto.v1.ListCommonAncestorsResponse;
import io.kdelta.proto.v1.ListConflictsRequest;
import io.kdelta.proto.v1.ListConflictsResponse;
import io.kdelta.proto.v1.ListDescendantsRequest;
import io.kdelta.proto.v1.ListDescendantsResponse;
import io.kdelta.proto.v1.ListHeadsRequest;
import io.kdelta.proto.v1.ListHeadsResponse;
import io.kdelta.proto.v1.ListVersionsRequest;
import io.kdelta.proto.v1.ListVersionsResponse;
import io.kdelta.proto.v1.ResolveRequest;
import io.kdelta.proto.v1.ResolveResponse;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import java.util.List;

/** The causal graph: each call is one command. Any thread. */
final class VersionsService extends VersionsGrpc.VersionsImplBase {
  private final Calls calls;
  private final Requests requests;
  private final Replies replies;

  VersionsService(Calls calls, Requests requests, Replies replies) {
    this.calls = calls;
    this.requests = requests;
    this.replies = replies;
  }

  @Override
  public void getVersion(GetVersionRequest request, StreamObserver<Version> observer) {
    calls.read(
        observer,
        VersionsGrpc.getGetVersionMethod(),
        request,
        request.getCausalToken(),
        () -> new Command.Show(Requests.prefix("id", request.getId())),
        reply -> replies.version(((Reply.Shown) reply).version()));
  }

  @Override
  public void listVersions(
      ListVersionsRequest request, StreamObserver<ListVersionsResponse> observer) {
    calls.read(
        observer,
        VersionsGrpc.getListVersionsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.History(
                Requests.key(request.getNamespace(), request.getKey()),
                request.hasSince() ? Requests.micros("since", request.getSince()) : 0,
                request.getPageToken(),
                pageSize(request.getPageSize())),
        reply -> {
          Reply.VersionList list = (Reply.VersionList) reply;
          return ListVersionsResponse.newBuilder()
              .addAllVersions(replies.versions(list.versions()))
              .setNextPageToken(list.next())
              .build();
        });
  }

  @Override
  public void listHeads(ListHeadsRequest request, StreamObserver<ListHeadsResponse> observer) {
    calls.read(
        observer,
        VersionsGrpc.getListHeadsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.Heads(
                Requests.key(request.getNamespace(), request.getKey()),
                Requests.at(request.getAt())),
        reply -> replies.heads((Reply.HeadList) reply));
  }

  @Override
  public void listAncestors(
      ListAncestorsRequest request, StreamObserver<ListAncestorsResponse> observer) {
    calls.read(
        observer,
        VersionsGrpc.getListAncestorsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.Ancestors(
                Requests.prefix("id", request.getId()), pageSize(request.getPageSize())),
        reply -> ListAncestorsResponse.newBuilder().addAllVersions(versions(reply)).build());
  }

  @Override
  public void listDescendants(
      ListDescendantsRequest request, StreamObserver<ListDescendantsResponse> observer) {
    calls.read(
        observer,
        VersionsGrpc.getListDescendantsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.Descendants(
                Requests.prefix("id", request.getId()), pageSize(request.getPageSize())),
        reply -> ListDescendantsResponse.newBuilder().addAllVersions(versions(reply)).build());
  }

  @Override
  public void listCommonAncestors(
      ListCommonAncestorsRequest request, StreamObserver<ListCommonAncestorsResponse> observer) {
    calls.read(
        observer,
        VersionsGrpc.getListCommonAncestorsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.CommonAncestor(
                Requests.prefix("first", request.getFirst()),
                Requests.prefix("second", request.getSecond())),
        reply -> ListCommonAncestorsResponse.newBuilder().addAllVersions(versions(reply)).build());
  }

  @Override
  public void diffVersions(
      DiffVersionsRequest request, StreamObserver<DiffVersionsResponse> observer) {
    calls.read(
        observer,
        VersionsGrpc.getDiffVersionsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.Diff(
                Requests.key(request.getNamespace(), request.getKey()),
                request.hasFrom() ? Requests.at(request.getFrom()) : null,
                Requests.at(request.getTo())),
        reply -> replies.difference((Reply.Difference) reply));
  }

  @Override
  public void listConflicts(
      ListConflictsRequest request, StreamObserver<ListConflictsResponse> observer) {
    calls.read(
        observer,
        VersionsGrpc.getListConflictsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.Conflicts(
                Requests.namespace(request.getNamespace(), true),
                request.getPageToken(),
                pageSize(request.getPageSize())),
        reply -> replies.conflicts((Reply.ConflictList) reply));
  }

  @Override
  public void resolve(ResolveRequest request, StreamObserver<ResolveResponse> observer) {
    calls.answer(
        observer,
        request.getCausalToken(),
        () -> requests.resolve(request),
        reply -> replies.resolved((Reply.Resolved) reply));
  }

  @Override
  public void exportVersions(
      ExportVersionsRequest request, StreamObserver<ExportVersionsResponse> observer) {
    calls.read(
        observer,
        VersionsGrpc.getExportVersionsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.Export(
                Requests.namespace(request.getNamespace(), false),
                request.getHistory(),
                request.getPageToken(),
                Requests.pageSize(request.getPageSize(), EdgeLimits.PAGE_MAX, EdgeLimits.PAGE_MAX),
                EdgeLimits.EXPORT_PAGE_BYTES_MAX),
        reply -> {
          Reply.VersionList list = (Reply.VersionList) reply;
          return ExportVersionsResponse.newBuilder()
              .addAllVersions(replies.versions(list.versions()))
              .setNextPageToken(list.next())
              .build();
        });
  }

  @Override
  public StreamObserver<ImportVersionsRequest> importVersions(
      StreamObserver<ImportVersionsResponse> observer) {
    return new ImportStream(
        calls, requests, (ServerCallStreamObserver<ImportVersionsResponse>) observer);
  }

  private List<Version> versions(Reply reply) {
    return replies.versions(((Reply.VersionList) reply).versions());
  }

  private static int pageSize(int asked) {
    return Requests.pageSize(asked, EdgeLimits.PAGE_DEFAULT, EdgeLimits.PAGE_MAX);
  }
}
