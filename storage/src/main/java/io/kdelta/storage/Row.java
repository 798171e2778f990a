package io.kdelta.storage;

import io.kdelta.memory.Bytes;

/**
 * One live row, copied out of the store: valid for ever, whatever happens to the memory or file it
 * came from. Immutable; any thread.
 *
 * @param key where it lies
 * @param value what was put, up to {@link WriteBatch#VALUE_BYTES_MAX} bytes
 * @param lsn the LSN of the batch that wrote it while it is in a memtable; 0 when it comes from a
 *     table, because a table only ever holds what is durable
 */
public record Row(RowKey key, Bytes value, long lsn) {}
