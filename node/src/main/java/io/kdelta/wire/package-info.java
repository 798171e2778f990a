/**
 * What both ends of the gRPC contract share: which status an error has and which error a status is,
 * and where the causal token lies in a message.
 *
 * <p>Floor: below {@code server} and {@code client}. It may use {@code causal}, {@code error} and
 * the generated messages; it touches no world. Entry types: {@link io.kdelta.wire.StatusMapping},
 * {@link io.kdelta.wire.StatusReading}, {@link io.kdelta.wire.TokenField}.
 */
@NullMarked
package io.kdelta.wire;

import org.jspecify.annotations.NullMarked;
