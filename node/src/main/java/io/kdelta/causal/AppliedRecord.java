package io.kdelta.causal;

import io.kdelta.reconciliation.Digest;

/**
 * A row of the apply log.
 *
 * @param position place in the apply stream, from 1
 * @param version the version that became visible there
 */
public record AppliedRecord(long position, Digest version) {}
