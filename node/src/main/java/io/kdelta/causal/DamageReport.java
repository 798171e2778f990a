package io.kdelta.causal;

import io.kdelta.storage.Damage;
import io.kdelta.storage.Row;
import io.kdelta.storage.StorageEngine;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What repairs have found damaged below, for as long as the store lives: the engine forgets it once
 * it is dealt with, and the process that found it may have ended before it told anybody. Stateless;
 * of the owner of the store.
 */
public final class DamageReport {
  /** Sentences that are kept; those of the oldest files go first. */
  private static final int SENTENCES_MAX = 100;

  private DamageReport() {}

  /** One sentence for each part of a file, older files first. */
  public static List<String> of(StorageEngine engine) {
    return List.copyOf(sentences(engine));
  }

  /** The same with what is found damaged now. */
  static SortedSet<String> with(StorageEngine engine, List<Damage> found) {
    SortedSet<String> all = sentences(engine);
    for (Damage damage : found) {
      String part = damage.file() + ": " + damage.bytes() + " bytes at " + damage.offset();
      // Found again by a start after one that went no further, with less to say of it.
      if (damage.known() && all.stream().anyMatch(old -> old.startsWith(part))) continue;
      all.add(damage.toString());
    }
    while (all.size() > SENTENCES_MAX) all.removeFirst();
    return all;
  }

  private static SortedSet<String> sentences(StorageEngine engine) {
    Row row = engine.get(SystemRows.REPORT);
    return row == null ? new TreeSet<>() : SystemRows.names(row);
  }
}
