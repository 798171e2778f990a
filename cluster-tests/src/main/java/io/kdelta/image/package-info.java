/**
 * Makes the image of a node for containers, without a daemon: a runtime by {@code jlink}, the
 * shared libraries it needs, and the jars, as an OCI layout in one tar. The same inputs give the
 * same bytes.
 *
 * <p>Floor: beside the simulator, used by nothing; a tool of the build that touches files and
 * starts the JDK's tools. It may use the JDK and Jackson. Entry type: {@link
 * io.kdelta.image.ImageMain}.
 */
@NullMarked
package io.kdelta.image;

import org.jspecify.annotations.NullMarked;
