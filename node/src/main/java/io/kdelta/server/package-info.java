/**
 * The edge of a node: gRPC in, gRPC out, HTTP for probes and metrics. Asynchronous throughout.
 *
 * <p>A call is decoded and checked on a gRPC thread, offered to the core and forgotten until the
 * core answers; no thread waits for another. Floor: above {@code core}, which it drives; only
 * {@code cli} is above it. Entry type: {@link io.kdelta.server.NodeServer}.
 */
@NullMarked
package io.kdelta.server;

import org.jspecify.annotations.NullMarked;
