/**
 * Bytes on the heap that may cross threads, and arenas off the heap that may not.
 *
 * <p>Floor: foundation, above {@code env}. Entry types: {@link io.kdelta.memory.Bytes} for
 * immutable values, {@link io.kdelta.memory.Slab} for memory that is freed as a whole.
 */
@NullMarked
package io.kdelta.memory;

import org.jspecify.annotations.NullMarked;
