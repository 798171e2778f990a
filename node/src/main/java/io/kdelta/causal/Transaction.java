package io.kdelta.causal;

import io.kdelta.causal.Arrivals.Link;
import io.kdelta.error.KdeltaException;
import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Writes and receptions that become one log record: all or none of them happen.
 *
 * <p>Owner: the core thread; at most one is open. Later steps see earlier ones. All local writes of
 * one transaction are one batch: shipped together, never split over frames. Nothing in the store
 * changes before {@link #commit}, and nothing at all when it throws. A step that throws leaves a
 * transaction that can only be abandoned.
 */
public final class Transaction {
  private final CausalStore store;
  private final Staging staging;
  private final Arrivals arrivals;

  Transaction(CausalStore store, Staging staging, Arrivals arrivals) {
    this.store = store;
    this.staging = staging;
    this.arrivals = arrivals;
  }

  /** Reads as they will be after the commit. */
  public CausalGraph graph() {
    return staging.graph;
  }

  /** The heads of a key as they will be after the commit. */
  public Heads heads(Key key) {
    return staging.heads(key);
  }

  /**
   * Writes a version over the parents that the draft names, else over all heads (the first 64 in
   * winner order). Throws NotFound for a parent that is not here, Invalid for one of another key or
   * for anything else that no version may be.
   */
  public Written write(Draft draft) {
    Heads heads = staging.heads(draft.key());
    List<Digest> parents = new ArrayList<>();
    Timestamp latest = Timestamp.ZERO;
    if (draft.parents() == null) {
      for (Head head : heads.winnerFirst()) {
        if (parents.size() == Version.PARENTS_MAX) break;
        parents.add(head.id());
        latest = Timestamp.later(latest, head.time());
      }
      parents.sort(null);
    } else {
      parents.addAll(new TreeSet<>(draft.parents()));
      for (Digest id : parents) {
        latest = Timestamp.later(latest, parent(draft.key(), id).time());
      }
    }
    if (draft.document().size() > Version.DOCUMENT_BYTES_MAX) {
      throw new KdeltaException.Invalid("document", draft.document().size() + " bytes");
    }
    Version version =
        Version.of(
            draft.kind(),
            draft.key(),
            parents,
            staging.clock.stamp(staging.wallMicros, latest),
            store.node(),
            draft.author(),
            draft.contentType(),
            draft.contentType().idOf(draft.document()),
            draft.note());
    if (version.deleted() && !draft.document().isEmpty()) {
      throw new KdeltaException.Invalid("document", "a delete has none");
    }
    HybridClock stamped = staging.clock.stamped(staging.wallMicros, version.time());
    Written written = append(version, draft.document(), draft.request(), heads);
    staging.clock = stamped;
    return written;
  }

  /**
   * Writes a version that is given whole, as an import does. Held already: nothing is written. It
   * is of no batch: frames may part it from its neighbours. Throws NotFound for a parent that is
   * not here, Invalid for what breaks a rule.
   */
  public Written importVersion(Version version, Bytes document, @Nullable Request request) {
    Envelope envelope = new Envelope(version, List.of(), request, document, Bytes.EMPTY);
    String flaw = Verification.documentFlaw(envelope);
    if (flaw == null) flaw = Verification.contentFlaw(envelope, store.schema());
    if (flaw != null) throw new KdeltaException.Invalid("version " + version.id(), flaw);
    Timestamp latest = Timestamp.ZERO;
    for (Digest id : version.parents()) {
      Version parent = parent(version.key(), id);
      flaw = Verification.parentFlaw(version, parent);
      if (flaw != null) throw new KdeltaException.Invalid("version " + version.id(), flaw);
      latest = Timestamp.later(latest, parent.time());
    }
    flaw = Verification.timeFlaw(version, latest);
    if (flaw != null) throw new KdeltaException.Invalid("version " + version.id(), flaw);
    staging.endBatch();
    Written written = append(version, document, request, staging.heads(version.key()));
    staging.endBatch();
    return written;
  }

  /**
   * Takes a version that came by reconciliation. Without its parents it waits in bounded memory.
   */
  public Reception receive(Envelope envelope) {
    return arrivals.receive(envelope, false, Link.UNKNOWN);
  }

  /**
   * Takes a version that was shipped outside a frame, as an answer to a missing parent, or one that
   * must wait durably for another reason.
   */
  public Reception receiveDurably(Envelope envelope) {
    return arrivals.receive(envelope, true, Link.UNKNOWN);
  }

  /**
   * Takes versions of whole keys, verified and laid out off this thread. False, having done
   * nothing, when something that is here bears on any of them: then they are received one by one.
   */
  public boolean receive(Consignment versions) {
    long bytes = versions.rows().encodedSize() + 64L * versions.envelopes().size();
    if (2 * bytes > store.batchBytesMax() || !staging.isEmpty()) return false;
    return arrivals.receive(versions);
  }

  /** Takes a frame that was shipped. What lacks parents waits durably and is never evicted. */
  public FrameReception receive(Frame frame) {
    Incarnation incarnation = frame.incarnation();
    if (staging.isDisputed(incarnation)) {
      return new FrameReception.ChainBroken(incarnation, frame.firstSeq() - 1);
    }
    List<@Nullable Digest> chain = new ArrayList<>(frame.entries().size());
    long broken = follow(frame, chain);
    if (broken >= 0) return new FrameReception.ChainBroken(incarnation, broken);
    staging.belongTo(incarnation, frame.node());
    List<Reception> receptions = new ArrayList<>(frame.entries().size());
    for (int i = 0; i < frame.entries().size(); i++) {
      Frame.Entry entry = frame.entries().get(i);
      Link link = new Link(chain.get(i), entry.continues());
      receptions.add(arrivals.receive(entry.envelope(), true, link));
    }
    return new FrameReception.Taken(receptions);
  }

  /** Remembers positions whose versions are known to be visible here although no row says so. */
  public void adopt(Incarnation incarnation, Intervals positions) {
    staging.adopt(incarnation, positions);
  }

  /** Writes a row of the system's own; null removes it. Names of this package are Invalid. */
  public void putSystem(String name, @Nullable Bytes value) {
    if (name.isEmpty() || name.startsWith(SystemRows.PREFIX)) {
      throw new KdeltaException.Invalid("name", "'" + name + "' is not free");
    }
    if (value == null) {
      staging.rows.delete(Keyspace.system(name));
    } else {
      staging.rows.put(Keyspace.system(name), value);
    }
  }

  /**
   * Applies everything as one batch. Throws ReadOnly or Overloaded before anything is appended; the
   * transaction is over either way.
   */
  public Committed commit() {
    return store.commit(this, staging, arrivals);
  }

  /** Drops everything; harmless after a commit, also one that was refused. */
  public void abandon() {
    if (store.abandon(this)) arrivals.undo();
  }

  /** Gives a version of this node's own making its dot and shows it, unless it is held already. */
  private Written append(Version version, Bytes document, @Nullable Request request, Heads before) {
    Digest id = version.id();
    Stored held = staging.graph.version(id);
    if (held != null) {
      Row row = staging.rows.get(Keyspace.version(version));
      long lsn = row == null ? 0 : row.lsn();
      arrivals.dependOn(lsn);
      if (request != null) staging.remember(request, version);
      return new Written(version, held.dots(), true, 0, before.all().size(), lsn);
    }
    List<Dot> dots = List.of(staging.nextOwn(id, store::drawIncarnation));
    arrivals.show(new Envelope(version, dots, request, document, Bytes.EMPTY));
    int after = staging.heads(version.key()).all().size();
    int superseded = 0;
    for (Head head : before.all()) if (version.parents().contains(head.id())) superseded++;
    return new Written(version, dots, false, superseded, after, 0);
  }

  private Version parent(Key key, Digest id) {
    Stored parent = staging.graph.version(id);
    if (parent == null) throw new KdeltaException.NotFound("parent version " + id);
    if (!parent.version().key().equals(key)) {
      throw new KdeltaException.Invalid("parents", "version " + id + " is of another key");
    }
    return parent.version();
  }

  /**
   * Computes the chain value at each place of a frame, null where it can not be known. Answers the
   * place after which the frame contradicts itself or the rows here; -1 when it does not.
   */
  private long follow(Frame frame, List<@Nullable Digest> chain) {
    long before = frame.firstSeq() - 1;
    Digest told = frame.before();
    Digest h = staging.chainAt(frame.incarnation(), before);
    if (h != null && told != null && !h.equals(told)) return before;
    if (h == null) h = told;
    long seq = before;
    for (Envelope envelope : frame.envelopes()) {
      seq++;
      Digest id = envelope.version().id();
      if (h != null) h = Distinction.chain(h, id);
      chain.add(h);
      if (h == null || !id.equals(staging.graph.versionAt(envelope.dots().getFirst()))) continue;
      Digest known = staging.chainAt(frame.incarnation(), seq);
      if (known != null && !known.equals(h)) return seq - 1;
    }
    if (h != null && frame.after() != null && !h.equals(frame.after())) return before;
    return -1;
  }
}
