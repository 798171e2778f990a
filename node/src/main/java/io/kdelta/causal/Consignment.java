package io.kdelta.causal;

import io.kdelta.memory.Bytes;
import io.kdelta.reconciliation.Digest;
import io.kdelta.storage.WriteBatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * All versions of some keys, verified and laid out as rows, for a store that holds nothing of these
 * keys: that is all it has to look at ({@link Transaction#receive(Consignment)}), so the work for
 * each version is done off the core thread.
 *
 * <p>Made by any thread, immutable from then on. Invariant: what it holds is what receiving its
 * envelopes one by one would give in such a store, but for the chain values of positions, which
 * follow later, and for what the store alone knows: apply positions, requests, the clock.
 */
public final class Consignment {
  /** About what the rows of a version take beside its envelope: by id, a place, their keys. */
  private static final int ROWS_BYTES = 256;

  private final List<Envelope> envelopes;
  private final WriteBatch rows;
  private final List<Places> places;
  private final SortedMap<String, CausalStats> counts;
  private final List<Key> keys;

  /** Places in a log, one after the other. */
  record Places(Incarnation incarnation, long first, long last) {}

  private Consignment(List<Envelope> envelopes, Packing packing, List<Places> places) {
    this.envelopes = List.copyOf(envelopes);
    this.rows = packing.rows;
    this.places = List.copyOf(places);
    this.counts = Collections.unmodifiableSortedMap(packing.counts);
    this.keys = List.copyOf(packing.keys);
  }

  /**
   * Verifies them and lays them out; null when that can not be done for all: then they have to be
   * received one by one, which says what is wrong with which.
   *
   * @param envelopes key by key in order, all versions of each, the oldest first; not empty
   * @param schema a pure function
   */
  public static @Nullable Consignment pack(List<Envelope> envelopes, ContentSchema schema) {
    Packing packing = new Packing(envelopes);
    int from = 0;
    for (int i = 1; i <= envelopes.size(); i++) {
      Key key = envelopes.get(from).version().key();
      if (i < envelopes.size() && envelopes.get(i).version().key().equals(key)) continue;
      if (!packing.addKey(key, envelopes.subList(from, i), schema)) return null;
      from = i;
    }
    List<Places> places = packing.places();
    return places == null ? null : new Consignment(envelopes, packing, places);
  }

  /** In the order in which they become visible: parents first. */
  public List<Envelope> envelopes() {
    return envelopes;
  }

  /** Where they lie in logs: none twice. */
  List<Places> places() {
    return places;
  }

  SortedMap<String, CausalStats> counts() {
    return counts;
  }

  /** The rows; nobody changes them any more. */
  WriteBatch rows() {
    return rows;
  }

  /** Each once, in order. */
  List<Key> keys() {
    return keys;
  }

  /** What is gathered of one. */
  private static final class Packing {
    final WriteBatch rows;
    final TreeMap<String, CausalStats> counts = new TreeMap<>();
    final List<Key> keys = new ArrayList<>();
    private final List<Dot> dots = new ArrayList<>();
    private final SortedSet<Digest> contents = new TreeSet<>();

    Packing(List<Envelope> envelopes) {
      long bytes = 0;
      for (Envelope envelope : envelopes) bytes += envelope.size() + ROWS_BYTES;
      rows = new WriteBatch((int) Math.min(bytes, WriteBatch.VALUE_BYTES_MAX));
    }

    /** Whether all versions of the key are what they must be. */
    boolean addKey(Key key, List<Envelope> oldestFirst, ContentSchema schema) {
      // Who looks whether a stretch of keys is vacant looks at the first and the last.
      if (!keys.isEmpty() && keys.getLast().group().compareTo(key.group()) >= 0) return false;
      keys.add(key);
      WholeKey whole = WholeKey.of(key, oldestFirst, schema);
      if (whole == null) return false;
      for (Envelope envelope : oldestFirst) lay(envelope);
      if (whole.heads().conflicting()) {
        rows.put(Keyspace.openHeads(key.group()), StoredRows.heads(whole.heads().all()));
        rows.put(Keyspace.conflict(key), Bytes.EMPTY);
      }
      counts.merge(key.namespace(), whole.counted(), CausalStats::plus);
      return true;
    }

    /** The places of all, joined; null if one is taken twice. */
    @Nullable List<Places> places() {
      dots.sort(null);
      List<Places> joined = new ArrayList<>();
      Dot start = null;
      Dot end = null;
      for (Dot dot : dots) {
        if (end != null && end.incarnation().equals(dot.incarnation())) {
          if (dot.seq() == end.seq()) return null;
          if (dot.seq() == end.seq() + 1) {
            end = dot;
            continue;
          }
        }
        if (start != null && end != null) {
          joined.add(new Places(start.incarnation(), start.seq(), end.seq()));
        }
        start = dot;
        end = dot;
      }
      if (start != null && end != null) {
        joined.add(new Places(start.incarnation(), start.seq(), end.seq()));
      }
      return joined;
    }

    private void lay(Envelope envelope) {
      Version version = envelope.version();
      Digest id = version.id();
      Bytes document = envelope.document();
      if (!StoredRows.inline(document) && contents.add(version.content())) {
        rows.put(Keyspace.content(version.content()), document);
      }
      rows.put(Keyspace.version(version), StoredRows.version(envelope));
      rows.put(Keyspace.byId(id), StoredRows.visible(version));
      for (Dot dot : envelope.dots()) {
        dots.add(dot);
        Bytes placed = StoredRows.position(new StoredRows.Placed(id, null, false));
        rows.put(Keyspace.position(dot), placed);
      }
    }
  }
}
