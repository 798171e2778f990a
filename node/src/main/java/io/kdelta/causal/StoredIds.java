package io.kdelta.causal;

import io.kdelta.error.KdeltaException;
import io.kdelta.reconciliation.Digest;
import io.kdelta.reconciliation.MerkleTree;
import io.kdelta.reconciliation.Prefix;
import io.kdelta.storage.Cursor;
import io.kdelta.storage.Row;
import io.kdelta.storage.Rows;
import java.util.ArrayList;
import java.util.List;

/**
 * The ids of the visible versions, as the rows by id have them: what a tree that was restored from
 * a checkpoint reads.
 *
 * <p>Owned by the store, on the core thread.
 */
final class StoredIds implements MerkleTree.Source {
  private final Rows rows;
  private boolean doubted;

  StoredIds(Rows rows) {
    this.rows = rows;
  }

  @Override
  public List<Digest> below(Prefix place) {
    List<Digest> ids = new ArrayList<>();
    try (Cursor cursor = rows.cursor(Keyspace.byId(place.bits()), Keyspace.BY_ID.end())) {
      while (cursor.next()) {
        Row row = cursor.row();
        Digest id = Keyspace.digestOf(row.key().point());
        if (!place.holds(id)) break;
        if (row.value().at(0) == StoredRows.VISIBLE) ids.add(id);
      }
    }
    return ids;
  }

  @Override
  public RuntimeException doubt(MerkleTree.Part part) {
    doubted = true;
    return new KdeltaException.Corrupt(
        "tree " + part.place(), 0, "the rows below do not give the hash that was kept of them");
  }

  /** What is in memory and what lies in the rows were found to differ. */
  void differ() {
    doubted = true;
  }

  /** Whether the tree has to be made anew of all rows. */
  boolean doubted() {
    return doubted;
  }
}
