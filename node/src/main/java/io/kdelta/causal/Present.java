package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;

/**
 * What a read of a key answers now.
 *
 * <p>A value without owner or thread.
 *
 * @param winner the head that wins, which may be a delete
 * @param heads how many heads there are
 * @param state the synthesis of the heads, the etag of the key
 * @param lsn the newest LSN that this depends on; 0 when it comes from tables alone
 */
public record Present(Stored winner, int heads, Digest state, long lsn) {}
