/**
 * The one hierarchy of errors that a caller of kdelta can act on.
 *
 * <p>Floor: foundation, depends on the JDK only. Entry type: {@link
 * io.kdelta.error.KdeltaException}.
 */
@NullMarked
package io.kdelta.error;

import org.jspecify.annotations.NullMarked;
