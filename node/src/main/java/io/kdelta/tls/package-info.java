/**
 * Certificates, keys and what is trusted, from PEM files that may be replaced while they are in
 * use; contexts for gRPC and for the JDK made of them; what a failed handshake means to a person.
 *
 * <p>Floor: below {@code wire}, so that nodes, clients and the command line share it. It may use
 * {@code error}, {@code env} and gRPC. Entry types: {@link io.kdelta.tls.TlsFiles}, {@link
 * io.kdelta.tls.Credentials}, {@link io.kdelta.tls.TlsFailure}.
 */
@NullMarked
package io.kdelta.tls;

import org.jspecify.annotations.NullMarked;
