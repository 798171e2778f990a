package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;

/**
 * What is remembered of one write of a request.
 *
 * @param request the client's name for it
 * @param bodyHash what it asked for, {@link Request#bodyHash}
 * @param version the version that came of it
 * @param recordedMicros when this node recorded it, microseconds since 1970
 * @param lsn the newest LSN that the answer depends on; 0 when it is in a table
 */
public record RequestRecord(
    Request request, Digest bodyHash, Digest version, long recordedMicros, long lsn) {}
