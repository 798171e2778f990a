package io.kdelta.sim;

import io.kdelta.env.Entropy;
import io.kdelta.env.SimEntropy;

/**
 * What a seed draws before its run begins (swarm testing, Groce et al. 2012): the shape of the
 * world and the habits of its clients. Which faults exist at all the {@link Nemesis} draws.
 *
 * @param clients how many run side by side
 * @param keys how many keys they share: few keys, many conflicts
 * @param pauseNanos longest pause of a client between two requests
 * @param fates what is rare
 */
record Swarm(Setup setup, int clients, int keys, long pauseNanos, Fates fates) {
  private static final int DENSE_ONE_IN = 15;

  /** In one seed of so many a session has room for next to nothing. */
  private static final int TIGHT_ONE_IN = 6;

  static Swarm of(long seed) {
    Entropy shape = new SimEntropy(seed).split("shape");
    int size = 1 + shape.nextInt(shape.nextInt(3) == 0 ? 5 : 3);
    int clients = 1 + shape.nextInt(6);
    int keys = 1 + shape.nextInt(12);
    Fates fates = Fates.of(seed, size);
    Setup setup = Setup.of(seed, size + fates.later());
    boolean tight = new SimEntropy(seed).split("sessions").nextInt(TIGHT_ONE_IN) == 0;
    if (tight) setup = setup.withSessions(Setup.TIGHT);
    boolean eager = new SimEntropy(seed).split("snapshots").nextInt(2) == 0;
    if (eager) setup = setup.withSnapshots(Setup.EAGER);
    return new Swarm(setup, clients, keys, pause(shape, clients), fates);
  }

  /** The same with so many nodes at least. */
  Swarm withNodes(int least) {
    if (setup.nodes() >= least) return this;
    return new Swarm(setup.withNodes(least), clients, keys, pauseNanos, fates);
  }

  /** A few hundred requests in most runs: the more runs there are. Some thousand in some. */
  private static long pause(Entropy shape, int clients) {
    boolean dense = shape.nextInt(DENSE_ONE_IN) == 0;
    int millis = dense ? 5 + shape.nextInt(100) : clients * (100 + shape.nextInt(500));
    return millis * 1_000_000L;
  }
}
