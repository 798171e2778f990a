package io.kdelta.harness;

import bench.Peer;
import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.kdelta.proto.v1.AckLevel;
import io.kdelta.proto.v1.ClusterGrpc;
import io.kdelta.proto.v1.GetClusterStatusRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.Member;
import io.kdelta.proto.v1.PutRequest;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Puts and gets on one node: values are wrapped as JSON strings, writes ask for one further node.
 * Any thread.
 */
final class Caller implements Peer.Client {
  private static final int CALL_SECONDS_MAX = 10;
  private static final String NAMESPACE = "bench";

  private final ManagedChannel channel;
  private final KvGrpc.KvBlockingStub kv;

  Caller(String host, int port) {
    channel = NettyChannelBuilder.forAddress(host, port).usePlaintext().directExecutor().build();
    kv = KvGrpc.newBlockingStub(channel);
  }

  @Override
  public void put(String key, byte[] value) {
    byte[] json = new byte[value.length + 2];
    json[0] = '"';
    json[json.length - 1] = '"';
    System.arraycopy(value, 0, json, 1, value.length);
    var _ =
        kv.withDeadlineAfter(CALL_SECONDS_MAX, TimeUnit.SECONDS)
            .put(
                PutRequest.newBuilder()
                    .setNamespace(NAMESPACE)
                    .setKey(key)
                    .setValue(ByteString.copyFrom(json))
                    .setAck(AckLevel.ACK_LEVEL_ONE)
                    .build());
  }

  @Override
  public byte @Nullable [] get(String key) {
    try {
      ByteString json =
          kv.withDeadlineAfter(CALL_SECONDS_MAX, TimeUnit.SECONDS)
              .get(GetRequest.newBuilder().setNamespace(NAMESPACE).setKey(key).build())
              .getVersion()
              .getValue();
      return json.substring(1, json.size() - 1).toByteArray();
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() == Status.Code.NOT_FOUND) return null;
      throw e;
    }
  }

  /** How many members this node sees alive. */
  long alive() {
    return ClusterGrpc.newBlockingStub(channel)
        .withDeadlineAfter(CALL_SECONDS_MAX, TimeUnit.SECONDS)
        .getClusterStatus(GetClusterStatusRequest.getDefaultInstance())
        .getNodesList()
        .stream()
        .filter(node -> node.getState() == Member.State.ALIVE)
        .count();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
