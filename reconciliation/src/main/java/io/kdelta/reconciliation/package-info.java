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
 *   <li><b>root</b>: equal roots end the session: 33 bytes.
 *   <li><b>dots</b>: where both shared their positions before, each pushes what the other's lack. A
 *       writer known by two histories is left out.
 *   <li><b>cells</b>: linear sketches that each side keeps up with every insert. The first of them
 *       come with the answer to the root and are enough for some thirty differences; for more, as
 *       many as the estimate asks for.
 *   <li><b>bloom</b>: where one side lacks a large part, filters under the session's key, and cells
 *       over what passes them; scope by scope, each with its own hash, where the sets are large.
 *       Also where the maintained cells do not come apart, or would be too many.
 *   <li><b>merkle</b>: both trees are walked down to the places that differ, with hashes cut to 8
 *       bytes, and, because those can be made to collide, once more with whole ones.
 * </ul>
 *
 * <p><b>Why a session ends.</b> (1) Only the initiator climbs, only after a DONE with another root
 * and with nothing left to say, and every rung once; after two drill-downs there is none left. (2)
 * Cells are asked for three times a rung at most, a scope is opened once, and within a drill-down a
 * place is told once by each side and only in answer to its parent. (3) A version is pushed once, a
 * missing parent is asked for once, a refusal is told once. (4) A turn that has none of these to
 * say is DONE; who hears its own root in one is finished, the responder answers with its own DONE,
 * the initiator climbs or fails. (5) A peer that keeps talking within these rules meets the bound
 * on turns, and one that falls silent is ended by the driver. A session that ends early loses only
 * its words: every version received is kept, so the next session starts nearer.
 *
 * <p><b>Shares.</b> One turn pushes a bounded number of ids, by positions those written first. A
 * side that has more ends the session with LIMIT where the peer asks for no missing parent, and the
 * next session moves the next share.
 *
 * <p><b>What is sent in vain.</b> A side pushes what a filter denies (a filter denies nothing it
 * holds), what cells that came apart say, what it holds at a place where the other told all it has,
 * and what it was asked for (by so many bits that one in a thousand hits another id, too); and
 * never an id twice in one session. It answers only when everything that was announced to it has
 * arrived, so that nothing is under way when sets are compared. Decoded cells, positions and
 * filters are claims: they decide what is sent, never what is true.
 */
@NullMarked
package io.kdelta.reconciliation;

import org.jspecify.annotations.NullMarked;
