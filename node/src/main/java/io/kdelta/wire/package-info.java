/**
 * What both ends of the contract share: which status an error has and which error a status is,
 * where the causal token lies in a message, and how messages and moments are written as text.
 *
 * <p>Floor: below {@code server} and {@code client}. It may use {@code causal}, {@code error} and
 * the generated messages; it touches no world. Entry types: {@link io.kdelta.wire.StatusMapping},
 * {@link io.kdelta.wire.StatusReading}, {@link io.kdelta.wire.TokenField}, {@link
 * io.kdelta.wire.Payload}, {@link io.kdelta.wire.JsonShapes}, {@link io.kdelta.wire.TimeText},
 * {@link io.kdelta.wire.TraceParent}.
 */
@NullMarked
package io.kdelta.wire;

import org.jspecify.annotations.NullMarked;
