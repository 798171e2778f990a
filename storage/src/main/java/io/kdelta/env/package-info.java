/**
 * Time, chance and workers as ports, so that a whole node can run inside a simulator.
 *
 * <p>Floor: foundation, above {@code error}. The {@code Host*} types are the only code here that
 * touches the machine; the {@code Sim*} types are pure functions of a seed and of what was done to
 * them. Entry types: {@link io.kdelta.env.Time}, {@link io.kdelta.env.Entropy}, {@link
 * io.kdelta.env.Worker}.
 */
@NullMarked
package io.kdelta.env;

import org.jspecify.annotations.NullMarked;
