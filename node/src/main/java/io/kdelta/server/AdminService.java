package io.kdelta.server;

import com.google.protobuf.Timestamp;
import io.grpc.stub.StreamObserver;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.Backup;
import io.kdelta.proto.v1.CompactRequest;
import io.kdelta.proto.v1.CompactResponse;
import io.kdelta.proto.v1.CreateBackupRequest;
import io.kdelta.proto.v1.CreateSnapshotRequest;
import io.kdelta.proto.v1.DeleteSnapshotRequest;
import io.kdelta.proto.v1.DeleteSnapshotResponse;
import io.kdelta.proto.v1.GetNodeStatusRequest;
import io.kdelta.proto.v1.ListSnapshotsRequest;
import io.kdelta.proto.v1.ListSnapshotsResponse;
import io.kdelta.proto.v1.NodeStatus;
import io.kdelta.proto.v1.StoreStatus;
import io.kdelta.storage.Errand;
import io.kdelta.storage.StorageStats;
import io.kdelta.vfs.HostVfs;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.Supplier;

/** One node, for the person who runs it. Any thread. */
final class AdminService extends AdminGrpc.AdminImplBase {
  /**
   * What the edge itself knows of the node.
   *
   * @param directory the data directory, or a word for none
   * @param listen where gRPC listens
   * @param http where HTTP listens; empty: nowhere
   * @param started when the process did
   */
  record Facts(String directory, String listen, String http, Timestamp started) {}

  private final Calls calls;
  private final Supplier<Facts> facts;

  AdminService(Calls calls, Supplier<Facts> facts) {
    this.calls = calls;
    this.facts = facts;
  }

  @Override
  public void getNodeStatus(GetNodeStatusRequest request, StreamObserver<NodeStatus> observer) {
    calls.answer(observer, Command.AdminStatus::new, reply -> status((Reply.Status) reply));
  }

  @Override
  public void createBackup(CreateBackupRequest request, StreamObserver<Backup> observer) {
    calls.answer(
        observer,
        () -> new Command.Backup(new HostVfs(directory(request.getDirectory()))),
        reply -> backup(request.getDirectory(), done(reply)));
  }

  @Override
  public void compact(CompactRequest request, StreamObserver<CompactResponse> observer) {
    calls.answer(
        observer,
        Command.Compact::new,
        reply -> {
          done(reply);
          return CompactResponse.newBuilder()
              .setTableBytes(calls.core().stats().diskBytes())
              .build();
        });
  }

  @Override
  public void createSnapshot(CreateSnapshotRequest request, StreamObserver<Backup> observer) {
    Path directory = Path.of(facts.get().directory(), "snapshots", "NAME");
    calls.answer(
        observer,
        () -> new Command.KeepSnapshot(request.getName()),
        reply -> backup(directory.resolveSibling(request.getName()).toString(), done(reply)));
  }

  @Override
  public void listSnapshots(
      ListSnapshotsRequest request, StreamObserver<ListSnapshotsResponse> observer) {
    calls.answer(
        observer,
        Command.ListSnapshots::new,
        reply -> ListSnapshotsResponse.newBuilder().addAllNames(done(reply).names()).build());
  }

  @Override
  public void deleteSnapshot(
      DeleteSnapshotRequest request, StreamObserver<DeleteSnapshotResponse> observer) {
    calls.answer(
        observer,
        () -> new Command.DropSnapshot(request.getName()),
        _ -> DeleteSnapshotResponse.getDefaultInstance());
  }

  private static Errand.Report done(Reply reply) {
    return ((Reply.StoreDone) reply).report();
  }

  private static Backup backup(String directory, Errand.Report report) {
    return Backup.newBuilder()
        .setDirectory(directory)
        .setPosition(report.lsn())
        .setFiles(report.files())
        .setNewFiles(report.filesNew())
        .setBytes(report.bytes())
        .setCopiedBytes(report.bytesCopied())
        .build();
  }

  private Path directory(String text) {
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      throw new KdeltaException.Invalid("directory", "is not a path: " + e.getReason());
    }
    if (!path.isAbsolute()) {
      throw new KdeltaException.Invalid("directory", "'" + text + "' is not an absolute path");
    }
    Path data = Path.of(facts.get().directory()).normalize();
    Path target = path.normalize();
    if (target.startsWith(data) || data.startsWith(target)) {
      throw new KdeltaException.Invalid(
          "directory", target + " and the data directory " + data + " lie in one another");
    }
    return target;
  }

  private static StoreStatus store(StorageStats stats) {
    return StoreStatus.newBuilder()
        .setRuns(stats.runs())
        .setTables(stats.tables())
        .setTableBytes(stats.tableBytes())
        .setMemtableBytes(stats.memtableBytes())
        .setPins(stats.pins())
        .setDamaged(stats.setAside())
        .setWrittenBytes(stats.batchBytes())
        .setFlushedBytes(stats.flushedBytes())
        .setMergedBytes(stats.mergedBytes())
        .setScrubPasses(stats.scrubPasses())
        .setScrubbedBytes(stats.scrubbedBytes())
        .setScrubFound(stats.scrubFound())
        .setScrubNext(stats.scrubNext())
        .setPressure(stats.pressure())
        .build();
  }

  private NodeStatus status(Reply.Status status) {
    Facts known = facts.get();
    return NodeStatus.newBuilder()
        .setName(status.name())
        .setNodeId(status.node().hex())
        .setClusterId(status.cluster().hex())
        .setVersion(Software.VERSION)
        .setStartTime(known.started())
        .setDataDirectory(known.directory())
        .setListenAddress(known.listen())
        .setHttpAddress(known.http())
        .setReady(status.readiness().ready())
        .setReadOnlyReason(
            status.readOnly().isEmpty() ? status.readiness().reason() : status.readOnly())
        .addAllRecoveryNotes(status.recovery())
        .setVersions(status.stats().versions())
        .setDiskBytes(status.stats().diskBytes())
        .setRoot(status.root().hex())
        .setStore(store(status.storage()))
        .build();
  }
}
