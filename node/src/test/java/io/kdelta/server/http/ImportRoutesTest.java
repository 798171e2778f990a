package io.kdelta.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.Headers;
import io.grpc.stub.StreamObserver;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PutRequest;
import io.kdelta.proto.v1.WriteResult;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;

/**
 * Goal: an import holds its body and the lines on their way, and not each line as a request.
 * Method: the largest body of the smallest lines, and the heap as it is when the first arrives.
 */
final class ImportRoutesTest {
  private static final int BODY_BYTES = 4 << 20;
  private static final long HEAP_BYTES_MAX = 24 << 20;

  @Test
  void tinyLinesDoNotGrowInTheHeap() {
    StringBuilder text = new StringBuilder(BODY_BYTES);
    int lines = 0;
    while (text.length() < BODY_BYTES - 64) {
      text.append("{\"key\":\"").append(lines++).append("\",\"value\":1}\n");
    }
    ByteString body = ByteString.copyFromUtf8(text.toString());
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    try {
      HttpCall call =
          new HttpCall(
              new Headers(), Map.of("ns", "tiny"), Params.parse(null), body, new Desk(timer));
      HeapAtFirst kv = new HeapAtFirst(used());
      var _ = new ImportRoutes(kv).routes().getFirst().handler().handle(call);
      assertEquals(lines, kv.puts);
      assertTrue(kv.grown < HEAP_BYTES_MAX, lines + " lines: " + kv.grown + " bytes");
    } finally {
      timer.shutdownNow();
    }
  }

  private static long used() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  /** Takes every put at once. */
  private static final class HeapAtFirst extends KvGrpc.KvImplBase {
    private final long before;
    private long grown;
    private int puts;

    HeapAtFirst(long before) {
      this.before = before;
    }

    @Override
    public void put(PutRequest request, StreamObserver<WriteResult> answer) {
      if (puts++ == 0) grown = used() - before;
      answer.onNext(WriteResult.getDefaultInstance());
      answer.onCompleted();
    }
  }
}
