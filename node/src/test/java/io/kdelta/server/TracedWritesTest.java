package io.kdelta.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.kdelta.causal.CausalToken;
import io.kdelta.core.Responder;
import io.kdelta.env.Time;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.Envelope;
import io.kdelta.wire.TraceParent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Goal: a peer that tells of thousands of traces, or of nonsense, costs no more than is set aside.
 * Method: a core that answers when the test says so, and a clock that stands.
 */
final class TracedWritesTest {
  private final List<Responder> waiting = new ArrayList<>();
  private final List<String> lines = new ArrayList<>();
  private long nanos;

  private final class Standing implements Time {
    @Override
    public long nanos() {
      return nanos;
    }

    @Override
    public long epochMicros() {
      return 0;
    }
  }

  private final TraceLog log = new TraceLog(new Standing(), Runnable::run, lines::add, "here");
  private final TracedWrites writes =
      new TracedWrites(log, (command, after, nanos, responder) -> waiting.add(responder));

  private static Envelope.Trace trace(int number) {
    return Envelope.Trace.newBuilder()
        .setParent(parent(number).text())
        .setVersion(String.format(Locale.ROOT, "%064x", number))
        .build();
  }

  private static TraceParent parent(int number) {
    return new TraceParent("4bf92f3577b34da6a3ce929d" + (10_000_000 + number), "00f067aa0ba902b7");
  }

  private static List<Envelope.Trace> traces(int from, int end) {
    return IntStream.range(from, end).mapToObj(TracedWritesTest::trace).toList();
  }

  @Test
  void aFloodIsCut() {
    writes.heard(traces(0, 10_000));
    assertEquals(TracedWrites.PER_MESSAGE_MAX, waiting.size());
    for (int i = 10_000; i < 20_000; i++) writes.heard(traces(i, i + 1));
    assertEquals(TracedWrites.WAITING_MAX, waiting.size());
    for (Responder responder : List.copyOf(waiting)) {
      responder.refused(new KdeltaException.NotFound("version"), CausalToken.NONE);
    }
    assertEquals(List.of(), lines);
    waiting.clear();
    for (int i = 20_000; i < 30_000; i++) writes.heard(traces(i, i + 1));
    assertEquals(TracedWrites.WAITING_MAX, waiting.size(), "all room is given back, and no more");
  }

  @Test
  void nonsenseTakesNoRoom() {
    for (int i = 0; i < 1_000; i++) {
      Envelope.Trace.Builder right = trace(i).toBuilder();
      writes.heard(
          List.of(
              Envelope.Trace.getDefaultInstance(),
              right.clone().setParent("x".repeat(100_000)).build(),
              right.clone().setVersion("").build(),
              right.clone().setVersion("g".repeat(64)).build(),
              right.clone().setVersion("a".repeat(100_000)).build(),
              right.clone().setCausalToken(ByteString.copyFrom(new byte[] {-1, 7, 9})).build(),
              right.clone().setCausalToken(ByteString.copyFrom(new byte[1 << 20])).build()));
    }
    assertEquals(List.of(), waiting);
    writes.heard(List.of(trace(1), trace(1)));
    assertEquals(1, waiting.size(), "two links to one peer make one line");
  }

  @Test
  void soManyLinesASecond() {
    for (int i = 0; i < 1_000; i++) log.begin(parent(i)).end("call", "method", "m");
    assertEquals(TraceLog.LINES_PER_SECOND_MAX, lines.size());
    assertTrue(lines.getFirst().endsWith(" node=here method=m micros=0"), lines.getFirst());
    nanos += TimeUnit.SECONDS.toNanos(1);
    log.begin(parent(0)).end("call", "method", "m");
    assertEquals(TraceLog.LINES_PER_SECOND_MAX + 1, lines.size());
  }
}
