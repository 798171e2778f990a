package io.kdelta.cluster;

/**
 * How much a message is.
 *
 * @param plain its bytes before they were packed: what it takes in memory, and what windows count
 * @param wire its bytes as they went over the link
 */
record Weight(int plain, int wire) {}
