package io.kdelta.storage;

import io.kdelta.memory.Bytes;
import java.lang.foreign.MemorySegment;

/** A row from memory, as a writer of tables takes it: no source of others. Owner: its maker. */
final class GivenRow extends RowSource {
  /** Stands on that row from now on; the value stays where it lies. */
  void stand(RowKey at, Bytes value) {
    reserveKey(at.size());
    pointSize = at.point().size();
    keySize = at.size();
    at.point().copyTo(key, 0);
    at.suffix().copyTo(key, pointSize);
    valueSegment = MemorySegment.NULL;
    valueOffset = 0;
    valueSize = 0;
    value.feed((bytes, from, size) -> {
      valueSegment = MemorySegment.ofArray(bytes);
      valueOffset = from;
      valueSize = size;
    });
  }

  @Override
  boolean next() {
    throw new AssertionError("it stands on the row that it was given");
  }

  @Override
  boolean seek(RowKey target) {
    throw new AssertionError("it stands on the row that it was given");
  }

  @Override
  String place() {
    return "rows that are loaded";
  }
}
