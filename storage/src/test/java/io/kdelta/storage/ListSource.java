package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A source over a model: keys to values, an empty Optional is a delete. */
final class ListSource extends RowSource {
  private final NavigableMap<RowKey, Optional<Bytes>> rows;
  private Map.@Nullable Entry<RowKey, Optional<Bytes>> present;
  private boolean started;

  ListSource(NavigableMap<RowKey, Optional<Bytes>> rows) {
    this.rows = rows;
  }

  @Override
  boolean next() {
    if (!started) return stand(rows.firstEntry());
    return present != null && stand(rows.higherEntry(present.getKey()));
  }

  @Override
  boolean seek(RowKey target) {
    return stand(rows.ceilingEntry(target));
  }

  @Override
  String place() {
    return "model";
  }

  private boolean stand(Map.@Nullable Entry<RowKey, Optional<Bytes>> entry) {
    started = true;
    present = entry;
    if (entry == null) return false;
    key = Bytes.concat(entry.getKey().point(), entry.getKey().suffix()).toArray();
    pointSize = entry.getKey().point().size();
    keySize = key.length;
    byte[] value = entry.getValue().orElse(Bytes.EMPTY).toArray();
    tombstone = entry.getValue().isEmpty();
    valueSegment = MemorySegment.ofArray(value);
    valueSize = value.length;
    return true;
  }
}
