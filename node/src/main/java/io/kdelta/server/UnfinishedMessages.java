package io.kdelta.server;

import com.google.rpc.Code;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.kdelta.wire.StatusMapping;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds what all messages together hold of which the end has not come yet: each within its own
 * limit, those of a few connections would fill the memory of the node, and stay. Beyond the bound
 * whoever sends more of a large message is refused; beyond twice the bound everybody is.
 * Thread-safe.
 */
final class UnfinishedMessages extends ServerStreamTracer.Factory {
  private final long bytesMax;
  private final AtomicLong held = new AtomicLong();

  UnfinishedMessages(long bytesMax) {
    this.bytesMax = bytesMax;
  }

  /** The bytes of all unfinished messages. */
  long held() {
    return held.get();
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
    return new Count();
  }

  /** Of one call; called on the thread that reads its connection. */
  private final class Count extends ServerStreamTracer {
    private long bytes;

    @Override
    public void inboundWireSize(long more) {
      bytes += more;
      long all = held.addAndGet(more);
      boolean small = bytes <= EdgeLimits.SMALL_MESSAGE_BYTES_MAX;
      if (all <= bytesMax || (small && all <= 2 * bytesMax)) return;
      throw StatusMapping.toGrpc(
          Code.RESOURCE_EXHAUSTED,
          "OVERLOADED",
          "overloaded: " + bytesMax + " bytes of unfinished messages are held already",
          "nothing was stored; try again in a moment, or ask another node");
    }

    @Override
    public void inboundMessageRead(int number, long wireSize, long size) {
      finished();
    }

    @Override
    public void streamClosed(io.grpc.Status status) {
      finished();
    }

    private void finished() {
      held.addAndGet(-bytes);
      bytes = 0;
    }
  }
}
