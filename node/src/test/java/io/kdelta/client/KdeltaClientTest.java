package io.kdelta.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.BatchWriteRequest;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WatchGrpc;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import io.kdelta.proto.v1.WriteResult;
import io.kdelta.wire.StatusMapping;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Goal: a request is sent again when that can help, where it can help, under one request id, and
 * not longer than its time; what fails for good is the error of the house. Method: servers on
 * loopback that answer by a script.
 */
final class KdeltaClientTest {
  private static final Backoff SHORT = new Backoff(Duration.ofMillis(5), Duration.ofMillis(40));

  private final List<Scripted> servers = new ArrayList<>();
  private final List<KdeltaClient> clients = new ArrayList<>();

  /** What a server does with one put; null is the answer OK. */
  private interface Step extends Consumer<StreamObserver<WriteResult>> {}

  /** A server that takes its steps in order and then answers OK for ever. */
  private static final class Scripted extends KvGrpc.KvImplBase {
    private final ArrayDeque<Step> steps = new ArrayDeque<>();
    private final List<PutRequest> heard = new CopyOnWriteArrayList<>();
    private final Server server;

    Scripted(Step... script) throws IOException {
      steps.addAll(List.of(script));
      server = NettyServerBuilder.forPort(0).addService(this).build().start();
    }

    String address() {
      return "127.0.0.1:" + server.getPort();
    }

    @Override
    public void put(PutRequest request, StreamObserver<WriteResult> observer) {
      heard.add(request);
      Step step;
      synchronized (steps) {
        step = steps.poll();
      }
      if (step != null) {
        step.accept(observer);
        return;
      }
      observer.onNext(WriteResult.newBuilder().setId("done").build());
      observer.onCompleted();
    }
  }

  private static Step fails(KdeltaException error) {
    return observer -> observer.onError(StatusMapping.toGrpc(error));
  }

  private static Step fails(Status status) {
    return observer -> observer.onError(status.asRuntimeException());
  }

  private static KdeltaException unmet() {
    return new KdeltaException.DurabilityUnmet("all", "1 of 2");
  }

  private Scripted server(Step... script) throws IOException {
    Scripted server = new Scripted(script);
    servers.add(server);
    return server;
  }

  private KdeltaClient client(Duration patience, Duration attempt, int rounds) {
    List<String> addresses = servers.stream().map(Scripted::address).toList();
    KdeltaClient client =
        KdeltaClient.connect(new ClientSettings(addresses, patience, attempt, rounds, SHORT));
    clients.add(client);
    return client;
  }

  private KdeltaClient patient() {
    return client(Duration.ofSeconds(30), Duration.ofSeconds(30), Integer.MAX_VALUE);
  }

  @AfterEach
  void end() {
    clients.forEach(KdeltaClient::close);
    servers.forEach(server -> server.server.shutdownNow());
  }

  @Test
  void everyRepetitionHasTheSameRequestIdAndEveryWriteItsOwn() throws IOException {
    Scripted first = server(fails(Status.UNAVAILABLE), fails(unmet()));
    Scripted second = server(fails(new KdeltaException.ReadOnly("disk full")));
    KdeltaClient client = patient();
    assertEquals("done", client.put("a", "b", "1").getId());
    assertEquals(3, first.heard.size(), "unavailable, then its level unmet, then done");
    assertEquals(1, second.heard.size());
    List<String> ids = new ArrayList<>();
    for (Scripted server : servers) server.heard.forEach(put -> ids.add(put.getRequestId()));
    assertEquals(1, ids.stream().distinct().count(), ids + "");
    assertEquals(32, ids.getFirst().length());
    var _ = client.put("a", "b", "1");
    assertFalse(ids.contains(first.heard.getLast().getRequestId()), "another write");
    var _ = client.put(PutRequest.newBuilder().setRequestId("mine").build());
    assertEquals("mine", first.heard.getLast().getRequestId());
    assertEquals(
        "x",
        RequestIds.named(BatchWriteRequest.newBuilder().setRequestId("x").build()).getRequestId());
  }

  @Test
  void aRefusalBehindAnAttemptOfWhichNothingWasHeardSaysSo() throws IOException {
    Scripted first = server(fails(Status.UNAVAILABLE));
    Scripted second = server(fails(new KdeltaException.Conflict("a/b", "x", "y")));
    KdeltaClient client = patient();
    var error = assertThrows(KdeltaException.Conflict.class, () -> client.put("a", "b", "1"));
    assertEquals(1, error.getSuppressed().length, "the first one may have stored it");
    assertEquals(1, first.heard.size() * second.heard.size());
    second.steps.add(fails(new KdeltaException.Conflict("a/b", "x", "y")));
    var plain = assertThrows(KdeltaException.Conflict.class, () -> client.put("a", "b", "1"));
    assertEquals(0, plain.getSuppressed().length);
  }

  @Test
  void theServerThatAnsweredIsKeptTo() throws IOException {
    Scripted first = server(fails(Status.UNAVAILABLE));
    Scripted second = server();
    KdeltaClient client = patient();
    for (int i = 0; i < 5; i++) assertEquals("done", client.put("a", "b", "1").getId());
    assertEquals(1, first.heard.size());
    assertEquals(5, second.heard.size());
    assertEquals(second.address(), client.address());
  }

