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
 */
record Swarm(Setup setup, int clients, int keys, long pauseNanos) {
  static Swarm of(long seed) {
    Entropy shape = new SimEntropy(seed).split("shape");
    int size = 1 + shape.nextInt(shape.nextInt(3) == 0 ? 5 : 3);
    return new Swarm(
        Setup.of(seed, size),
        1 + shape.nextInt(6),
        1 + shape.nextInt(12),
        (5 + shape.nextInt(400)) * 1_000_000L);
  }
}
