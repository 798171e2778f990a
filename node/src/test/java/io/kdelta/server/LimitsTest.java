package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.kdelta.proto.v1.ExistsRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: the limits of security.md hold on the wire, others are served meanwhile, and health and
 * reflection answer. Method: a real node, calls beyond each limit.
 */
final class LimitsTest {
  private NodeServer server = start();
  private ManagedChannel channel = open(server);

  private static NodeServer start() {
    try {
      return NodeServer.start(
          NodeSettings.read(
              Optional.empty(), Map.of("port", "0", "http", "none", "in-memory", "true")),
          line -> {});
    } catch (CannotStart e) {
      throw new AssertionError(e);
    }
  }

  private static ManagedChannel open(NodeServer server) {
    return NettyChannelBuilder.forTarget("dns:///" + server.address())
        .usePlaintext()
        .maxInboundMetadataSize(1 << 20)
        .build();
  }

  @BeforeEach
  void serves() {
    assertServes();
  }

  @AfterEach
  void stop() {
    assertServes();
    channel.shutdownNow();
    server.close();
  }

  private void assertServes() {
    ExistsRequest request = ExistsRequest.newBuilder().setNamespace("a").setKey("b").build();
    assertEquals(false, KvGrpc.newBlockingStub(channel).exists(request).getExists());
  }

  @Test
  void aMessageTooLarge() {
    ByteString value = ByteString.copyFrom(new byte[EdgeLimits.MESSAGE_BYTES_MAX + 1]);
    assertRefused(Status.Code.RESOURCE_EXHAUSTED, put(value));
  }

  @Test
  void aDocumentTooLarge() {
    ByteString value = ByteString.copyFromUtf8("\"" + "x".repeat(1 << 20) + "\"");
    assertRefused(Status.Code.INVALID_ARGUMENT, put(value));
  }

  @Test
  void metadataTooLarge() {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("filler", Metadata.ASCII_STRING_MARSHALLER),
        "x".repeat(EdgeLimits.METADATA_BYTES_MAX + 1));
    KvGrpc.KvBlockingStub stub =
        KvGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    StatusRuntimeException error =
        assertThrows(
            StatusRuntimeException.class,
            () -> stub.exists(ExistsRequest.newBuilder().setNamespace("a").setKey("b").build()));
    assertTrue(error.getStatus().getCode() != Status.Code.OK, error.toString());
  }

  @Test
  void nestingTooDeep() {
    UnknownFieldSet nested = UnknownFieldSet.getDefaultInstance();
    for (int i = 0; i <= EdgeLimits.RECURSION_MAX; i++) {
      nested =
          UnknownFieldSet.newBuilder()
              .addField(1_000, UnknownFieldSet.Field.newBuilder().addGroup(nested).build())
              .build();
    }
    PutRequest request =
        put(ByteString.copyFromUtf8("1")).toBuilder().setUnknownFields(nested).build();
    StatusRuntimeException error =
        assertThrows(
            StatusRuntimeException.class, () -> KvGrpc.newBlockingStub(channel).put(request));
    assertTrue(error.getStatus().getCode() != Status.Code.OK, error.toString());
  }

  @Test
  void healthFollowsReadiness() {
    HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(channel);
    for (String service : List.of("", "kdelta.v1.Kv", "kdelta.v1.Versions", "kdelta.v1.Peer")) {
      HealthCheckRequest request = HealthCheckRequest.newBuilder().setService(service).build();
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> health.check(request).getStatus() == ServingStatus.SERVING);
    }
  }

  @Test
  void reflectionNamesTheServices() {
    CompletableFuture<List<String>> names = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    names.complete(
                        response.getListServicesResponse().getServiceList().stream()
                            .map(service -> service.getName())
                            .toList());
                  }

                  @Override
                  public void onError(Throwable failure) {
                    names.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    List<String> found = names.orTimeout(30, java.util.concurrent.TimeUnit.SECONDS).join();
    requests.onCompleted();
    for (String service : List.of("Kv", "Versions", "Cluster", "Admin", "Peer")) {
      assertTrue(found.contains("kdelta.v1." + service), found.toString());
    }
  }

  private static PutRequest put(ByteString value) {
    return PutRequest.newBuilder().setNamespace("a").setKey("b").setValue(value).build();
  }

  private void assertRefused(Status.Code code, PutRequest request) {
    StatusRuntimeException error =
        assertThrows(
            StatusRuntimeException.class, () -> KvGrpc.newBlockingStub(channel).put(request));
    assertEquals(code, error.getStatus().getCode(), error.toString());
  }
}
