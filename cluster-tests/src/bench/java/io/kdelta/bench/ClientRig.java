package io.kdelta.bench;

import io.kdelta.core.Kdelta;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;

/** An embedded database with its threads, and a client that keeps some requests in flight. */
final class ClientRig implements AutoCloseable {
  private static final int DOCUMENTS = 10_000;
  private static final int WARM_REQUESTS = 5_000;

  private final Kdelta database;
  private int number;

  private ClientRig(Kdelta database) {
    this.database = database;
    run(WARM_REQUESTS, 64, this::put);
  }

  /** Over files, where a put is answered when it is synced. */
  static ClientRig onDisk(Path directory) throws IOException {
    Files.createDirectories(directory);
    return new ClientRig(Kdelta.open(directory));
  }

  /** Over memory, which syncs nothing. */
  static ClientRig inMemory() {
    return new ClientRig(Kdelta.inMemory());
  }

  /** Puts of one document each, so many in flight. */
  Timing puts(int requests, int inFlight) {
    return run(requests, inFlight, this::put);
  }

  /** Gets, so many in flight. */
  Timing gets(int requests, int inFlight) {
    run(requests, inFlight, this::get);
    return run(requests, inFlight, this::get);
  }

  @Override
  public void close() {
    database.close();
  }

  private CompletableFuture<?> put() {
    int index = number++;
    return database.put(Documents.key(index, DOCUMENTS), Documents.text(index));
  }

  private CompletableFuture<?> get() {
    // As many as were certainly put.
    return database.get(Documents.key(number++ % WARM_REQUESTS, DOCUMENTS));
  }

  private static Timing run(int requests, int inFlight, Request request) {
    ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    long[] nanos = new long[requests];
    long start = System.nanoTime();
    for (int i = 0; i < requests || !waiting.isEmpty(); i++) {
      if (waiting.size() == inFlight || i >= requests) {
        Waiting first = waiting.remove();
        first.answer.join();
        nanos[first.number] = System.nanoTime() - first.since;
      }
      if (i < requests) waiting.add(new Waiting(i, System.nanoTime(), request.send()));
    }
    double perSecond = Meter.perSecond(requests, System.nanoTime() - start);
    Timing latencies = Timing.of(nanos, 1, 0, 0);
    return new Timing(perSecond, 0, latencies.p50(), latencies.p99(), 0);
  }

  /** Sends a request. */
  private interface Request {
    CompletableFuture<?> send();
  }

  /** A request in flight. */
  private record Waiting(int number, long since, CompletableFuture<?> answer) {}
}
