/**
 * Set reconciliation as a pure state machine over bytes: no clock, thread, socket or chance.
 *
 * <p>Floor: depends on the JDK only. Entry type: {@code Reconciliation}.
 */
@NullMarked
package io.kdelta.reconciliation;

import org.jspecify.annotations.NullMarked;
