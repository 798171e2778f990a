package io.kdelta.causal;

import io.kdelta.causal.LogState.Change;
import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.RowKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What happens to versions that peers send: verified, then shown, parked or refused; and what a
 * shown one sets free.
 *
 * <p>Owner: the transaction. Invariant: a version is shown only when all its parents are, so the
 * set stays closed downwards; nothing recurses, however long a chain of parked versions is.
 */
final class Arrivals {
  /** As a batch may take: 256 KiB, and never more than half of what a segment holds. */
  private static final long DRAINED_BYTES_MAX = 256 << 10;

  /** A batch that has grown to this size shows no more of what is parked. */
  private final long drainedBytesMax;

  private final Staging staging;
  private final WaitingRoom room;
  private final Map<Digest, String> refusedBefore;
  private final ContentSchema schema;
  private final Map<Digest, String> refused = new LinkedHashMap<>();
  private final Deque<Runnable> undo = new ArrayDeque<>();
  private final List<Digest> undrained = new ArrayList<>();
  private long dependsOn;

  /** How the parents of a version stand: the first missing one, or why it can never be shown. */
  private record Parents(@Nullable Digest missing, @Nullable String flaw) {}

  /** What a frame tells of the place of a version: its chain value, whether its batch goes on. */
  record Link(@Nullable Digest chain, boolean continues) {
    static final Link UNKNOWN = new Link(null, false);
  }

  Arrivals(
      Staging staging,
      WaitingRoom room,
      Map<Digest, String> refusedBefore,
      ContentSchema schema,
      long batchBytesMax) {
    this.drainedBytesMax = Math.min(DRAINED_BYTES_MAX, batchBytesMax / 2);
    this.staging = staging;
    this.room = room;
    this.refusedBefore = refusedBefore;
    this.schema = schema;
  }

  /** Takes one version; durably: what has to wait waits as a row. */
  Reception receive(Envelope envelope, boolean durably, Link link) {
    Version version = envelope.version();
    Digest id = version.id();
    Row pointer = staging.rows.get(Keyspace.byId(id));
    if (pointer != null) return heldAlready(envelope, pointer, link);
    Digest waitsFor = room.missingParent(id);
    if (waitsFor != null && !durably) return new Reception.Parked(id, waitsFor, false);
    String known = refusal(id);
    if (known != null) return new Reception.Refused(id, known, true);
    String flaw = Verification.documentFlaw(envelope);
    // The id does not cover the document bytes: who sent them lies, of the version it says nothing.
    if (flaw != null) return new Reception.Refused(id, flaw, false);
    flaw = Verification.contentFlaw(envelope, schema);
    if (flaw != null) return refuse(id, flaw);
    Parents parents = parents(version);
    if (parents.flaw != null) return refuse(id, parents.flaw);
    leaveRoom(id);
    if (parents.missing == null) {
      show(envelope.withDots(claim(envelope, link)));
      return new Reception.Visible(id);
    }
    if (durably) {
      park(envelope.withDots(claim(envelope, link)), parents.missing, true);
    } else {
      enterRoom(envelope, parents.missing);
    }
    return new Reception.Parked(id, parents.missing, durably);
  }

  /**
   * Takes versions of whole keys as they are; false, having done nothing, when something that is
   * here bears on any of them.
   */
  boolean receive(Consignment versions) {
    if (room.count() > 0 || !staging.isClear(versions)) return false;
    for (Envelope envelope : versions.envelopes()) {
      if (refusal(envelope.version().id()) != null) return false;
    }
    staging.show(versions);
    return true;
  }

  /** Shows a version whose parents are all visible, and everything that waited for it. */
  void show(Envelope envelope) {
    staging.show(envelope);
    drain(envelope.version().id());
  }

  /**
   * Shows everything that waited for a version that is visible, as far as one batch holds it: of
   * what is left {@link #undrained} tells.
   */
  void drain(Digest visible) {
    Deque<Digest> shown = new ArrayDeque<>();
    shown.add(visible);
    while (!shown.isEmpty()) {
      Digest parent = shown.getFirst();
      Stored row = firstRow(parent);
      List<Digest> guests = room.waitingFor(parent);
      if (row == null && guests.isEmpty()) {
        shown.removeFirst();
      } else if (staging.rows.bytes() > drainedBytesMax) {
        undrained.addAll(shown);
        return;
      } else if (row != null) {
        settle(takeRow(parent, row), true, shown);
      } else {
        Envelope guest = leaveRoom(guests.getFirst());
        if (guest != null) settle(guest, false, shown);
      }
    }
  }

  /** Visible versions that others may still wait for. */
  List<Digest> undrained() {
    return undrained;
  }

  /** Nothing of this transaction is applied: who left the waiting room comes back. */
  void undo() {
    while (!undo.isEmpty()) undo.pop().run();
  }

  /** Those refused in this transaction, with their reasons. */
  Map<Digest, String> refused() {
    return refused;
  }

  /** The newest LSN of a row that an answer was taken from; 0 when all of them are in tables. */
  long dependsOn() {
    return dependsOn;
  }

  /** An answer that relies on a row relies on its LSN. */
  void dependOn(long lsn) {
    dependsOn = Math.max(dependsOn, lsn);
  }

