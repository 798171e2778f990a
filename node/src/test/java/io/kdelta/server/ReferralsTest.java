package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.wire.StatusReading;
import io.kdelta.wire.TokenField;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Goal: a read that is passed on comes back as the other node answered it, refusals included, and
 * one that reaches nobody as what this node had to say; none is passed on twice. Method: a whole
 * node that holds something, asked through the referrals of one that does not.
 */
final class ReferralsTest {
  private static final long PATIENCE_SECONDS = 60;
  private final Throwable unreached = new IllegalStateException("nobody was reached");

  /** Waits for the one answer. */
  private static final class Heard implements StreamObserver<GetResponse> {
    private final CompletableFuture<GetResponse> outcome = new CompletableFuture<>();

    @Override
    public void onNext(GetResponse response) {
      outcome.complete(response);
    }

    @Override
    public void onError(Throwable failure) {
      outcome.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      outcome.completeExceptionally(new AssertionError("no answer"));
    }
  }

  private static ManagedChannel dial(String address) {
    return NettyChannelBuilder.forTarget(address).usePlaintext().build();
  }

  private static GetRequest get(String key) {
    return GetRequest.newBuilder().setNamespace("n").setKey(key).build();
  }

  private CompletableFuture<GetResponse> pass(Referrals referrals, String key, String address) {
    Heard heard = new Heard();
    KdeltaException.Behind behind = new KdeltaException.Behind("anything", List.of(address));
    Objects.requireNonNull(referrals.question(KvGrpc.getGetMethod(), get(key)))
        .passOn(behind, heard, unreached);
    return heard.outcome;
  }

  private static Throwable failure(CompletableFuture<GetResponse> outcome) throws Exception {
    try {
      throw new AssertionError("answered " + outcome.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    }
  }

  @Test
  void answersAndRefusalsComeBackAsTheyAre() throws Exception {
    Map<String, String> flags =
        Map.of("name", "full", "port", "0", "http", "127.0.0.1:0", "in-memory", "true");
    try (NodeServer full =
            NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
        Referrals referrals = new Referrals(ReferralsTest::dial)) {
      String address = full.address().toString();
      fill(address);
      GetResponse response =
          pass(referrals, "kept", address).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertEquals("1", response.getVersion().getValue().toStringUtf8());
      assertNotEquals(ByteString.EMPTY, response.getCausalToken());
      StatusRuntimeException refusal =
          assertInstanceOf(StatusRuntimeException.class, failure(pass(referrals, "gone", address)));
      assertEquals("NOT_FOUND", StatusReading.reason(refusal));
      Metadata trailers = Objects.requireNonNull(refusal.getTrailers());
      assertNotNull(trailers.get(TokenField.TRAILER), "it was deleted, and the client knows it");
      assertEquals(2, referrals.passedOn());
    }
  }

  private static void fill(String address) {
    ManagedChannel channel = dial(address);
    try {
      KvGrpc.KvBlockingStub kv = KvGrpc.newBlockingStub(channel);
      for (String key : List.of("kept", "gone")) {
        var _ =
            kv.put(
                PutRequest.newBuilder()
                    .setNamespace("n")
                    .setKey(key)
                    .setValue(ByteString.copyFromUtf8("1"))
                    .build());
      }
      var _ = kv.delete(DeleteRequest.newBuilder().setNamespace("n").setKey("gone").build());
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void whoReachesNobodyHearsWhatThisNodeSaid() throws Exception {
    String nobody;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = "127.0.0.1:" + free.getLocalPort();
    }
    Referrals referrals = new Referrals(ReferralsTest::dial);
    assertSame(unreached, failure(pass(referrals, "k", nobody)));
    assertEquals(0, referrals.passedOn());
    referrals.close();
    assertSame(unreached, failure(pass(referrals, "k", nobody)), "a node that stops dials nobody");
  }

  @Test
  void noneIsPassedOnTwice() throws Exception {
    Referrals referrals = new Referrals(ReferralsTest::dial);
    List<Boolean> mayGoOn = new CopyOnWriteArrayList<>();
    KvGrpc.KvImplBase service =
        new KvGrpc.KvImplBase() {
          @Override
          public void get(GetRequest request, StreamObserver<GetResponse> observer) {
            mayGoOn.add(referrals.question(KvGrpc.getGetMethod(), request) != null);
            observer.onNext(GetResponse.getDefaultInstance());
            observer.onCompleted();
          }
        };
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(ServerInterceptors.intercept(service, referrals))
            .build()
            .start();
    ManagedChannel channel = dial("127.0.0.1:" + server.getPort());
    try {
      var _ = KvGrpc.newBlockingStub(channel).get(get("k"));
      var _ =
          pass(referrals, "k", "127.0.0.1:" + server.getPort())
              .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertEquals(List.of(true, false), mayGoOn);
    } finally {
      channel.shutdownNow();
      referrals.close();
      server.shutdownNow();
    }
  }
}
