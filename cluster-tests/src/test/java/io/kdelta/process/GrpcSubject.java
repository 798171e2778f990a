package io.kdelta.process;

import com.google.protobuf.Timestamp;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.memory.Bytes;
import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.ConflictedKey;
import io.kdelta.proto.v1.ExportVersionsRequest;
import io.kdelta.proto.v1.ExportVersionsResponse;
import io.kdelta.proto.v1.GetNodeStatusRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.GetStatsRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.ListConflictsRequest;
import io.kdelta.proto.v1.ListConflictsResponse;
import io.kdelta.proto.v1.ListHeadsRequest;
import io.kdelta.proto.v1.ListNamespacesRequest;
import io.kdelta.proto.v1.Stats;
import io.kdelta.proto.v1.Version;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.reconciliation.Digest;
import io.kdelta.sim.Audit;
import io.kdelta.sim.RawGraph;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A node process as the auditor asks it: over gRPC, as any client. */
final class GrpcSubject implements Audit.Subject {
  private static final int COUNTER_BITS = 12;
  private static final long PATIENCE_SECONDS = 20;

  private final String name;
  private final ManagedChannel channel;

  GrpcSubject(String name, ManagedChannel channel) {
    this.name = name;
    this.channel = channel;
  }

  private KvGrpc.KvBlockingStub kv() {
    return KvGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private VersionsGrpc.VersionsBlockingStub stub() {
    return VersionsGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private AdminGrpc.AdminBlockingStub admin() {
    return AdminGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Audit.Told> versions() {
    List<Audit.Told> all = new ArrayList<>();
    var namespaces = kv().listNamespaces(ListNamespacesRequest.getDefaultInstance());
    for (Stats namespace : namespaces.getNamespacesList()) {
      String page = "";
      do {
        ExportVersionsResponse part =
            stub()
                .exportVersions(
                    ExportVersionsRequest.newBuilder()
                        .setNamespace(namespace.getNamespace())
                        .setHistory(true)
                        .setPageToken(page)
                        .build());
        for (Version version : part.getVersionsList()) all.add(told(version));
        page = part.getNextPageToken();
      } while (!page.isEmpty());
    }
    return all;
  }

  static Audit.Told told(Version version) {
    return new Audit.Told(
        new RawGraph.Raw(
            version.getNamespace(),
            version.getKey(),
            Digest.fromHex(version.getId()),
            version.getParentsList().stream().map(Digest::fromHex).toList(),
            packed(version.getTime(), version.getLogical()),
            version.getKind() == Version.Kind.DELETE),
        version.getNode(),
        Bytes.wrap(version.getValue().toByteArray()),
        version.getNote());
  }

  private static long packed(Timestamp time, int logical) {
    long micros = time.getSeconds() * 1_000_000 + time.getNanos() / 1_000;
    return micros << COUNTER_BITS | logical;
  }

  @Override
  public Digest root() {
    return Digest.fromHex(
        admin().getNodeStatus(GetNodeStatusRequest.getDefaultInstance()).getRoot());
  }

  @Override
  public List<Digest> heads(String namespace, String key) {
    ListHeadsRequest request =
        ListHeadsRequest.newBuilder().setNamespace(namespace).setKey(key).build();
    return stub().listHeads(request).getHeadsList().stream()
        .map(head -> Digest.fromHex(head.getId()))
        .toList();
  }

  @Override
  public Audit.@Nullable Shown get(String namespace, String key) {
    try {
      GetRequest request = GetRequest.newBuilder().setNamespace(namespace).setKey(key).build();
      GetResponse response = kv().get(request);
      return new Audit.Shown(
          Digest.fromHex(response.getVersion().getId()), response.getHeadCount());
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) return null;
      throw e;
    }
  }

  @Override
  public List<String> conflicts() {
    List<String> all = new ArrayList<>();
    String page = "";
    do {
      ListConflictsResponse part =
          stub()
              .listConflicts(
                  ListConflictsRequest.newBuilder().setPageSize(1_000).setPageToken(page).build());
      for (ConflictedKey key : part.getConflictsList()) {
        all.add(key.getNamespace() + "/" + key.getKey());
      }
      page = part.getNextPageToken();
    } while (!page.isEmpty());
    return all;
  }

  @Override
  public Audit.Counts counts() {
    Stats stats = kv().getStats(GetStatsRequest.getDefaultInstance());
    return new Audit.Counts(
        stats.getVersions(), stats.getKeysEver(), stats.getKeys(), stats.getConflicts());
  }
}
