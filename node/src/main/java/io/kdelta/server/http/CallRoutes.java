package io.kdelta.server.http;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.rpc.Code;
import io.grpc.MethodDescriptor;
import io.grpc.stub.StreamObserver;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.VersionsGrpc;
import java.util.List;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * Calls of the contract as they are, messages of protobuf in and out: for clients that know the
 * contract and would rather not load gRPC, such as the command line. What a service refuses is a
 * google.rpc.Status. All that reads and writes documents, and what only reads of the cluster.
 * Immutable.
 */
final class CallRoutes {
  static final String PROTOBUF = "application/protobuf";

  private final RequestReader reader;
  private final TreeMap<String, Method<?, ?>> methods = new TreeMap<>();

  /** A method and who carries it out. */
  private record Method<Q extends Message, R extends Message>(
      MethodDescriptor<Q, R> descriptor, BiConsumer<Q, StreamObserver<R>> service) {
    ByteString answer(HttpCall call, RequestReader reader) {
      if (!(descriptor.getRequestMarshaller()
          instanceof MethodDescriptor.PrototypeMarshaller<Q> known)) {
        throw new AssertionError("a request that is no protobuf message");
      }
      Q prototype = known.getMessagePrototype();
      if (prototype == null) throw new AssertionError("a method without a request");
      return call.ask(service, reader.read(prototype, call.body())).toByteString();
    }
  }

  CallRoutes(Contract contract) {
    this.reader = contract.reader();
    KvGrpc.KvImplBase kv = contract.kv();
    add(KvGrpc.getGetMethod(), kv::get);
    add(KvGrpc.getExistsMethod(), kv::exists);
    add(KvGrpc.getPutMethod(), kv::put);
    add(KvGrpc.getDeleteMethod(), kv::delete);
    add(KvGrpc.getBatchWriteMethod(), kv::batchWrite);
    add(KvGrpc.getListKeysMethod(), kv::listKeys);
    add(KvGrpc.getListNamespacesMethod(), kv::listNamespaces);
    add(KvGrpc.getGetStatsMethod(), kv::getStats);
    VersionsGrpc.VersionsImplBase versions = contract.versions();
    add(VersionsGrpc.getGetVersionMethod(), versions::getVersion);
    add(VersionsGrpc.getListVersionsMethod(), versions::listVersions);
    add(VersionsGrpc.getListHeadsMethod(), versions::listHeads);
    add(VersionsGrpc.getListAncestorsMethod(), versions::listAncestors);
    add(VersionsGrpc.getListDescendantsMethod(), versions::listDescendants);
    add(VersionsGrpc.getListCommonAncestorsMethod(), versions::listCommonAncestors);
    add(VersionsGrpc.getDiffVersionsMethod(), versions::diffVersions);
    add(VersionsGrpc.getListConflictsMethod(), versions::listConflicts);
    add(VersionsGrpc.getResolveMethod(), versions::resolve);
    add(VersionsGrpc.getExportVersionsMethod(), versions::exportVersions);
    ClusterGrpc.ClusterImplBase cluster = contract.cluster();
    add(ClusterGrpc.getGetClusterStatusMethod(), cluster::getClusterStatus);
    add(ClusterGrpc.getListSessionsMethod(), cluster::listSessions);
  }

  private <Q extends Message, R extends Message> void add(
      MethodDescriptor<Q, R> descriptor, BiConsumer<Q, StreamObserver<R>> service) {
    methods.put(descriptor.getFullMethodName(), new Method<>(descriptor, service));
  }

  List<Route> routes() {
    return List.of(Route.of("POST /v1/call/{service}/{method}", List.of(), this::answer));
  }

  private Answer answer(HttpCall call) {
    if (!call.contentType().equals(PROTOBUF)) {
      throw Refusal.of(415, Code.INVALID_ARGUMENT, "CONTENT_TYPE", "a call is of " + PROTOBUF, "");
    }
    Method<?, ?> method = methods.get(call.variable("service") + "/" + call.variable("method"));
    if (method == null) {
      throw Refusal.of(
          404, Code.UNIMPLEMENTED, "NO_ROUTE", "no such call over HTTP", "gRPC has all of them");
    }
    try {
      return Answer.bytes(200, PROTOBUF, method.answer(call, reader));
    } catch (Refusal e) {
      return Answer.bytes(e.status(), PROTOBUF, e.packed());
    }
  }
}
