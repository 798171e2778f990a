/**
 * The Java client of a cluster: one handle over several servers that retries, carries what it has
 * seen from one server to the next, and follows changes over the end of a server.
 *
 * <p>Floor: below {@code server}, which it knows nothing of. It may use {@code wire}, {@code tls},
 * {@code causal} (the token), {@code error} and the generated messages. Entry type: {@link
 * io.kdelta.client.KdeltaClient}.
 */
@NullMarked
package io.kdelta.client;

import org.jspecify.annotations.NullMarked;
