package io.kdelta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.ImportVersionsRequest;
import io.kdelta.proto.v1.ImportVersionsResponse;
import io.kdelta.proto.v1.VersionsGrpc;
import io.kdelta.wire.StatusMapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Goal: an import outlives a node that has no room for a moment. Method: a server that takes one
 * request of each stream and then says so, as a node does whose merges are behind.
 */
final class ImportTest {
  private static final int VERSIONS = 60;
  private static final int FULL = 2;
  private @TempDir Path folder;

  /** Takes everything from the stream after the last one that it ends. */
  private static final class Full extends VersionsGrpc.VersionsImplBase {
    private final int ends;
    private final AtomicInteger streams = new AtomicInteger();
    private final AtomicInteger stored = new AtomicInteger();

    Full(int ends) {
      this.ends = ends;
    }

    @Override
    public StreamObserver<ImportVersionsRequest> importVersions(
        StreamObserver<ImportVersionsResponse> client) {
      boolean full = streams.incrementAndGet() <= ends;
      return new StreamObserver<>() {
        private int taken;

        @Override
        public void onNext(ImportVersionsRequest request) {
          if (full && taken == 1) {
            client.onError(StatusMapping.toGrpc(new KdeltaException.Overloaded("merges")));
          }
          if (full && taken++ > 0) return;
          int count = request.getVersionsCount();
          stored.addAndGet(count);
          client.onNext(ImportVersionsResponse.newBuilder().setStored(count).build());
        }

        @Override
        public void onError(Throwable gone) {}

        @Override
        public void onCompleted() {
          client.onCompleted();
        }
      };
    }
  }

  @Test
  void itWaitsWhereThereIsNoRoom() throws IOException {
    Full service = new Full(FULL);
    Server server = NettyServerBuilder.forPort(0).addService(service).build().start();
    try {
      Path history = folder.resolve("history.jsonl");
      Files.writeString(history, history());
      TestConsole test = new TestConsole("", false);
      int code =
          Kdelta.run(
              test.console(),
              Map.of("HOME", folder.toString()),
              List.of(
                  "-s",
                  "127.0.0.1:" + server.getPort(),
                  "import",
                  history.toString(),
                  "--format",
                  "git-history",
                  "--namespace",
                  "n"));
      assertEquals(ExitCode.DONE, code, test.err());
      assertTrue(test.out().contains("\"stored\":" + VERSIONS), test.out());
      assertEquals(VERSIONS, service.stored.get());
      assertTrue(service.streams.get() > 1, "the server was full before");
    } finally {
      server.shutdownNow();
    }
  }

  private static String history() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < VERSIONS; i++) {
      lines
          .append("{\"key\":\"k")
          .append(i)
          .append("\",\"value\":\"")
          .append("x".repeat(100_000))
          .append("\",\"at\":\"2020-01-01T00:00:00Z\",\"label\":\"v")
          .append(i)
          .append("\",\"parents\":[]}\n");
    }
    return lines.toString();
  }
}
