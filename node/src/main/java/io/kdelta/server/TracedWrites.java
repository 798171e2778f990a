package io.kdelta.server;

import io.grpc.StatusRuntimeException;
import io.kdelta.causal.CausalToken;
import io.kdelta.core.Command;
import io.kdelta.core.Reply;
import io.kdelta.core.Responder;
import io.kdelta.error.KdeltaException;
import io.kdelta.proto.v1.Envelope;
import io.kdelta.reconciliation.Digest;
import io.kdelta.wire.TokenField;
import io.kdelta.wire.TraceParent;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Traces of which peers tell: a line when this node has stored what was written. A peer may say
 * what it likes: so many may wait, each for its time, and the rest is dropped. Thread-safe.
 */
final class TracedWrites {
  /** How many writes may be waited for, of all peers. */
  static final int WAITING_MAX = 64;

  /** How many traces of one message are looked at. */
  static final int PER_MESSAGE_MAX = 8;

  private static final int SECONDS_MAX = 10;

  /** How many are remembered, so that two links to one peer make one line. */
  private static final int REMEMBERED_MAX = 256;

  /** Where commands go: {@link io.kdelta.core.CoreThread#submit}. */
  interface Core {
    /** Overloaded, or UNAVAILABLE when the node does not take commands. */
    void submit(Command command, CausalToken after, long timeoutNanos, Responder responder);
  }

  private final TraceLog log;
  private final Core core;
  private final Semaphore room = new Semaphore(WAITING_MAX);
  private final Recent<Boolean> seen = new Recent<>(REMEMBERED_MAX);

  TracedWrites(TraceLog log, Core core) {
    this.log = log;
    this.core = core;
  }

  /** A peer tells of these. */
  void heard(List<Envelope.Trace> traces) {
    for (Envelope.Trace trace : traces.subList(0, Math.min(PER_MESSAGE_MAX, traces.size()))) {
      Optional<TraceParent> parent = TraceParent.sampled(trace.getParent());
      boolean named = trace.getVersion().length() == Digest.NIBBLES;
      if (parent.isEmpty() || !named || !room.tryAcquire()) continue;
      if (!follow(trace, parent.get())) room.release();
    }
  }

  /** False when it is not waited for. */
  private boolean follow(Envelope.Trace trace, TraceParent parent) {
    try {
      if (trace.getCausalToken().size() > CausalToken.BYTES_MAX) return false;
      CausalToken after = TokenField.read(trace.getCausalToken());
      Command show = new Command.Show(Requests.prefix("version", trace.getVersion()));
      if (seen.put(trace.getParent() + trace.getVersion(), true) != null) return false;
      TraceLog.Span span = log.begin(parent);
      core.submit(show, after, TimeUnit.SECONDS.toNanos(SECONDS_MAX), stored(span));
      return true;
    } catch (KdeltaException | StatusRuntimeException e) {
      // Nonsense, or no time for it: a trace is not worth more.
      return false;
    }
  }

  private Responder stored(TraceLog.Span span) {
    return new Responder() {
      @Override
      public void answered(Reply reply, CausalToken token) {
        room.release();
        if (!(reply instanceof Reply.Shown shown)) return;
        span.end("stored", "version", shown.version().version().id().hex());
      }

      @Override
      public void refused(KdeltaException error, CausalToken token) {
        room.release();
      }
    };
  }
}
