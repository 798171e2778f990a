package io.kdelta.server;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.kdelta.proto.v1.WatchGrpc;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;

/** Follows changes: each call is a {@link WatchStream}. Any thread. */
final class WatchService extends WatchGrpc.WatchImplBase {
  private final Calls calls;
  private final Replies replies;

  WatchService(Calls calls, Replies replies) {
    this.calls = calls;
    this.replies = replies;
  }

  @Override
  public void watch(WatchRequest request, StreamObserver<WatchResponse> observer) {
    new WatchStream(calls, replies, (ServerCallStreamObserver<WatchResponse>) observer)
        .begin(request);
  }
}
