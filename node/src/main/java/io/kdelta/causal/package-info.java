/**
 * Versions, heads and the causal graph: every change is an immutable, content-addressed version of
 * one key, and everything else is a view of the graph of versions.
 *
 * <p>Floor: above storage and reconciliation, below document. It knows neither JSON nor peers: what
 * a document must look like comes in as a {@link io.kdelta.causal.ContentSchema}. Pure types
 * ({@link io.kdelta.causal.Version}, {@link io.kdelta.causal.Envelope}, {@link
 * io.kdelta.causal.Frame}) may be used on any thread; the store is owned by the core thread.
 *
 * <p>Entry types: {@link io.kdelta.causal.CausalStore} writes, {@link io.kdelta.causal.CausalGraph}
 * reads.
 */
@NullMarked
package io.kdelta.causal;

import org.jspecify.annotations.NullMarked;
