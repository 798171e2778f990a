/**
 * The cluster protocol, sans-IO: membership, log shipping, relay and the driver of reconciliation.
 *
 * <p>Floor: above graph, document and causal, below core. May use causal, memory, env, error and
 * the pure module reconciliation. No thread, clock, socket or file: everything is {@code
 * step(event, now) -> effects}, owned by the core thread, and the same objects run in the
 * simulator.
 *
 * <p>Entry type: {@link io.kdelta.cluster.Cluster}. Its parts, each one purpose:
 *
 * <ul>
 *   <li>{@code Links}: dials for ever, hello, which of two links to a node is kept, parts.
 *   <li>{@code Packer}: makes what carries versions shorter on the wire.
 *   <li>{@code Window}: the bytes of frames on one link, as long as it lives.
 *   <li>{@code Gossip}: who is a member and who is alive. SWIM (Das, Gupta, Motivala, "SWIM:
 *       Scalable Weakly-consistent Infection-style Process Group Membership Protocol", DSN 2002)
 *       with the suspicion, local health and buddy parts of Lifeguard (Dadgar, Phillips, Currey,
 *       "Lifeguard: Local Health Awareness for More Accurate Failure Detection", DSN-W 2018). The
 *       number that those papers call incarnation is called refutation here, because incarnation is
 *       the name of a log.
 *   <li>{@code Primary}: ships the frames of this node's own log to its backups.
 *   <li>{@code Slots}: the places from which a peer could not be shipped on, for the operator.
 *   <li>{@code Backup}: stores what others ship, sends receipts, pulls what it lacks.
 *   <li>{@code Ledger}: whose receipts cover what.
 *   <li>{@code Sessions}: the seam to the driver of reconciliation.
 * </ul>
 *
 * <p>What is never negotiable here: a receipt is sent only for what is synced at its sender and is
 * counted once per node id; nothing a peer sends is trusted before it is bounded and checked; a
 * member that did not leave is never forgotten.
 */
@NullMarked
package io.kdelta.cluster;

import org.jspecify.annotations.NullMarked;
