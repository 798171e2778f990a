/**
 * Whole clusters in one thread, from one seed: the product's own objects over a simulated disk,
 * network and clock.
 *
 * <p>Roof floor: may use every package below it; nothing uses it. Entry type: {@code SimMain}.
 */
@NullMarked
package io.kdelta.sim;

import org.jspecify.annotations.NullMarked;
