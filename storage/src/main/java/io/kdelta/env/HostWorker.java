package io.kdelta.env;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * A worker on one daemon thread of the machine.
 *
 * <p>{@link #submit} may be called from any thread. The queue needs no limit of its own: who
 * submits never has more than one piece out. Work that throws is a bug: the thread stops and hands
 * what was thrown to {@code onDeath}, once. The thread is never interrupted, because an interrupt
 * closes the file channel under a write.
 */
public final class HostWorker implements Worker, AutoCloseable {
  private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
  private final Thread thread;

  /** Only the worker's thread reads and writes it. */
  private boolean stopped;

  /**
   * @param name of the thread, as a stack dump shows it
   * @param onDeath told, on the worker's thread, what killed it
   */
  public HostWorker(String name, Consumer<Throwable> onDeath) {
    thread = Thread.ofPlatform().name(name).daemon(true).unstarted(() -> serve(onDeath));
    thread.start();
  }

  @Override
  public void submit(Runnable work) {
    queue.add(work);
  }

  /**
   * Lets the thread run only with what the other threads leave of a core: for long work that nobody
   * waits for. Called before any work is submitted; it costs a hand-over to the thread and back.
   *
   * @return why not, if the system does not allow it: then it runs as the others do
   */
  public Optional<String> runBehindOthers() {
    CompletableFuture<Optional<String>> lowered = new CompletableFuture<>();
    submit(() -> lowered.complete(HostPriority.lower()));
    return lowered.join();
  }

  /** Finishes what was submitted before, then ends the thread and waits for it. */
  @Override
  public void close() {
    queue.add(() -> stopped = true);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
  }

  private void serve(Consumer<Throwable> onDeath) {
    try {
      while (!stopped) take().run();
    } catch (Throwable thrown) {
      onDeath.accept(thrown);
    }
  }

  private Runnable take() {
    while (true) {
      try {
        return queue.take();
      } catch (InterruptedException ignored) {
        // Nobody asks this thread to stop that way; see the class comment.
      }
    }
  }
}