  private Reception heldAlready(Envelope envelope, Row pointer, Link link) {
    Digest id = envelope.version().id();
    dependOn(pointer.lsn());
    boolean visible;
    RowKey key;
    Digest missing = Digest.ZERO;
    if (StoredRows.place(pointer) instanceof StoredRows.Place.Parked parked) {
      visible = false;
      missing = parked.missingParent();
      key = Keyspace.parked(missing, id);
    } else {
      visible = true;
      key = Keyspace.version(envelope.version());
    }
    Row row = staging.rows.get(key);
    if (row == null) {
      throw new KdeltaException.Corrupt("version " + id, 0, "its id is known and its row is not");
    }
    Stored stored = StoredRows.stored(row);
    // Held means held whole: a receipt may follow, so its document is looked at too.
    if (!envelope.version().deleted()) staging.graph.document(stored);
    dependOn(row.lsn());
    List<Dot> offered = envelope.dots();
    int space = Envelope.DOTS_MAX - stored.dots().size();
    if (offered.size() > space) offered = offered.subList(0, space);
    List<Dot> gained = staging.claim(id, offered, link.chain, link.continues, true);
    Change change = visible ? Change.VISIBLE : Change.PARKED;
    if (!gained.isEmpty()) staging.addDots(key, stored, gained, change);
    Request request = envelope.request();
    if (visible && request != null && !request.equals(stored.request())) {
      staging.remember(request, envelope.version());
    }
    return visible
        ? new Reception.Duplicate(id, !gained.isEmpty())
        : new Reception.Parked(id, missing, true);
  }

  /**
   * A parent of a parked version became visible: it is shown, waits for the next, or is refused.
   */
  private void settle(Envelope child, boolean durable, Deque<Digest> shown) {
    Digest id = child.version().id();
    Parents parents = parents(child.version());
    if (parents.flaw != null) {
      if (durable) forget(child);
      refuse(id, parents.flaw);
    } else if (parents.missing == null) {
      staging.show(durable ? child : child.withDots(claim(child, Link.UNKNOWN)));
      shown.add(id);
    } else if (durable) {
      park(child, parents.missing, false);
    } else {
      enterRoom(child, parents.missing);
    }
  }

  private void park(Envelope envelope, Digest missingParent, boolean fresh) {
    Digest id = envelope.version().id();
    staging.storeContent(envelope.version(), envelope.document());
    staging.rows.put(Keyspace.parked(missingParent, id), StoredRows.version(envelope));
    staging.rows.put(Keyspace.byId(id), StoredRows.parked(missingParent));
    staging.await(missingParent, 1);
    if (!fresh) return;
    for (Dot dot : envelope.dots()) staging.changeLog(dot, Change.PARKED);
  }

  private @Nullable Stored firstRow(Digest parent) {
    if (!staging.awaits(parent)) return null;
    try (Cursor cursor = staging.rows.group(Keyspace.parkedOn(parent))) {
      return cursor.next() ? StoredRows.stored(cursor.row()) : null;
    }
  }

  /** Takes a row that waits for a parent out of its group. */
  private Envelope takeRow(Digest parent, Stored row) {
    staging.rows.delete(Keyspace.parked(parent, row.version().id()));
    staging.await(parent, -1);
    return staging.graph.envelope(row);
  }

  /** Refuses a version, and with it everything parked that is built on it. */
  private Reception.Refused refuse(Digest id, String reason) {
    Deque<Digest> cut = new ArrayDeque<>();
    refused.put(id, reason);
    cut.add(id);
    while (!cut.isEmpty()) {
      Digest parent = cut.remove();
      String why = "it is built on the refused version " + parent;
      for (Stored row = firstRow(parent); row != null; row = firstRow(parent)) {
        Envelope child = takeRow(parent, row);
        forget(child);
        refused.put(child.version().id(), why);
        cut.add(child.version().id());
      }
      for (Digest childId : room.waitingFor(parent)) {
        leaveRoom(childId);
        refused.put(childId, why);
        cut.add(childId);
      }
    }
    return new Reception.Refused(id, reason, true);
  }

  /** Takes back what parking wrote beside the parked row. */
  private void forget(Envelope envelope) {
    staging.rows.delete(Keyspace.byId(envelope.version().id()));
    for (Dot dot : envelope.dots()) staging.release(dot);
  }

  /** The guest is copied: as it came it may hold on to the whole message that brought it. */
  private void enterRoom(Envelope envelope, Digest missingParent) {
    room.add(Envelope.decode(envelope.encode()), missingParent);
    undo.push(() -> room.remove(envelope.version().id()));
  }

  private @Nullable Envelope leaveRoom(Digest id) {
    Digest missingParent = room.missingParent(id);
    Envelope guest = room.remove(id);
    if (guest != null && missingParent != null) undo.push(() -> room.add(guest, missingParent));
    return guest;
  }

  private Parents parents(Version version) {
    Digest missing = null;
    Timestamp latest = Timestamp.ZERO;
    for (Digest id : version.parents()) {
      Stored parent = staging.graph.version(id);
      if (parent == null) {
        if (refusal(id) != null) {
          return new Parents(null, "it is built on the refused version " + id);
        }
        if (missing == null) missing = id;
        continue;
      }
      String flaw = Verification.parentFlaw(version, parent.version());
      if (flaw != null) return new Parents(null, flaw);
      latest = Timestamp.later(latest, parent.version().time());
    }
    return new Parents(missing, missing == null ? Verification.timeFlaw(version, latest) : null);
  }

  private @Nullable String refusal(Digest id) {
    String reason = refused.get(id);
    return reason != null ? reason : refusedBefore.get(id);
  }

  private List<Dot> claim(Envelope envelope, Link link) {
    return staging.claim(
        envelope.version().id(), envelope.dots(), link.chain, link.continues, false);
  }
}
