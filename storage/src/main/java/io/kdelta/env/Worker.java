package io.kdelta.env;

/**
 * One thread that runs pieces of work in the order they were given. The log and the tables have one
 * each; the simulator runs the same pieces as events instead.
 */
public interface Worker {
  /** Queues the work and returns. The work itself must not throw. */
  void submit(Runnable work);
}
