package io.kdelta.server;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kdelta.proto.v1.WatchGrpc;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import java.util.concurrent.atomic.AtomicInteger;

/** Follows changes: each call is a {@link WatchStream}. Any thread. */
final class WatchService extends WatchGrpc.WatchImplBase {
  private final Calls calls;
  private final Replies replies;
  private final AtomicInteger streams = new AtomicInteger();

  WatchService(Calls calls, Replies replies) {
    this.calls = calls;
    this.replies = replies;
  }

  /** How many streams are open, over gRPC and over HTTP. */
  int streams() {
    return streams.get();
  }

  @Override
  public void watch(WatchRequest request, StreamObserver<WatchResponse> observer) {
    streams.incrementAndGet();
    new WatchStream(
            calls,
            replies,
            (ServerCallStreamObserver<WatchResponse>) observer,
            streams::decrementAndGet)
        .begin(request);
  }
}
