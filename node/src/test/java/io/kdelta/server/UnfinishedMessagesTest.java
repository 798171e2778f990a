package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.kdelta.env.SimTime;
import io.kdelta.proto.v1.KvGrpc;
import io.kdelta.proto.v1.PeerGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Goal: what waits for the end of its message is bounded, however many small parts it is made of,
 * and for how long. Method: calls without an end, and a clock that is wound by hand.
 */
final class UnfinishedMessagesTest {
  private static final long BYTES_MAX = 1L << 20;

  private final SimTime time = new SimTime();
  private final UnfinishedMessages messages = new UnfinishedMessages(BYTES_MAX, time);
  private final List<Recorded> all = new ArrayList<>();

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

  @Test
  void whoTakesTooLongIsRefused() {
    Recorded put = begin(KvGrpc.getPutMethod());
    Recorded silent = begin(KvGrpc.getGetMethod());
    Recorded unended = begin(KvGrpc.getPutMethod());
    Recorded ended = begin(KvGrpc.getPutMethod());
    Recorded idle = begin(PeerGrpc.getExchangeMethod());
    Recorded half = begin(PeerGrpc.getExchangeMethod());
    put.tracer.inboundWireSize(1);
    unended.tracer.inboundWireSize(9);
    unended.tracer.inboundMessageRead(0, 9, 9);
    ended.tracer.inboundMessageRead(0, 9, 9);
    ended.listener.onHalfClose();
    idle.tracer.inboundWireSize(9);
    idle.tracer.inboundMessageRead(0, 9, 9);
    half.tracer.inboundWireSize(10 * EdgeLimits.MESSAGE_BYTES_A_SECOND);
    pass(EdgeLimits.MESSAGE_SECONDS_MAX);
    assertEquals(List.of(), all.stream().filter(call -> call.closed != null).toList());
    pass(1);
    assertEquals(List.of(put, silent, unended), closed());
    assertEquals(9 + 1 + 10 * EdgeLimits.MESSAGE_BYTES_A_SECOND, messages.held());
    for (Recorded call : closed()) call.tracer.streamClosed(Status.DEADLINE_EXCEEDED);
    pass(10);
    assertEquals(List.of(put, silent, unended, half), closed());
    half.tracer.streamClosed(Status.DEADLINE_EXCEEDED);
    // The answer that comes too late is dropped.
    put.guarded.close(Status.OK, new Metadata());
    assertEquals(Status.Code.DEADLINE_EXCEEDED, put.closed);
    assertEquals(0, messages.held());
  }

  @Test
  void aCallThatIsGoneBeforeAWorkerHasBegunItIsNotKept() {
    for (MethodDescriptor<?, ?> method :
        List.of(KvGrpc.getBatchWriteMethod(), PeerGrpc.getExchangeMethod())) {
      ServerStreamTracer cancelled = call();
      cancelled.streamClosed(Status.CANCELLED);
      begin(method, cancelled);
      assertEquals(0, messages.calls());
      Recorded live = begin(method);
      assertEquals(1, messages.calls());
      live.tracer.streamClosed(Status.OK);
      assertEquals(0, messages.calls());
    }
    pass(EdgeLimits.MESSAGE_SECONDS_MAX + 1);
    assertEquals(List.of(), closed());
  }

  @Test
  void whoeverIsToldThatNothingWasStoredIsNotCarriedOutLater() {
    Recorded late = begin(KvGrpc.getBatchWriteMethod());
    Recorded prompt = begin(KvGrpc.getBatchWriteMethod());
    for (Recorded call : all) {
      call.tracer.inboundWireSize(9);
      call.tracer.inboundMessageRead(0, 9, 9);
    }
    pass(EdgeLimits.MESSAGE_SECONDS_MAX);
    prompt.finish();
    pass(1);
    late.finish();
    assertEquals(List.of(late), closed());
    assertEquals(List.of("message", "end"), prompt.heard);
    assertEquals(List.of(), late.heard);
  }

  @Test
  void oneThatCannotBeRefusedHindersNoOther() {
    for (int i = 0; i < 4; i++) begin(KvGrpc.getPutMethod()).broken = i % 2 == 0;
    pass(EdgeLimits.MESSAGE_SECONDS_MAX + 1);
    assertEquals(List.of(all.get(1), all.get(3)), closed());
  }

  private void pass(long seconds) {
    time.advance(TimeUnit.SECONDS.toNanos(seconds));
    messages.sweep();
  }

  private List<Recorded> closed() {
    return all.stream().filter(call -> call.closed != null).toList();
  }

  private Recorded begin(MethodDescriptor<?, ?> method) {
    return begin(method, call());
  }

  private Recorded begin(MethodDescriptor<?, ?> method, ServerStreamTracer tracer) {
    Recorded call = new Recorded(method, tracer);
    Context counted = call.tracer.filterContext(Context.ROOT);
    counted.run(() ->
        call.listener =
            messages.interceptCall(
                call,
                new Metadata(),
                (guarded, headers) -> {
                  call.guarded = guarded;
                  return call.service();
                }));
    all.add(call);
    return call;
  }

  /** A call of which nothing is sent. */
  private static final class Recorded extends ServerCall<Object, Object> {
    private final MethodDescriptor<Object, Object> method;
    private final ServerStreamTracer tracer;
    private ServerCall<Object, Object> guarded = this;
    private ServerCall.Listener<Object> listener = new ServerCall.Listener<>() {};
    private final List<String> heard = new ArrayList<>();
    private boolean broken;
    private Status.@Nullable Code closed;

    @SuppressWarnings("unchecked") // Nothing is read or written.
    Recorded(MethodDescriptor<?, ?> method, ServerStreamTracer tracer) {
      this.method = (MethodDescriptor<Object, Object>) method;
      this.tracer = tracer;
    }

    void finish() {
      listener.onMessage("request");
      listener.onHalfClose();
    }

    /** What would carry it out. */
    ServerCall.Listener<Object> service() {
      return new ServerCall.Listener<>() {
        @Override
        public void onMessage(Object message) {
          heard.add("message");
        }

        @Override
        public void onHalfClose() {
          heard.add("end");
        }
      };
    }

    @Override
    public void request(int messages) {}

    @Override
    public void sendHeaders(Metadata headers) {}

    @Override
    public void sendMessage(Object message) {}

    @Override
    public void close(Status status, Metadata trailers) {
      if (broken) throw new IllegalStateException("cannot be closed");
      closed = status.getCode();
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public MethodDescriptor<Object, Object> getMethodDescriptor() {
      return method;
    }
  }
}
