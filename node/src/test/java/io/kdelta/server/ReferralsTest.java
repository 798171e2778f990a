package io.kdelta.server;

import static org.awaitility.Awaitility.await;
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
import io.kdelta.cluster.ClusterId;
import io.kdelta.proto.v1.DeleteRequest;
import io.kdelta.proto.v1.GetRequest;
import io.kdelta.proto.v1.GetResponse;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.wire.StatusReading;
import io.kdelta.wire.TokenField;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: a read that is passed on comes back as the other node answered it, refusals included, and
 * one that reaches nobody as what this node had to say; none is passed on twice. Method: a whole
 * node that holds something, asked through the referrals of one that does not.
 */
final class ReferralsTest {
  private static final long PATIENCE_SECONDS = 60;
  private static final String MINE = ClusterId.named("c").hex();
  private static final String OTHER = ClusterId.named("other").hex();
  private final Throwable unreached = new IllegalStateException("nobody was reached");

  /** Waits for the one answer, whole. */
  private static final class Heard implements StreamObserver<GetResponse> {
    private final CompletableFuture<GetResponse> outcome = new CompletableFuture<>();
    private final List<GetResponse> replies = new CopyOnWriteArrayList<>();

    @Override
    public void onNext(GetResponse response) {
      replies.add(response);
    }

    @Override
    public void onError(Throwable failure) {
      end(failure);
    }

    @Override
    public void onCompleted() {
      end(null);
    }

    private void end(@Nullable Throwable failure) {
      if (outcome.isDone()) throw new AssertionError("it ends twice");
      if (failure != null) outcome.completeExceptionally(failure);
      else if (replies.size() == 1) outcome.complete(replies.getFirst());
      else outcome.completeExceptionally(new AssertionError(replies + " for one"));
    }
  }

  private static ManagedChannel dial(String address) {
    return NettyChannelBuilder.forTarget(address).usePlaintext().build();
  }

  private static GetRequest get(String key) {
    return GetRequest.newBuilder().setNamespace("n").setKey(key).build();
  }

  private CompletableFuture<GetResponse> pass(
      Referrals referrals, String key, String... addresses) {
    Heard heard = new Heard();
    Objects.requireNonNull(referrals.question(KvGrpc.getGetMethod(), get(key)))
        .passOn(List.of(addresses), heard, unreached);
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
        Map.of(
            "name",
            "full",
            "port",
            "0",
            "http",
            "127.0.0.1:0",
            "in-memory",
            "true",
            "cluster",
            "c");
    try (NodeServer full =
            NodeServer.start(NodeSettings.read(Optional.empty(), flags), line -> {});
        Referrals referrals = new Referrals(ReferralsTest::dial, () -> MINE);
        Referrals stranger = new Referrals(ReferralsTest::dial, () -> OTHER)) {
      String address = full.address().toString();
      fill(address);
      await()
          .atMost(Duration.ofSeconds(PATIENCE_SECONDS))
          .untilAsserted(() -> pass(referrals, "kept", address).get());
      assertSame(unreached, failure(pass(stranger, "kept", address)), "it is in another cluster");
      long before = referrals.passedOn();
      GetResponse response =
          pass(referrals, "kept", nobody(), "no address", address)
              .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertEquals("1", response.getVersion().getValue().toStringUtf8());
      assertNotEquals(ByteString.EMPTY, response.getCausalToken());
      StatusRuntimeException refusal =
          assertInstanceOf(StatusRuntimeException.class, failure(pass(referrals, "gone", address)));
      assertEquals("NOT_FOUND", StatusReading.reason(refusal));
      Metadata trailers = Objects.requireNonNull(refusal.getTrailers());
      assertNotNull(trailers.get(TokenField.TRAILER), "it was deleted, and the client knows it");
      assertEquals(before + 2, referrals.passedOn());
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

  /** Where nobody answers. */
  private static String nobody() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "127.0.0.1:" + free.getLocalPort();
    }
  }

  @Test
  void whoReachesNobodyHearsWhatThisNodeSaid() throws Exception {
    String nobody = nobody();
    Referrals referrals = new Referrals(ReferralsTest::dial, () -> MINE);
    assertSame(unreached, failure(pass(referrals, "k", nobody)));
    assertSame(unreached, failure(pass(referrals, "k", "no address")));
    assertEquals(0, referrals.passedOn());
    referrals.close();
    assertSame(unreached, failure(pass(referrals, "k", nobody)), "a node that stops dials nobody");
  }

  @Test
  void noneIsPassedOnTwice() throws Exception {
    Referrals referrals = new Referrals(ReferralsTest::dial, () -> MINE);
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
