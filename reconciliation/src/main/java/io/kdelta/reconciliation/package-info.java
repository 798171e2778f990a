/**
 * Set reconciliation as a pure state machine over bytes: no clock, thread, socket or chance.
 *
 * <p>Floor: depends on the JDK only. Entry type: {@link io.kdelta.reconciliation.Reconciliation};
 * {@link io.kdelta.reconciliation.MerkleTree} holds the sets, {@link
 * io.kdelta.reconciliation.Digest} names their members.
 *
 * <p>Two sides hold sets of digests that mostly agree. A session finds what each lacks, lets the
 * drivers exchange it, and ends by proving the sets equal: DONE is said and heard with one root,
 * computed on each side over its own snapshot and what it received. The rungs only save bytes; what
 * is true is decided by the two roots.
 *
 * <ul>
 *   <li><b>root</b>: equal roots end the session after one message each way.
 *   <li><b>bloom</b>: when the estimated difference is a large part of the sets. Each side pushes
 *       what fails the other's filter; what a filter passes by mistake stays hidden for now.
 *   <li><b>merkle</b>: both trees are walked down to the places that differ. It runs first when few
 *       differ, and after the filters when the roots still differ: with hashes cut to 8 bytes, and,
 *       because those can be made to collide, once more with whole ones.
 * </ul>
 *
 * The rungs for dots and cells will come between; their message types are kept free and STATE has
 * room for them.
 *
 * <p><b>Why a session ends.</b> (1) The stages only go forward: one filter exchange at most, then
 * two drill-downs at most, each begun by a side that heard DONE with another root and has nothing
 * left to say. (2) Within a drill-down a place is told once by each side and only in answer to its
 * parent, and as an inner place only where the teller itself holds many digests, so the words of
 * each side are bounded by its own tree. (3) A version is pushed once, a missing parent is asked
 * for once, a refusal is told once. (4) A turn that has none of these to say is DONE; who hears its
 * own root in one is finished, anybody else begins the next drill-down or fails. (5) A peer that
 * keeps talking within these rules meets the bound on turns, and one that falls silent is ended by
 * the driver. A session that ends early loses only its words: every version received is kept, so
 * the next session starts nearer.
 *
 * <p><b>Why nothing is sent twice or in vain.</b> A side pushes what a filter denies (a filter
 * denies nothing it holds), what it holds at a place where the other told all it has, and what it
 * was asked for (by so many bits that a wrong one is hit once in 2^32); it never pushes an id again
 * in one session, and answers only when everything that was announced to it has arrived, so that
 * nothing is under way when sets are compared.
 */
@NullMarked
package io.kdelta.reconciliation;

import org.jspecify.annotations.NullMarked;
