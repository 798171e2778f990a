package io.kdelta.server;

import com.google.protobuf.Timestamp;
import io.grpc.stub.StreamObserver;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.proto.v1.AdminGrpc;
import io.kdelta.proto.v1.GetNodeStatusRequest;
import io.kdelta.proto.v1.NodeStatus;
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
        .build();
  }
}
