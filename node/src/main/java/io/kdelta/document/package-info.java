/**
 * Documents: JSON in canonical form, what differs between two of them, how branches of one merge,
 * and the store that answers puts, gets, histories and conflicts over the causal graph.
 *
 * <p>Floor: above {@code io.kdelta.causal}, below graph, cluster and core. May use causal, storage,
 * memory, error and the JDK, and Jackson's streaming parser as the only JSON parser. Everything but
 * {@link io.kdelta.document.DocumentStore} is pure and may run on any thread; the store belongs to
 * the core thread. Entry types: {@link io.kdelta.document.DocumentStore} and {@link
 * io.kdelta.document.CanonicalJson}.
 */
@NullMarked
package io.kdelta.document;

import org.jspecify.annotations.NullMarked;
