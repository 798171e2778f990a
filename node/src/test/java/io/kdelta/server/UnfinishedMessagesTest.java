package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Goal: what waits for the end of its message is bounded, however many small parts it is made of.
 * Method: calls without an end.
 */
final class UnfinishedMessagesTest {
  private static final long BYTES_MAX = 1L << 20;

  private final UnfinishedMessages messages = new UnfinishedMessages(BYTES_MAX);

  private ServerStreamTracer call() {
    return messages.newServerStreamTracer("kdelta.v1.Kv/Put", new Metadata());
  }

  @Test
  void largeOnesEndAtTheBoundAndSmallOnesAtTwiceAsMuch() {
    ServerStreamTracer large = call();
    large.inboundWireSize(BYTES_MAX);
    assertThrows(StatusRuntimeException.class, () -> large.inboundWireSize(1));
    List<ServerStreamTracer> small = new ArrayList<>();
    while (messages.held() + EdgeLimits.SMALL_MESSAGE_BYTES_MAX <= 2 * BYTES_MAX) {
      ServerStreamTracer one = call();
      one.inboundWireSize(EdgeLimits.SMALL_MESSAGE_BYTES_MAX);
      small.add(one);
    }
    ServerStreamTracer last = call();
    assertThrows(
        StatusRuntimeException.class,
        () -> last.inboundWireSize(EdgeLimits.SMALL_MESSAGE_BYTES_MAX));
    last.streamClosed(Status.RESOURCE_EXHAUSTED);
    large.streamClosed(Status.RESOURCE_EXHAUSTED);
    for (ServerStreamTracer one : small) one.inboundMessageRead(0, 0, 0);
    assertEquals(0, messages.held());
  }
}
