package io.kdelta.client;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.kdelta.proto.v1.WatchGrpc;
import io.kdelta.proto.v1.WatchRequest;
import io.kdelta.proto.v1.WatchResponse;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A watch that outlives its server: when that is gone, or silent for too long, it goes on at the
 * next one behind the last answer that was taken. So every version comes at least once, parents
 * before children; what the token has no room for, the next server tells again; so it does in a
 * snapshot. One answer is on its way at a time: who reads slowly is sent no more.
 *
 * <p>One thread takes answers; any thread may close it.
 */
public final class ChangeFeed implements AutoCloseable {
  /** A server gives a sign of life every ten seconds. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(30);

  private final ClientSettings settings;
  private final ServerChannels servers;
  private final WatchRequest request;
  private final Duration silenceMax;
  private volatile ByteString token;
  private volatile boolean closed;
  private volatile @Nullable Stream stream;

  /** One thing that a stream tells: an answer, or its end. */
  private sealed interface Told {
    record Answer(WatchResponse response) implements Told {}

    record End(StatusRuntimeException failure) implements Told {}
  }

  /** One watch at one server. */
  private static final class Stream implements ClientResponseObserver<WatchRequest, WatchResponse> {
    private final String address;
    private final BlockingQueue<Told> told = new LinkedBlockingQueue<>();
    private volatile @Nullable ClientCallStreamObserver<WatchRequest> call;

    Stream(String address) {
      this.address = address;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<WatchRequest> started) {
      started.disableAutoRequestWithInitial(1);
      call = started;
    }

    @Override
    public void onNext(WatchResponse response) {
      told.add(new Told.Answer(response));
    }

    @Override
    public void onError(Throwable thrown) {
      Status status = Status.fromThrowable(thrown);
      told.add(new Told.End(status.asRuntimeException(Status.trailersFromThrowable(thrown))));
    }

    @Override
    public void onCompleted() {
      onError(Status.UNAVAILABLE.withDescription("the server ended the watch").asException());
    }

    void more() {
      ClientCallStreamObserver<WatchRequest> open = call;
      if (open != null) open.request(1);
    }

    void cancel() {
      ClientCallStreamObserver<WatchRequest> open = call;
      if (open != null) open.cancel("done", null);
    }
  }

  ChangeFeed(ClientSettings settings, ServerChannels servers, WatchRequest request) {
    this(settings, servers, request, SILENCE_MAX);
  }

  ChangeFeed(
      ClientSettings settings, ServerChannels servers, WatchRequest request, Duration silenceMax) {
    this.settings = settings;
    this.servers = servers;
    this.request = request;
    this.silenceMax = silenceMax;
    this.token = request.getResumeToken();
  }

  /** With it another watch of the same scope goes on behind the last answer that was taken. */
  public ByteString resumeToken() {
    return token;
  }

  /**
   * The next answer; waits for it. An answer without versions is a sign of life.
   *
   * @throws io.kdelta.error.KdeltaException when the servers refuse it for good, or none has
   *     answered for as long as a call may take
   */
  public WatchResponse next() throws InterruptedException {
    @Nullable Repetitions repetitions = null;
    while (true) {
      if (closed)
        throw Status.CANCELLED.withDescription("the watch is closed").asRuntimeException();
      @Nullable Stream kept = stream;
      Stream open = kept == null ? open() : kept;
      switch (take(open)) {
        case Told.Answer(WatchResponse response) -> {
          token = response.getResumeToken();
          open.more();
          return response;
        }
        case Told.End(StatusRuntimeException failure) -> {
          stream = null;
          if (repetitions == null) repetitions = fromNow();
          if (!repetitions.again(open.address, failure)) {
            throw repetitions.error(failure);
          }
        }
      }
    }
  }

  /** A failure may come at any time: what is left of the patience counts from it. */
  private Repetitions fromNow() {
    long deadline = System.nanoTime() + settings.patience().toNanos();
    return new Repetitions(settings, servers, deadline);
  }

  private Told take(Stream open) throws InterruptedException {
    @Nullable Told told = open.told.poll(silenceMax.toNanos(), TimeUnit.NANOSECONDS);
    if (told != null) return told;
    open.cancel();
    return new Told.End(
        Status.UNAVAILABLE
            .withDescription("no sign of life from " + open.address)
            .asRuntimeException());
  }

  private Stream open() {
    Stream opened = new Stream(servers.current());
    WatchRequest from = request.toBuilder().setResumeToken(token).build();
    WatchGrpc.newStub(servers.to(opened.address)).watch(from, opened);
    stream = opened;
    if (closed) opened.cancel();
    return opened;
  }

  @Override
  public void close() {
    closed = true;
    @Nullable Stream open = stream;
    if (open != null) open.cancel();
  }
}
