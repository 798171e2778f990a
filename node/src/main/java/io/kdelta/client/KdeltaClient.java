package io.kdelta.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.kdelta.causal.CausalToken;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.BatchWriteResponse;
import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.DiffVersionsRequest;
import io.kdelta.proto.v1.DiffVersionsResponse;
import io.kdelta.proto.v1.ExistsRequest;
import io.kdelta.proto.v1.ExistsResponse;
import io.kdelta.proto.v1.ExportVersionsRequest;
import io.kdelta.proto.v1.ExportVersionsResponse;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.GetStatsRequest;
import io.kdelta.proto.v1.GetVersionRequest;
import io.kdelta.proto.v1.KvGrpc;
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
import io.kdelta.proto.v1.ListKeysRequest;
import io.kdelta.proto.v1.ListKeysResponse;
import io.kdelta.proto.v1.ListNamespacesRequest;
import io.kdelta.proto.v1.ListNamespacesResponse;
import io.kdelta.proto.v1.ListVersionsRequest;
import io.kdelta.proto.v1.ListVersionsResponse;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.ResolveRequest;
import io.kdelta.proto.v1.ResolveResponse;
import io.kdelta.proto.v1.Stats;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.wire.StatusReading;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * A handle on a cluster: it asks the first of its servers that answers, and goes on with the next
 * one when that is gone, late, behind, full or takes no writes. A request is sent again, under the
 * same request id, until it is answered, refused for good, or its time is over; between two rounds
 * through all servers it waits, longer each time. What its replies have shown goes with every
 * request as a causal token, so no server answers with less: one client is one session.
 *
 * <p>Calls block, on threads of whatever kind, and throw {@link KdeltaException} as the server
 * meant it; its cause is what gRPC said. What no caller would act on stays a {@link
 * StatusRuntimeException}. An error with a suppressed one: an earlier attempt, of which nothing was
 * heard, may have stored the write. Thread-safe.
 *
 * <p>A write that a lost server had accepted and told nobody of is written again elsewhere: should
 * that server come back with its disk, the key has two versions of equal content, one of which the
 * next write supersedes with the other.
 */
public final class KdeltaClient implements AutoCloseable {
  private final ClientSettings settings;
  private final TokenCarrier session;
  private final ServerChannels servers;
  private final LongAdder repeated;

  private KdeltaClient(
      ClientSettings settings, TokenCarrier session, ServerChannels servers, LongAdder repeated) {
    this.settings = settings;
    this.session = session;
    this.servers = servers;
    this.repeated = repeated;
  }

  /** A client with a session of its own; Invalid when the files of its TLS cannot be used. */
  public static KdeltaClient connect(ClientSettings settings) {
    return connect(settings, new TokenCarrier(CausalToken.NONE));
  }

  /** A client that goes on with a session. */
  public static KdeltaClient connect(ClientSettings settings, TokenCarrier session) {
    return new KdeltaClient(
        settings,
        session,
        new ServerChannels(settings.servers(), session, settings.tls()),
        new LongAdder());
  }

  /** The same client, connections and session, of another patience; closing one closes both. */
  public KdeltaClient within(Duration time) {
    return new KdeltaClient(settings.within(time, time), session, servers, repeated);
  }

  /**
   * The same client, connections and session, of another patience; closing one closes both.
   *
   * @param forOneServer how long one may take of it
   */
  public KdeltaClient within(Duration time, Duration forOneServer) {
    return new KdeltaClient(settings.within(time, forOneServer), session, servers, repeated);
  }

  /** The same client, connections and session, of so many rounds; closing one closes both. */
  public KdeltaClient rounds(int most) {
    return new KdeltaClient(settings.rounds(most), session, servers, repeated);
  }

  /** What the session has seen. */
  public CausalToken token() {
    return session.token();
  }

  /** How many requests were sent again so far, to the same server or to another one. */
  public long repetitions() {
    return repeated.sum();
  }

  /** The address of the server in use. */
  public String address() {
    return servers.current();
  }

  /** Goes on with another server than this one, which a stream of the caller's own has lost. */
  public void leave(String address) {
    servers.leave(address);
  }

  /** To the server in use, for streams of the caller's own; the session goes with each request. */
  public Channel channel() {
    return servers.to(servers.current());
  }

  /** The current document of a key as JSON; NotFound when it has none. */
  public String get(String namespace, String key) {
    GetRequest request = GetRequest.newBuilder().setNamespace(namespace).setKey(key).build();
    return get(request).getVersion().getValue().toStringUtf8();
  }

  /** Writes a JSON document, at the level that the node takes by itself. */
  public WriteResult put(String namespace, String key, String json) {
    return put(
        PutRequest.newBuilder()
            .setNamespace(namespace)
            .setKey(key)
            .setValue(ByteString.copyFromUtf8(json))
            .build());
  }

