/**
 * The core: the one writer thread of a node, and everything it decides.
 *
 * <p>A {@link io.kdelta.core.Core} is a state machine without thread, clock or socket. It takes the
 * {@link io.kdelta.core.Event}s of a turn and answers with {@link io.kdelta.core.Effect}s: commands
 * of clients become calls of the document store, messages of peers go to the cluster, work on the
 * disk is handed out and comes back as an event. {@link io.kdelta.core.CommitGate} is the only
 * place that knows what durable means: no reply leaves before what it rests on is synced as far as
 * its level asks.
 *
 * <p>{@link io.kdelta.core.CoreThread} is the only class here that knows threads. The simulator
 * does without it and steps the same core by hand. {@link io.kdelta.core.Kdelta} is the same thing
 * as a handle inside a program.
 *
 * <p>Floor: above cluster, below server. May use everything lower, never gRPC.
 */
@NullMarked
package io.kdelta.core;

import org.jspecify.annotations.NullMarked;
