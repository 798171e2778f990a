/**
 * The command line: every verb of {@code kdelta}, as a client of the gRPC contract.
 *
 * <p>Floor: the roof of module node. It may use the generated stubs, {@code server} (for {@code
 * start}) and the pure parts of {@code document} and {@code causal}; it never touches a data
 * directory itself. stdout carries data, stderr everything else. Entry type: {@link
 * io.kdelta.cli.Kdelta}.
 */
@NullMarked
package io.kdelta.cli;

import org.jspecify.annotations.NullMarked;
