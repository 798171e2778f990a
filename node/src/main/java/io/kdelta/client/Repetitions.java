package io.kdelta.client;

import io.grpc.StatusRuntimeException;
import io.kdelta.wire.StatusReading;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whether, where and when one request is sent again. At the first failures it goes to the next
 * server at once; when all have failed it waits. One thread.
 */
final class Repetitions {
  private final ClientSettings settings;
  private final ServerChannels servers;
  private final long deadline;
  private int round;
  private int failed;

  /** A server said that the write is stored and its level is not met. */
  private @Nullable StatusRuntimeException unmet;

  /** No server said what came of an attempt. */
  private @Nullable StatusRuntimeException lost;

  /**
   * @param deadline by {@link System#nanoTime}
   */
  Repetitions(ClientSettings settings, ServerChannels servers, long deadline) {
    this.settings = settings;
    this.servers = servers;
    this.deadline = deadline;
  }

  /** How long the next attempt may take. */
  long attemptNanos() {
    return Math.min(settings.attempt().toNanos(), deadline - System.nanoTime());
  }

  /** Whether to ask again, after the pause that this takes here. */
  boolean again(String address, StatusRuntimeException failure) {
    Verdict verdict = Verdict.of(failure);
    if (verdict == Verdict.AGAIN) unmet = failure;
    if (silent(failure)) lost = failure;
    if (verdict == Verdict.FINAL || deadline - System.nanoTime() <= 0) return false;
    if (verdict == Verdict.ELSEWHERE) servers.leave(address);
    failed++;
    if (verdict == Verdict.ELSEWHERE && failed < servers.addresses().size()) return true;
    failed = 0;
    round++;
    return round < settings.rounds() && pause();
  }

  /**
   * What the caller is told in the end. An attempt of which nothing was heard may have stored a
   * write that another server then refused: its failure is suppressed in the error.
   */
  RuntimeException error(StatusRuntimeException failure) {
    StatusRuntimeException said = silent(failure) && unmet != null ? unmet : failure;
    RuntimeException error = KdeltaClient.error(said, settings.servers());
    if (lost != null && !lost.equals(said)) error.addSuppressed(lost);
    return error;
  }

  private static boolean silent(StatusRuntimeException failure) {
    return StatusReading.info(failure).isEmpty() && Verdict.of(failure) == Verdict.ELSEWHERE;
  }

  /** Waits; false when there is no time for it. */
  private boolean pause() {
    long nanos = settings.backoff().pauseNanos(round, ThreadLocalRandom.current());
    if (deadline - System.nanoTime() <= nanos) return false;
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
    servers.tryAgain();
    return true;
  }
}
