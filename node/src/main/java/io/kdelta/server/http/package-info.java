/**
 * The HTTP/JSON port: the calls of the contract as paths, probes, metrics and the status page.
 *
 * <p>A second transport of the same services that gRPC has: a route makes a message of the contract
 * of a request, the service answers it as it would over gRPC, and {@code wire.JsonShapes} writes
 * the answer. So there is one way of reading a request and one of making a reply.
 *
 * <p>Floor: below {@code server}, which it does not know. It may use {@code wire}, {@code error}
 * and the generated messages. Entry type: {@link io.kdelta.server.http.HttpPort}.
 */
@NullMarked
package io.kdelta.server.http;

import org.jspecify.annotations.NullMarked;