  @Test
  void whatIsRefusedForGoodIsThrownAtOnceAsItWas() throws IOException {
    Scripted first =
        server(fails(new KdeltaException.Conflict("a/b", "x", "y")), fails(Status.INTERNAL));
    Scripted second = server();
    KdeltaClient client = patient();
    var conflict = assertThrows(KdeltaException.Conflict.class, () -> client.put("a", "b", "1"));
    assertEquals("y", conflict.actual());
    var bug = assertThrows(io.grpc.StatusRuntimeException.class, () -> client.put("a", "b", "1"));
    assertEquals(Status.Code.INTERNAL, bug.getStatus().getCode());
    assertEquals(2, first.heard.size());
    assertEquals(0, second.heard.size());
  }

  @Test
  void aServerThatIsSilentIsLeftAndOneThatWasGoneIsFoundAgain() throws IOException {
    Scripted first =
        server(neverAnswers -> {}, fails(Status.UNAVAILABLE), fails(Status.UNAVAILABLE));
    Scripted second = server(fails(Status.UNAVAILABLE), fails(Status.UNAVAILABLE));
    KdeltaClient client = client(Duration.ofSeconds(30), Duration.ofSeconds(2), Integer.MAX_VALUE);
    assertEquals("done", client.put("a", "b", "1").getId());
    assertEquals(3, first.heard.size());
    assertEquals(3, second.heard.size(), "two failures, then done");
  }

  @Test
  void nothingIsAskedBeyondItsTimeOrItsRounds() throws IOException {
    Step[] unmet = new Step[200];
    java.util.Arrays.fill(unmet, fails(unmet()));
    Scripted only = server(unmet);
    KdeltaClient hurried = client(Duration.ofMillis(400), Duration.ofSeconds(5), Integer.MAX_VALUE);
    long begun = System.nanoTime();
    var error =
        assertThrows(KdeltaException.DurabilityUnmet.class, () -> hurried.put("a", "b", "1"));
    assertEquals("1 of 2", error.reached());
    assertTrue(System.nanoTime() - begun < 5_000_000_000L, "it took its time and no more");
    int asked = only.heard.size();
    assertTrue(asked >= 4 && asked < 150, asked + " attempts: the pauses grow");
    KdeltaClient thrice = client(Duration.ofSeconds(30), Duration.ofSeconds(5), 3);
    assertThrows(KdeltaException.DurabilityUnmet.class, () -> thrice.put("a", "b", "1"));
    assertEquals(asked + 3, only.heard.size());
  }

  @Test
  void whenNobodyAnswersAllWhoWereAskedAreNamed() throws IOException {
    Scripted first = server();
    Scripted second = server();
    List<String> both = List.of(first.address(), second.address());
    KdeltaClient client = client(Duration.ofMillis(500), Duration.ofMillis(500), Integer.MAX_VALUE);
    first.server.shutdownNow();
    second.server.shutdownNow();
    var error = assertThrows(KdeltaException.Unreachable.class, () -> client.get("a", "b"));
    assertEquals(both, error.peers());
    assertInstanceOf(io.grpc.StatusRuntimeException.class, error.getCause());
  }

  @Test
  void whatConcernsOneServerIsAskedOnce() throws IOException {
    Scripted first = server(fails(Status.UNAVAILABLE));
    Scripted second = server();
    KdeltaClient client = patient();
    PutRequest request = PutRequest.getDefaultInstance();
    assertThrows(
        KdeltaException.Unreachable.class, () -> client.callHere(KvGrpc.getPutMethod(), request));
    assertEquals(1, first.heard.size());
    assertEquals(0, second.heard.size());
  }

  /** Tells one answer a question, whose token says how often it was asked, and is then silent. */
  private static final class Telling extends WatchGrpc.WatchImplBase {
    private final List<WatchRequest> heard = new CopyOnWriteArrayList<>();

    @Override
    public void watch(WatchRequest request, StreamObserver<WatchResponse> observer) {
      heard.add(request);
      ByteString token = ByteString.copyFromUtf8("token " + heard.size());
      observer.onNext(WatchResponse.newBuilder().setResumeToken(token).build());
    }
  }

  @Test
  void aWatchLeavesAServerThatGivesNoSignOfLife() throws Exception {
    Telling telling = new Telling();
    Server server = NettyServerBuilder.forPort(0).addService(telling).build().start();
    List<String> address = List.of("127.0.0.1:" + server.getPort());
    ClientSettings settings =
        new ClientSettings(address, Duration.ofSeconds(30), Duration.ofSeconds(5), 9, SHORT);
    ServerChannels channels =
        new ServerChannels(address, new TokenCarrier(io.kdelta.causal.CausalToken.NONE));
    WatchRequest request = WatchRequest.newBuilder().setNamespace("a").build();
    try (var feed = new ChangeFeed(settings, channels, request, Duration.ofMillis(200))) {
      for (int i = 1; i <= 3; i++) {
        assertEquals("token " + i, feed.next().getResumeToken().toStringUtf8());
        assertEquals("token " + i, feed.resumeToken().toStringUtf8());
      }
    } finally {
      channels.close();
      server.shutdownNow();
    }
    assertEquals(ByteString.EMPTY, telling.heard.getFirst().getResumeToken());
    assertEquals("token 2", telling.heard.getLast().getResumeToken().toStringUtf8());
    assertEquals("a", telling.heard.getLast().getNamespace());
  }
}
