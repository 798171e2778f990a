package io.kdelta.server;

import io.grpc.stub.StreamObserver;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.BatchWriteResponse;
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
import io.kdelta.proto.v1.ListNamespacesResponse;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.Stats;
import io.kdelta.proto.v1.WriteResult;

/** Documents by key: each call is one command. Any thread. */
final class KvService extends KvGrpc.KvImplBase {
  private final Calls calls;
  private final Requests requests;
  private final Replies replies;

  KvService(Calls calls, Requests requests, Replies replies) {
    this.calls = calls;
    this.requests = requests;
    this.replies = replies;
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> observer) {
    calls.read(
        observer,
        KvGrpc.getGetMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.Get(
                Requests.key(request.getNamespace(), request.getKey()),
                Requests.at(request.getAt())),
        reply -> replies.value((Reply.Value) reply));
  }

  @Override
  public void exists(ExistsRequest request, StreamObserver<ExistsResponse> observer) {
    calls.read(
        observer,
        KvGrpc.getExistsMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.Exists(
                Requests.key(request.getNamespace(), request.getKey()), request.getStable()),
        reply -> ExistsResponse.newBuilder().setExists(((Reply.Existence) reply).exists()).build());
  }

  @Override
  public void put(PutRequest request, StreamObserver<WriteResult> observer) {
    calls.answer(
        observer,
        request.getCausalToken(),
        request.getValue().size(),
        () -> requests.put(request),
        reply -> replies.single((Reply.Written) reply));
  }

  @Override
  public void delete(DeleteRequest request, StreamObserver<WriteResult> observer) {
    calls.answer(
        observer,
        request.getCausalToken(),
        () -> requests.delete(request),
        reply -> replies.single((Reply.Written) reply));
  }

  @Override
  public void batchWrite(BatchWriteRequest request, StreamObserver<BatchWriteResponse> observer) {
    calls.answer(
        observer,
        request.getCausalToken(),
        () -> requests.batch(request),
        reply -> replies.batch((Reply.Written) reply));
  }

  @Override
  public void listKeys(ListKeysRequest request, StreamObserver<ListKeysResponse> observer) {
    calls.read(
        observer,
        KvGrpc.getListKeysMethod(),
        request,
        request.getCausalToken(),
        () ->
            new Command.ListKeys(
                Requests.namespace(request.getNamespace(), false),
                request.getPrefix(),
                request.getPageToken(),
                Requests.pageSize(
                    request.getPageSize(), EdgeLimits.KEY_PAGE_DEFAULT, EdgeLimits.KEY_PAGE_MAX),
                request.getStable()),
        reply -> {
          Reply.KeyList list = (Reply.KeyList) reply;
          return ListKeysResponse.newBuilder()
              .addAllKeys(Replies.keys(list.keys()))
              .setNextPageToken(list.next())
              .build();
        });
  }

  @Override
  public void listNamespaces(
      ListNamespacesRequest request, StreamObserver<ListNamespacesResponse> observer) {
    calls.read(
        observer,
        KvGrpc.getListNamespacesMethod(),
        request,
        request.getCausalToken(),
        Command.ListNamespaces::new,
        reply ->
            ListNamespacesResponse.newBuilder()
                .addAllNamespaces(
                    ((Reply.NamespaceList) reply)
                        .namespaces().stream().map(Replies::stats).toList())
                .build());
  }

  @Override
  public void getStats(GetStatsRequest request, StreamObserver<Stats> observer) {
    calls.read(
        observer,
        KvGrpc.getGetStatsMethod(),
        request,
        request.getCausalToken(),
        () -> new Command.Stats(Requests.namespace(request.getNamespace(), true)),
        reply -> Replies.stats((Reply.Stats) reply));
  }
}
