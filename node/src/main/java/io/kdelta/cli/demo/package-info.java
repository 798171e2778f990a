/**
 * {@code kdelta demo}: three nodes as processes of this machine, a proxy in every link between them
 * so that a cut is a cut, and the story that a person follows.
 *
 * <p>Floor: part of the command line. It starts processes, opens sockets on loopback and runs the
 * commands of {@code kdelta} through a port; it knows nothing of gRPC. Entry types: {@link
 * io.kdelta.cli.demo.DemoCluster}, {@link io.kdelta.cli.demo.Story}.
 */
@NullMarked
package io.kdelta.cli.demo;

import org.jspecify.annotations.NullMarked;
