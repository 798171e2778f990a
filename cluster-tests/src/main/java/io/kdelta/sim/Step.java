package io.kdelta.sim;

/**
 * An action with its moment.
 *
 * @param atNanos virtual time since the start of the run
 */
record Step(long atNanos, Action action) {}
