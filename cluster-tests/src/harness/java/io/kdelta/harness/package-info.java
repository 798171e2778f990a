/**
 * This project as one of the systems that a harness measures beside each other: three processes on
 * loopback, the same client threads, the same meaning of an acknowledgement. Compiled by the script
 * {@code src/harness/beside}, by no build: the interface belongs to the harness.
 */
@NullMarked
package io.kdelta.harness;

import org.jspecify.annotations.NullMarked;