  /** Deletes a document; NotFound when there is none. */
  public WriteResult delete(String namespace, String key) {
    return delete(DeleteRequest.newBuilder().setNamespace(namespace).setKey(key).build());
  }

  /** Every version of a key, newest first, page after page. */
  public List<Version> history(String namespace, String key) {
    List<Version> versions = new ArrayList<>();
    ListVersionsRequest.Builder request =
        ListVersionsRequest.newBuilder().setNamespace(namespace).setKey(key);
    do {
      ListVersionsResponse page = listVersions(request.build());
      versions.addAll(page.getVersionsList());
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    return versions;
  }

  public GetResponse get(GetRequest request) {
    return call(KvGrpc.getGetMethod(), request);
  }

  public ExistsResponse exists(ExistsRequest request) {
    return call(KvGrpc.getExistsMethod(), request);
  }

  public WriteResult put(PutRequest request) {
    return call(KvGrpc.getPutMethod(), request);
  }

  public WriteResult delete(DeleteRequest request) {
    return call(KvGrpc.getDeleteMethod(), request);
  }

  public BatchWriteResponse batchWrite(BatchWriteRequest request) {
    return call(KvGrpc.getBatchWriteMethod(), request);
  }

  public ListKeysResponse listKeys(ListKeysRequest request) {
    return call(KvGrpc.getListKeysMethod(), request);
  }

  public ListNamespacesResponse listNamespaces(ListNamespacesRequest request) {
    return call(KvGrpc.getListNamespacesMethod(), request);
  }

  public Stats getStats(GetStatsRequest request) {
    return call(KvGrpc.getGetStatsMethod(), request);
  }

  public Version getVersion(GetVersionRequest request) {
    return call(VersionsGrpc.getGetVersionMethod(), request);
  }

  public ListVersionsResponse listVersions(ListVersionsRequest request) {
    return call(VersionsGrpc.getListVersionsMethod(), request);
  }

  public ListHeadsResponse listHeads(ListHeadsRequest request) {
    return call(VersionsGrpc.getListHeadsMethod(), request);
  }

  public ListAncestorsResponse listAncestors(ListAncestorsRequest request) {
    return call(VersionsGrpc.getListAncestorsMethod(), request);
  }

  public ListDescendantsResponse listDescendants(ListDescendantsRequest request) {
    return call(VersionsGrpc.getListDescendantsMethod(), request);
  }

  public ListCommonAncestorsResponse listCommonAncestors(ListCommonAncestorsRequest request) {
    return call(VersionsGrpc.getListCommonAncestorsMethod(), request);
  }

  public DiffVersionsResponse diffVersions(DiffVersionsRequest request) {
    return call(VersionsGrpc.getDiffVersionsMethod(), request);
  }

  public ListConflictsResponse listConflicts(ListConflictsRequest request) {
    return call(VersionsGrpc.getListConflictsMethod(), request);
  }

  public ResolveResponse resolve(ResolveRequest request) {
    return call(VersionsGrpc.getResolveMethod(), request);
  }

  public ExportVersionsResponse exportVersions(ExportVersionsRequest request) {
    return call(VersionsGrpc.getExportVersionsMethod(), request);
  }

  /** Follows changes, over the end of servers. The caller closes it. */
  public ChangeFeed watch(WatchRequest request) {
    return new ChangeFeed(settings, servers, request);
  }

  /** Any method of one request and one reply that may be repeated, on whatever server. */
  public <Q extends Message, R> R call(MethodDescriptor<Q, R> method, Q request) {
    Q named = RequestIds.named(request);
    long deadline = System.nanoTime() + settings.patience().toNanos();
    Repetitions repetitions = new Repetitions(settings, servers, deadline);
    while (true) {
      String address = servers.current();
      try {
        return ask(address, method, named, repetitions.attemptNanos());
      } catch (StatusRuntimeException failure) {
        if (!repetitions.again(address, failure)) throw repetitions.error(failure);
        repeated.increment();
      }
    }
  }

  /** A method that concerns the server in use and no other: asked once. */
  public <Q extends Message, R> R callHere(MethodDescriptor<Q, R> method, Q request) {
    String address = servers.current();
    try {
      return ask(address, method, request, settings.patience().toNanos());
    } catch (StatusRuntimeException failure) {
      throw error(failure, List.of(address));
    }
  }

  private <Q, R> R ask(String address, MethodDescriptor<Q, R> method, Q request, long nanos) {
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS);
    return ClientCalls.blockingUnaryCall(servers.to(address), method, options, request);
  }

  static RuntimeException error(StatusRuntimeException failure, List<String> asked) {
    return StatusReading.read(failure, asked).<RuntimeException>map(e -> e).orElse(failure);
  }

  @Override
  public void close() {
    servers.close();
  }
}
